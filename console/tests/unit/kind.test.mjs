// What a word is, guessed from its shape.
import assert from "node:assert/strict";
import { test } from "node:test";
import { source } from "./load.mjs";

const { guess, lines_of } = await source("lib/kind.ts");

test("each kind is known by its shape", () => {
  const wanted = { address: ["192.0.2.41", "2001:db8::1", "::", "::ffff:192.0.2.1", "2001:db8:0:0:0:0:0:1"], prefix: ["192.0.2.0/24", "2001:db8::/32"], as: ["AS64496", "as64511", "ASN64500"],
    name: ["example.org", "c2.example.net.", "bücher.example"], url: ["http://example.org/x", "hxxp://example.org"], mail: ["a@example.org"], hash: ["d41d8cd98f00b204e9800998ecf8427e", "a".repeat(64)], family: ["mirai", "andromeda", "m0yv"] };
  for (const [kind, words] of Object.entries(wanted)) for (const word of words) assert.equal(guess(word), kind, word);
});
test("what looks like an address but is none is no address", () => {
  for (const word of ["999.1.1.1", "192.0.2", "1.2.3.4.5", "2001:db8:::1", "1:2:3:4:5:6:7:8:9", "192.0.2.0/33", "01.2.3.4"]) assert.ok(!["address", "prefix"].includes(guess(word)), word);
});
test("a paste is cut to 500 lines without blanks", () => {
  assert.deepEqual(lines_of("192.0.2.1\r\n\n  192.0.2.2  \n"), ["192.0.2.1", "192.0.2.2"]);
  assert.equal(lines_of(Array(600).fill("x").join("\n")).length, 500);
});
