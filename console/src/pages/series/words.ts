// words: what a series counts, as people say it: "scan on 22/tcp, Brazil".
import type { SeriesKey } from "../../lib/series.ts";
import { world } from "../../lib/world.svelte.ts";
import { m, type_name } from "../../messages.ts";

export function what_words({ type, family, port }: SeriesKey): string {
  return [type_name(type), family ?? port].filter(Boolean).join(" ");
}
// "" for everywhere. `names`: constituents by id, as far as they are known.
export function place_words({ country, asn, sector, constituent }: SeriesKey, names: Map<string, string>): string {
  if (country) return world.name(country);
  if (asn) return m.series.as(asn);
  return sector ?? (constituent ? names.get(constituent) ?? constituent : "");
}
export function series_words(key: SeriesKey, names: Map<string, string>): string {
  const place = place_words(key, names);
  return what_words(key) + (place && m.series.in(place));
}
