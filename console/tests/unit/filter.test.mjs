// The filter's tokens: read, written back equal, judged against a finding.
import assert from "node:assert/strict";
import { test } from "node:test";
import { source } from "./load.mjs";

const { fault, holds, parse, query_of, with_field } = await source("lib/filter.ts");
const finding = { id: "f_1", state: "open", severity: "high", subject: "192.0.2.41", type: "infected-system", family: "andromeda", asn: 64496, country: "BR", port: 502, last: "2026-08-20T00:00:00Z", times: 214, feeds: ["sinkhole-a"] };

test("a query is read and written back equal", () => {
  for (const query of ["country:BR state:open,reopened severity>=medium", "-family:mirai 192.0.2.0/24", "2001:db8::1 port:502", "http://example.org/a?b:c"]) {
    assert.equal(query_of(parse(query)), query);
  }
});
test("an IPv6 address and a URL are bare words, not fields", () => {
  assert.equal(parse("2001:db8::1")[0].field, "");
  assert.equal(parse("https://example.org/")[0].field, "");
});
test("blanks make no token, a lone minus neither", () => {
  assert.deepEqual(parse("  "), []);
  assert.deepEqual(parse(" - "), []);
  assert.equal(query_of(parse("  country:BR   -  port:502 ")), "country:BR port:502");
});
test("a wrong field is told before it is asked", () => {
  assert.equal(fault("contry:BR"), "unknown-field");
  assert.equal(fault("country:"), "no-value");
  assert.equal(fault("country:BR"), "");
  assert.equal(fault("2001:db8::1"), "");
});
test("setting a field replaces it and keeps the rest", () => {
  assert.equal(with_field("country:BR last>=2026-08-01", "last", ["2026-08-20"], ">="), "country:BR last>=2026-08-20");
  assert.equal(with_field("country:BR last>=2026-08-01", "last", []), "country:BR");
});
test("a finding that arrives is judged by every token", () => {
  const yes = (query) => assert.equal(holds(parse(query), finding), true, query);
  const no = (query) => assert.equal(holds(parse(query), finding), false, query);
  yes("country:BR state:open,reopened severity>=medium family:andromeda");
  yes("asn:AS64496"); yes("times>=100 port<=502"); yes("-family:mirai"); yes("feed:sinkhole-a"); yes("last>=2026-08-01"); yes("192.0.2.41");
  no("country:NL"); no("severity>=critical"); no("-country:BR"); no("state:closed"); no("last>=2026-08-21");
});
