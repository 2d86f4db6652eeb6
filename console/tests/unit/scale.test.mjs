// Axes are round; shades are fixed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { source } from "./load.mjs";

const { line_path, ticks } = await source("lib/scale.ts");
const { place, rings, shade } = await source("lib/map.ts");

test("axis values are round, cover the data and are at most six", () => {
  for (const [low, high] of [[183_000, 256_000], [0, 7], [12, 13], [999, 1001], [1, 80_000_000], [0.2, 0.9]]) {
    const values = ticks(low, high, false);
    assert.ok(values.length <= 6 && values.length >= 2, `${low}-${high}: ${values}`);
    assert.ok(values[0] <= low && values.at(-1) >= high, `${low}-${high}: ${values}`);
  }
  assert.equal(ticks(183_000, 256_000, true)[0], 0);
  assert.deepEqual(ticks(0, 0, false), [0, 1]);
});
test("a gap in the values is a gap in the line", () => {
  assert.equal(line_path([0, Number.NaN, 1], 0, 1), "M0 1000M1000 0");
});
test("no report is not the lowest shade", () => {
  assert.equal(shade(undefined), 0);
  assert.equal(shade(0), 1);
  assert.equal(shade(9.9), 1);
  assert.equal(shade(10), 2);
  assert.equal(shade(5000), 7);
});
test("rings grow by area, and names do not hide each other", () => {
  const at = new Map([["US", [150, 80]], ["NL", [349, 49]], ["DE", [357, 52]]]);
  const drawn = rings([{ country: "US", controllers: 400 }, { country: "NL", controllers: 100 }, { country: "DE", controllers: 90 }], at);
  assert.ok(Math.abs(drawn[0].r / drawn[1].r - 2) < 0.01);
  const labels = place(drawn.map((ring) => ({ ring, name: ring.code, value: "1" })), drawn, [], 720);
  for (const a of labels) for (const b of labels) assert.ok(a === b || a.x !== b.x || a.y !== b.y);
});
