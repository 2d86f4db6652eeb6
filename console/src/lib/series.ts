// series: counts over time of one cut, what the past makes expect, and the same weeks a year before. Source: /api/v1/openapi.json
import type { Params } from "./api.ts";
import { day, time, weekday_day } from "./format.ts";
import type { Note } from "./types.ts";

export const whats = ["type", "family", "port"] as const, wheres = ["all", "country", "asn", "sector", "constituent"] as const, steps = ["15m", "1h", "1d", "1w"] as const;
export type Step = (typeof steps)[number];
export interface Range { low: number; high: number }
export interface SeriesKey { type: string; family?: string; port?: string; country?: string; asn?: number; sector?: string; constituent?: string }
export interface SeriesTick { start: string; events: number; subjects?: number; partial?: boolean; total?: Range; expected?: number; interval?: Range }
export interface SeriesRow { key: SeriesKey; events: number; feeds: string[]; watermark?: string; ticks: SeriesTick[] }
export interface SeriesList { what: string; where: string; resolution: Step; since: string; until: string; groups: number; rows: SeriesRow[]; notes?: Note[]; as_of?: string; took_ms?: number }
export interface Span { since: string; until: string }

const day_ms = 86_400_000;
export const step_ms: Record<Step, number> = { "15m": 900_000, "1h": 3_600_000, "1d": day_ms, "1w": 7 * day_ms };
// Days that a chart may show, by resolution: enough to see a rhythm, few enough to read.
export const spans: Record<Step, number[]> = { "15m": [1, 2, 7], "1h": [2, 7, 35], "1d": [35, 92, 365], "1w": [182, 364, 1092] };
export const step_of = (text: string | null): Step => steps.find((step) => step === text) ?? "1d";
export const days_of = (step: Step, text: string | null): number => spans[step].find((days) => String(days) === text) ?? spans[step][1]!;

// Up to the end of the tick that holds `now`, in whole ticks. Weeks begin on Mondays; 1970 began on a Thursday.
export function span_of(step: Step, days: number, now: number): Span {
  const length = step_ms[step], shift = step === "1w" ? 4 * day_ms : 0;
  const until = Math.floor((now - shift) / length) * length + length + shift;
  return { since: new Date(until - days * day_ms).toISOString(), until: new Date(until).toISOString() };
}
// The same weekdays a year before: 52 weeks.
const year_ms = 364 * day_ms;
export const year_before = ({ since, until }: Span): Span => ({ since: new Date(Date.parse(since) - year_ms).toISOString(), until: new Date(Date.parse(until) - year_ms).toISOString() });

// What the API takes to give this row alone.
export function asked_for(key: SeriesKey): Params {
  const { port, family, ...rest } = key;
  return { ...rest, family, port, what: family ? "family" : port ? "port" : "type" };
}
export const id_of = (key: SeriesKey): string => JSON.stringify(key);
// The findings behind a series; "" where their search cannot tell them apart: by the port of a service, or by constituent.
export function findings_of({ type, family, port, country, asn, sector, constituent }: SeriesKey): string {
  if (port || constituent) return "";
  const word = (value: string): string => (/^[\w.-]+$/.test(value) ? value : `"${value.replaceAll('"', "")}"`);
  const tokens = [`type:${type}`, family && `family:${word(family)}`, country && `country:${country}`, asn && `asn:${asn}`, sector && `sector:${word(sector)}`];
  return `/findings?q=${encodeURIComponent(tokens.filter(Boolean).join(" "))}`;
}

export type Measure = "events" | "subjects";
export interface SeriesPoint { x: number; value?: number; before?: number; part?: boolean; total?: Range; expected?: number; band?: Range }
// The points of a chart. What is expected is of events, so subjects have no band. `before` has the ticks of a year before, in the same order.
export function points_of(ticks: SeriesTick[], before: SeriesTick[], measure: Measure): SeriesPoint[] {
  const begun = before.findIndex((tick) => tick.events > 0); // the line begins where something was counted
  const had = new Map((begun < 0 ? [] : before.slice(begun)).map((tick) => [Date.parse(tick.start) + year_ms, tick]));
  return ticks.map((tick, i) => {
    const value = tick[measure] ?? (measure === "subjects" && tick.events === 0 ? 0 : undefined), old = had.get(Date.parse(tick.start));
    const point: SeriesPoint = { x: ticks.length > 1 ? i / (ticks.length - 1) : 0 };
    if (value !== undefined) point.value = value;
    const was = old && (old[measure] ?? (old.events === 0 ? 0 : undefined));
    if (was !== undefined) point.before = was;
    if (tick.partial) point.part = true;
    if (measure === "events") {
      if (tick.total) point.total = tick.total;
      if (tick.expected !== undefined) point.expected = tick.expected;
      if (tick.interval) point.band = tick.interval;
    }
    return point;
  });
}

// At most `most` labels, each at the first tick of its hour, day, month or year.
export function time_labels(ticks: { start: string }[], step: Step, most = 8): { x: number; text: string }[] {
  if (ticks.length === 0) return [];
  const starts = ticks.map((tick) => Date.parse(tick.start)), length = starts.at(-1)! - starts[0]! + step_ms[step], last = starts.at(-1)!;
  const [unit, text]: [number, (at: number) => string] = step === "1w" || length > 100 * day_ms ? [0, (at) => day(at, last)]
    : length > 2 * day_ms ? [day_ms, (at) => (length > 10 * day_ms ? day(at, last) : weekday_day(at))] : [3_600_000, (at) => (at % day_ms === 0 ? weekday_day(at) : time(at))];
  const begins = starts.map((at, i) => ({ at, i })).filter(({ at, i }) => (unit > 0 ? at % unit === 0 : i === 0 ? new Date(at).getUTCDate() < 8 : new Date(at).getUTCMonth() !== new Date(starts[i - 1]!).getUTCMonth()));
  const every = Math.ceil(begins.length / most) || 1;
  return begins.filter((_, n) => n % every === 0).map(({ at, i }) => ({ x: starts.length > 1 ? i / (starts.length - 1) : 0, text: text(at) }));
}
