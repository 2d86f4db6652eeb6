// messages_warn: the sentences of the pages Warnings and Series.
import { count, duration, short } from "./lib/format.ts";

const plural = (n: number, one: string, other: string): string => `${count(n)} ${n === 1 ? one : other}`;

export const series = {
  title: "Series", filter: "Which series", list: "Series", none: "Nothing was counted like that", none_how: "Events are counted as they come in, by type, family and port, everywhere and at each place. Take a longer time, or leave something out.",
  what: "What", whats: { type: "By type", family: "By family", port: "By port" } as Record<string, string>, where: "Where", wheres: { all: "Everywhere", country: "By country", asn: "By AS", sector: "By sector", constituent: "By constituent" } as Record<string, string>,
  any_type: "any type", type: "Type", feed: "Feed", feed_how: "any feed", one: { family: "Family", port: "Port of the service", country: "Country", asn: "AS number", sector: "Sector", constituent: "Constituent" } as Record<string, string>,
  one_how: { family: "any family", port: "any port, as 445/tcp", country: "any, as BR", asn: "any AS number", sector: "any sector", constituent: "any, as c_12" } as Record<string, string>,
  resolution: "A tick is", resolutions: { "15m": "15 min", "1h": "1 h", "1d": "1 day", "1w": "1 week" } as Record<string, string>, span: "So far back", days: (n: number) => (n < 2 ? "24 h" : n >= 364 ? (n >= 728 ? `${Math.round(n / 364)} years` : "1 year") : n % 7 === 0 && n > 7 ? `${n / 7} weeks` : `${n} days`),
  measure: "Counted", measures: { events: "Events", subjects: "Subjects" } as Record<string, string>, no_subjects: "Subjects are counted from an hour up.",
  shown: (n: number, all: number) => (all > n ? `the first ${count(n)} of ${count(all)}, the most events first` : `${plural(n, "series", "series")}, the most events first`), columns: { series: "Series", events: "Events" },
  everywhere: "everywhere", as: (asn: number) => `AS${asn}`, constituent: (name: string) => name, in: (place: string) => `, ${place}`,
  sub: (what: string, step: string, band: boolean, partial: boolean) => `${what} ${({ "15m": "in 15 min", "1h": "an hour", "1d": "a day", "1w": "a week" } as Record<string, string>)[step] ?? ""}, UTC${band ? "; band: expected, 95 %" : ""}${partial ? "; hollow: not all there yet" : ""}`,
  measured: { events: "events", subjects: "distinct subjects" } as Record<string, string>, observed: "observed", expected: "expected", before: "year before",
  alt: (series: string, what: string, last: number, expected: number | undefined, partial: number) => `${series}: ${what} over time. Last complete: ${count(last)}${expected === undefined ? "" : `, expected ${short(Math.round(expected))}`}${partial > 0 ? `; ${plural(partial, "tick is", "ticks are")} not complete yet` : ""}.`,
  alt_none: (series: string) => `${series}: no tick is complete yet.`,
  read: { value: (n: number, partial: boolean) => (partial ? `${count(n)} so far` : count(n)), total: (low: number, high: number) => `will be ${count(low)} to ${count(high)}`, expected: (n: string, low: number, high: number) => `expected ${n}, ${count(low)} to ${count(high)}`, before: (n: number) => `year before ${count(n)}`, no_value: "not counted" },
  table: { start: "From", value: "Count", total: "Will be", expected: "Expected", interval: "95 %", before: "Year before" }, to: (low: number, high: number) => `${count(low)} to ${count(high)}`,
  facts: { feeds: "Feeds", complete: "Complete to", no_watermark: "no feed has told how late it is", findings: "Findings of it", last: "Last complete" }, no_band: "Too little past to expect anything: a band needs weeks of counts.", no_before: "Nothing was counted in the same weeks a year before.", no_band_subjects: "What is expected is known for events only.",
  complete: (at: string, late: number) => `${at} UTC${late > 0 ? `, ${duration(late)} behind` : ""}`,
};
