// Numbers and times are written as LOOK section 4 asks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { source } from "./load.mjs";

const f = await source("lib/format.ts");
const thin = "\u202f", nbsp = "\u00a0", minus = "\u2212";
const now = "2026-09-01T09:42:17Z";

test("an axis is written in one unit, which its top label names", () => {
  assert.deepEqual(f.axis_labels([0, 1000, 2000, 3000]), ["0", "1\u202f000", "2\u202f000", "3\u202f000"]);
  assert.deepEqual(f.axis_labels([0, 4000, 8000, 12000]), ["0", "4", "8", "12\u00a0k"]);
  assert.deepEqual(f.axis_labels([0, 500_000, 1_000_000, 1_500_000]), ["0", "0.5", "1", "1.5\u00a0M"]);
});

test("all digits stand in groups of three with a narrow no-break space", () => {
  assert.equal(f.count(8012447), `8${thin}012${thin}447`);
  assert.equal(f.count(1942), `1${thin}942`);
  assert.equal(f.count(-41), `${minus}41`);
  assert.equal(f.count(0), "0");
});
test("prose has at most three significant digits", () => {
  assert.equal(f.short(8012447), `8.0${nbsp}M`);
  assert.equal(f.short(230214), `230${nbsp}k`);
  assert.equal(f.short(41220), `41${thin}220`);
  assert.equal(f.short(999600), `1.0${nbsp}M`);
  assert.equal(f.short(123_400_000), `123${nbsp}M`);
});
test("a change has its sign, a rise of tenfold is a ratio", () => {
  assert.equal(f.change(14), `+14${nbsp}%`);
  assert.equal(f.change(-2.1, 1), `${minus}2.1${nbsp}%`);
  assert.equal(f.change(0), `0${nbsp}%`);
  assert.equal(f.change(-0.2), `0${nbsp}%`);
  assert.equal(f.change(1100), "×12");
});
test("points and percent use the true minus", () => {
  assert.equal(f.points(12.6), "+12.6");
  assert.equal(f.points(-1.44), `${minus}1.4`);
  assert.equal(f.percent(64.8), `64.8${nbsp}%`);
});
test("sizes are decimal", () => {
  assert.equal(f.bytes(999), `999${nbsp}B`);
  assert.equal(f.bytes(412e9), `412${nbsp}GB`);
  assert.equal(f.bytes(1_250_000), `1.3${nbsp}MB`);
});
test("time is UTC and written in words", () => {
  assert.equal(f.stamp(now, true, now), "Tue 1 Sep, 09:42:17");
  assert.equal(f.day("2025-12-31T23:59:59Z", now), "31 Dec 2025");
  assert.equal(f.day("nonsense", now), "");
  assert.equal(f.moment("2026-09-01T09:36:00Z", now, "today"), "today 09:36");
  assert.equal(f.moment("2026-08-03T12:00:00Z", now, "today"), "3 Aug 12:00");
});
test("within the day age is told, before that the day", () => {
  assert.equal(f.ago("2026-09-01T09:42:00Z", now, "just now"), "just now");
  assert.equal(f.ago("2026-09-01T09:36:00Z", now, "just now"), `6${nbsp}min`);
  assert.equal(f.ago("2026-08-30T09:36:00Z", now, "just now"), "30 Aug");
  assert.equal(f.duration(3 * 86400), `3${nbsp}days`);
});
