// warnings: what is rising, with its evidence, and how it went on. Source: /api/v1/openapi.json
import { step_ms } from "./series.ts";
import type { Range, SeriesKey, SeriesTick, Span, Step } from "./series.ts";
import type { Note } from "./types.ts";

export type Life = "opened" | "updated" | "peaked" | "closed";
export interface Warning {
  id: string; keys: string[]; state: Life; severity: "low" | "medium" | "high" | "critical"; score: number; feed?: string; resolution: Step;
  opened: string; updated?: string; peaked?: string; closed?: string; seen?: string; p: number; false_a_week: number; events: number; expected_events: number;
  ratio: number; highest_ratio: number; observed?: number; expected?: number; interval?: Range; contributors?: string[]; doubtful?: boolean; notices?: Note[]; merged_into?: string; text: string;
}
export interface WarningList { items: Warning[]; as_of?: string; took_ms?: number }

export const is_open = (one: Warning): boolean => one.state !== "closed";
// Still rising: a person should look. What has peaked closes by itself.
export const calls_us = (one: Warning): boolean => one.state === "opened" || one.state === "updated";
export const dot_of = (state: Life): string => ({ opened: "again", updated: "again", peaked: "quiet-s", closed: "closed" })[state];

export interface NamedSeries { key: SeriesKey; feed: string }
// "infected-system mirai country=BR feed=n6" as a series; undefined where it is none.
export function series_named(text: string): NamedSeries | undefined {
  const [, before, feed] = /^(.+?)(?: feed=(.+))?$/s.exec(text) ?? [], [, what, place, at] = /^(.+?)(?: (country|asn|sector|constituent)=(.+))?$/s.exec(before ?? "") ?? [];
  if (!what) return undefined;
  const [type, ...rest] = what.split(" "), detail = rest.join(" "), key: SeriesKey = { type: type! };
  if (/^\d+\/[a-z]+$/.test(detail)) key.port = detail;
  else if (detail) key.family = detail;
  if (place === "asn") key.asn = Number(at);
  else if (place && at) key[place as "country" | "sector" | "constituent"] = at;
  return { key, feed: feed ?? "" };
}

// What of a contributor is more narrow than the warning's own series: that is what it is listed by.
export const kinds = ["asn", "country", "family", "port", "sector", "constituent"] as const;
export type Kind = (typeof kinds)[number];
export function kind_of(key: SeriesKey, of: SeriesKey): Kind | undefined {
  return kinds.find((kind) => key[kind] !== undefined && key[kind] !== of[kind]);
}

// From some time before it opened up to its end, in whole ticks; so many ticks at most.
export function span_around(one: Warning, ticks: number, now: number): Span {
  const length = step_ms[one.resolution], end = one.closed === undefined ? now : Math.min(now, Date.parse(one.closed) + 6 * length);
  const until = Math.floor(end / length) * length + length;
  return { since: new Date(until - ticks * length).toISOString(), until: new Date(until).toISOString() };
}
// Events above what was expected since it opened, of complete ticks for which anything was expected; undefined where none is.
export function excess_of(ticks: SeriesTick[], opened: string): number | undefined {
  const told = ticks.filter((tick) => !tick.partial && tick.expected !== undefined && Date.parse(tick.start) >= Date.parse(opened));
  return told.length > 0 ? told.reduce((sum, tick) => sum + tick.events - tick.expected!, 0) : undefined;
}

export interface Moment { what: Life | "now"; at: string; x: number }
// What happened to it and when, in order, between 0 and 1; where it is still open, now is the end.
export function moments_of(one: Warning, now: number): Moment[] {
  const all: { what: Moment["what"]; at: string }[] = [{ what: "opened", at: one.opened }];
  // A new height is told only where it is another time than the opening.
  if (one.updated && one.updated !== one.opened) all.push({ what: "updated", at: one.updated });
  if (one.peaked) all.push({ what: "peaked", at: one.peaked });
  all.push(one.closed ? { what: "closed", at: one.closed } : { what: "now", at: new Date(now).toISOString() });
  all.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const first = Date.parse(all[0]!.at), length = Math.max(1, Date.parse(all.at(-1)!.at) - first);
  return all.map((moment) => ({ ...moment, x: (Date.parse(moment.at) - first) / length }));
}

// How long until chance alone gives a warning this high, in seconds; undefined where it was told as never.
const week_s = 604_800;
export const chance_every_s = (one: Warning): number | undefined => (one.false_a_week > 0 ? week_s / one.false_a_week : undefined);
