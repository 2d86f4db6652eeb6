// Warnings: which series they are of, how they went on, and what is above the expected.
import assert from "node:assert/strict";
import { test } from "node:test";
import { source } from "./load.mjs";

const { calls_us, chance_every_s, excess_of, kind_of, moments_of, series_named, span_around } = await source("lib/warnings.ts");
const { m } = await source("messages.ts");
const now = Date.parse("2026-09-01T09:42:17Z");
const one = { id: "w_1", keys: ["infected-system feed=n6"], state: "updated", severity: "high", score: 80, resolution: "1d", opened: "2026-08-29T00:00:00Z", updated: "2026-08-31T00:00:00Z", p: 1e-9, false_a_week: 0.001, events: 900, expected_events: 300, ratio: 3, highest_ratio: 3.4, text: "" };

test("a key in words is a series again", () => {
  assert.deepEqual(series_named("infected-system mirai country=BR feed=n6"), { key: { type: "infected-system", family: "mirai", country: "BR" }, feed: "n6" });
  assert.deepEqual(series_named("scanner 22/tcp asn=64499 feed=honeynet ssh"), { key: { type: "scanner", port: "22/tcp", asn: 64499 }, feed: "honeynet ssh" });
  assert.deepEqual(series_named("infected-system agent tesla sector=public health feed=x"), { key: { type: "infected-system", family: "agent tesla", sector: "public health" }, feed: "x" });
  assert.deepEqual(series_named("phishing"), { key: { type: "phishing" }, feed: "" });
  assert.equal(series_named(""), undefined);
});
test("a contributor is listed by what is narrower in it", () => {
  const of = { type: "infected-system", country: "BR" };
  assert.equal(kind_of({ type: "infected-system", country: "BR", family: "mirai" }, of), "family");
  assert.equal(kind_of({ type: "infected-system", asn: 64499 }, { type: "infected-system" }), "asn");
  assert.equal(kind_of(of, of), undefined);
});
test("what happened stands in order, and an open warning ends now", () => {
  assert.deepEqual(moments_of(one, now).map(({ what }) => what), ["opened", "updated", "now"]);
  const closed = moments_of({ ...one, updated: one.opened, peaked: "2026-08-30T00:00:00Z", closed: "2026-09-02T00:00:00Z" }, now);
  assert.deepEqual(closed.map(({ what, x }) => [what, x]), [["opened", 0], ["peaked", 0.25], ["closed", 1]]);
});
test("a warning calls while it rises, and no longer", () => {
  assert.deepEqual(["opened", "updated", "peaked", "closed"].map((state) => calls_us({ ...one, state })), [true, true, false, false]);
});
test("excess counts complete ticks since it opened for which something was expected", () => {
  const ticks = [{ start: "2026-08-28T00:00:00Z", events: 500, expected: 100 }, { start: "2026-08-29T00:00:00Z", events: 300, expected: 100 }, { start: "2026-08-30T00:00:00Z", events: 9 }, { start: "2026-08-31T00:00:00Z", events: 50, expected: 100, partial: true }];
  assert.equal(excess_of(ticks, one.opened), 200);
  assert.equal(excess_of(ticks.slice(2), one.opened), undefined);
});
test("the chart of a closed warning shows its own time, that of an open one comes up to now", () => {
  assert.deepEqual(span_around(one, 35, now), { since: "2026-07-29T00:00:00.000Z", until: "2026-09-02T00:00:00.000Z" });
  assert.equal(span_around({ ...one, closed: "2026-06-01T00:00:00Z" }, 35, now).until, "2026-06-08T00:00:00.000Z");
});
test("a ratio and a chance are said in words that people use", () => {
  const t = m.warnings;
  assert.equal(t.title_of(3.04, "infected system mirai, Brazil"), "Three times as many events as expected: infected system mirai, Brazil");
  assert.equal(t.title_of(1.96, "x"), "Twice as many events as expected: x");
  assert.equal(t.title_of(2.44, "x"), "2.4 times as many events as expected: x");
  assert.equal(t.title_of(1.2, "x"), "More events than expected: x");
  assert.equal(t.title_of(41.3, "x"), "41 times as many events as expected: x");
  assert.equal(t.chance(chance_every_s(one)), "Chance alone gives a warning this strong once in 19 years.");
  assert.equal(t.chance(chance_every_s({ ...one, false_a_week: 0.5 })), "Chance alone gives a warning this strong once in 14\u00a0days.");
  assert.equal(t.chance(chance_every_s({ ...one, false_a_week: 1e-12 })), "Chance alone gives a warning this strong less than once in a thousand years.");
});
