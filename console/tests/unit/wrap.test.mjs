// Names in pictures: in lines that fit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { source } from "./load.mjs";

const { wrapped } = await source("lib/wrap.ts");

test("a name is parted at blanks, and a long word within", () => {
  assert.deepEqual(wrapped("CERT Kilo", 15, 4), ["CERT Kilo"]);
  assert.deepEqual(wrapped("National Computer Emergency Response Team", 15, 4), ["National", "Computer", "Emergency", "Response Team"]);
  assert.deepEqual(wrapped("Bundesbehördenzentrale", 10, 4), ["Bundesbehö", "rdenzentra", "le"]);
  assert.deepEqual(wrapped("", 15, 4), []);
});

test("what does not fit ends in an ellipsis, and no line is longer than asked", () => {
  assert.deepEqual(wrapped("one two three four", 5, 2), ["one", "two…"]);
  for (const text of ["National Computer Emergency Response Team of the Republic", "😀".repeat(40), "a b c d e f g h i j k l m n o p"]) {
    for (const lines_max of [1, 2, 4]) {
      const lines = wrapped(text, 12, lines_max);
      assert.ok(lines.length <= lines_max && lines.every((line) => [...line].length <= 12), JSON.stringify(lines));
    }
  }
});
