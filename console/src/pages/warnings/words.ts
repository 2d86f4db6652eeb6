// words: a warning as a sentence.
import { stamp } from "../../lib/format.ts";
import { series_named } from "../../lib/warnings.ts";
import type { Warning } from "../../lib/warnings.ts";
import { m } from "../../messages.ts";
import { series_words } from "../series/words.ts";

export function named_words(text: string, names: Map<string, string>): string {
  const named = series_named(text);
  return named ? series_words(named.key, names) : text;
}
export const title_of = (one: Warning, names: Map<string, string>): string => m.warnings.title_of(one.ratio, named_words(one.keys[0] ?? "", names));
// What came since it opened, against what was expected.
export function said_of(one: Warning, now: number): string {
  const since = stamp(one.opened, false, now);
  return one.closed ? m.warnings.said_closed(one.events, one.expected_events, since, stamp(one.closed, false, now)) : m.warnings.said(one.events, one.expected_events, since);
}
