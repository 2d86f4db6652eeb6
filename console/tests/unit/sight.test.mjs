// What a partner would get of an event, beside what it is here.
import assert from "node:assert/strict";
import { test } from "node:test";
import { source } from "./load.mjs";

const { changed, compared, facts_of } = await source("lib/sight.ts");
const here = { id: "e_1", classification: { type: "scanner" }, source: { ip: "192.0.2.7", port: 0 }, time: { source: "2026-09-01T00:00:00Z" }, tlp: "green", feed: null };

test("fields are told apart: dropped, changed, added, the same; what differs stands first", () => {
  const fields = compared(here, { classification: { type: "scanner" }, source: { ip: "192.0.2.0/24" }, tlp: "green", time: { source: "2026-09-01T00:00:00Z" }, extra: { via: ["a"] } });
  assert.deepEqual(fields.filter(changed), [{ name: "extra.via", there: '["a"]' }, { name: "source.ip", here: "192.0.2.7", there: "192.0.2.0/24" }, { name: "source.port", here: "0" }]);
  assert.deepEqual(fields.slice(3).map((field) => field.name), ["classification.type", "time.source", "tlp"]);
});

test("nothing told is all dropped, and an event of odd shape says what it can", () => {
  assert.ok(compared(here, undefined).every(changed));
  assert.deepEqual(facts_of(here), { id: "e_1", subject: "192.0.2.7", type: "scanner", at: "2026-09-01T00:00:00Z", tlp: "green" });
  assert.deepEqual(facts_of("text"), { id: "", subject: "", type: "", at: "", tlp: "" });
});
