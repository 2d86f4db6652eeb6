// Series as a chart shows them: whole ticks, the same weekdays a year before, partial ticks that stay partial.
import assert from "node:assert/strict";
import { test } from "node:test";
import { source } from "./load.mjs";

const { asked_for, days_of, findings_of, points_of, span_of, spans, step_ms, step_of, steps, time_labels, year_before } = await source("lib/series.ts");
const ticks = (since, until, step) => Array.from({ length: (Date.parse(until) - Date.parse(since)) / step_ms[step] }, (_, i) => ({ start: new Date(Date.parse(since) + i * step_ms[step]).toISOString(), events: i }));
const now = Date.parse("2026-09-01T09:42:17Z");

test("a span has whole ticks, the present one too, and weeks begin on Mondays", () => {
  assert.deepEqual(span_of("1h", 2, now), { since: "2026-08-30T10:00:00.000Z", until: "2026-09-01T10:00:00.000Z" });
  assert.deepEqual(span_of("1d", 35, now), { since: "2026-07-29T00:00:00.000Z", until: "2026-09-02T00:00:00.000Z" });
  assert.deepEqual(span_of("1w", 364, now), { since: "2025-09-08T00:00:00.000Z", until: "2026-09-07T00:00:00.000Z" });
});
test("the year before has the same weekdays", () => {
  const span = span_of("1d", 35, now), before = year_before(span);
  for (const end of ["since", "until"]) assert.equal(new Date(span[end]).getUTCDay(), new Date(before[end]).getUTCDay());
  assert.equal(before.until, "2025-09-03T00:00:00.000Z");
});
test("no chart that can be chosen has more ticks than the API gives, or than a line can show", () => {
  for (const step of steps) for (const days of spans[step]) assert.ok((days * 86_400_000) / step_ms[step] <= 1000, `${step}, ${days} days`);
  assert.equal(step_of("2y"), "1d");
  assert.equal(days_of("1h", "9999"), 7);
});
test("a tick meets the one of the same weekday a year before; where nothing was, there is no line", () => {
  const now_ticks = [{ start: "2026-09-01T00:00:00Z", events: 7, expected: 5, interval: { low: 1, high: 9 } }, { start: "2026-09-02T00:00:00Z", events: 2, partial: true, total: { low: 2, high: 6 } }];
  const old = [{ start: "2025-09-02T00:00:00Z", events: 3 }, { start: "2025-09-03T00:00:00Z", events: 0 }];
  assert.deepEqual(points_of(now_ticks, old, "events"), [{ x: 0, value: 7, before: 3, expected: 5, band: { low: 1, high: 9 } }, { x: 1, value: 2, before: 0, part: true, total: { low: 2, high: 6 } }]);
  assert.ok(points_of(now_ticks, [{ start: "2025-09-02T00:00:00Z", events: 0 }], "events").every((point) => point.before === undefined));
  assert.deepEqual(points_of(now_ticks, [{ start: "2025-09-02T00:00:00Z", events: 0 }, { start: "2025-09-03T00:00:00Z", events: 4 }], "events").map((point) => point.before), [undefined, 4]);
});
test("subjects have no band, and what was not counted is a gap", () => {
  const points = points_of([{ start: "2026-09-01T00:00:00Z", events: 7, subjects: 4, expected: 5, interval: { low: 1, high: 9 } }, { start: "2026-09-02T00:00:00Z", events: 3 }, { start: "2026-09-03T00:00:00Z", events: 0 }], [], "subjects");
  assert.deepEqual(points, [{ x: 0, value: 4 }, { x: 0.5 }, { x: 1, value: 0 }]);
});
test("time labels stand at the beginning of what they name, and are few", () => {
  for (const step of steps) {
    for (const days of spans[step]) {
      const span = span_of(step, days, now), labels = time_labels(ticks(span.since, span.until, step), step);
      assert.ok(labels.length >= 2 && labels.length <= 8, `${step}, ${days} days: ${labels.length}`);
      assert.ok(labels.every((label, i) => i === 0 || label.x > labels[i - 1].x));
    }
  }
  assert.deepEqual(time_labels(ticks("2026-08-31T00:00:00Z", "2026-09-02T00:00:00Z", "1h"), "1h", 4).map((label) => label.text), ["Mon 31", "12:00", "Tue 1", "12:00"]);
});
test("a row is asked for, and its findings are found, by what it is of", () => {
  assert.deepEqual(asked_for({ type: "scanner", port: "22/tcp", country: "BR" }), { type: "scanner", country: "BR", family: undefined, port: "22/tcp", what: "port" });
  assert.equal(decodeURIComponent(findings_of({ type: "infected-system", family: "mirai", asn: 64499 })), "/findings?q=type:infected-system family:mirai asn:64499");
  assert.equal(findings_of({ type: "scanner", port: "22/tcp" }), "", "the search has no port of a service");
});
