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

const year_s = 31_556_952, words_of_ratio = ["", "", "Twice", "Three times", "Four times", "Five times", "Six times", "Seven times", "Eight times", "Nine times", "Ten times"];
function times_words(ratio: number): string {
  const whole = Math.round(ratio);
  if (ratio < 1.5) return "";
  if (Math.abs(ratio - whole) <= 0.06 * ratio && whole >= 2 && whole <= 10 && Math.abs(ratio - whole) < 0.15) return words_of_ratio[whole]!;
  return `${ratio < 10 ? ratio.toFixed(1) : count(ratio)} times`;
}
const multiple = (ratio: number): string => `${ratio < 10 ? ratio.toFixed(1) : count(ratio)}×`;

export const warnings = {
  title: "Warnings", views: { open: "Open", all: "Also closed" } as Record<string, string>, views_label: "Which warnings", list: "Warnings", rising: "rising", of: (at: number, all: number) => `${count(at)} of ${count(all)}`,
  none: "Nothing is rising", none_how: "The node learns what is usual of each series, and tells here what rises far above it. A feed is judged after two weeks of its events.", none_all: "Nothing is rising, and nothing was a short while ago",
  title_of: (ratio: number, series: string) => (times_words(ratio) ? `${times_words(ratio)} as many events as expected: ${series}` : `More events than expected: ${series}`),
  states: { opened: "opened", updated: "still growing", peaked: "peaked, not over", closed: "over" } as Record<string, string>, severity: (word: string) => `${word} severity`,
  since: (at: string) => `since ${at}`, feed: (feed: string) => `as ${feed} tells`, score: (score: number) => `${count(score)} of 100`,
  said: (events: number, expected: number, since: string) => `Since ${since}, ${plural(events, "event", "events")} came where ${count(expected)} ${Math.round(expected) === 1 ? "was" : "were"} expected.`,
  said_closed: (events: number, expected: number, since: string, until: string) => `From ${since} to ${until}, ${plural(events, "event", "events")} came where ${count(expected)} ${Math.round(expected) === 1 ? "was" : "were"} expected.`,
  chance: (every_s: number | undefined) => (every_s === undefined || every_s >= 1000 * year_s ? "Chance alone gives a warning this strong less than once in a thousand years." : `Chance alone gives a warning this strong once in ${every_s >= 2 * year_s ? `${count(every_s / year_s)} years` : duration(every_s)}.`),
  doubt: "Read with care", doubtful: "Counts of its feed were in doubt while it rose.", merged: (n: number) => `${plural(n, "more series rises", "more series rise")} with it:`, merged_into: "It became part of", another: "another warning", fine: "Nothing is known that would put the counts in doubt.",
  chart: { mini: (series: string) => `${series}: counts, with what was expected`, none: "No figures of it are kept any more.", opened: (at: string) => `Opened ${at}`, peaked: (at: string) => `Peaked ${at}`, spans: { 96: "24 h", 192: "2 days", 672: "7 days", 35: "5 weeks", 91: "13 weeks", 364: "1 year" } as Record<number, string> },
  life: { title: "Its life", sub: "one warning for one development; it closes by itself once the counts are usual again", began: "Opened", now: "Now", what: { opened: "Opened", updated: "New height", peaked: "Peaked", closed: "Closed", now: "Now" } as Record<string, string> },
  adds: { title: "Where it comes from", sub: "events above expected since it opened; the largest excess of its last tick first", none: "No place and no family has an excess of its own.", kinds: { asn: "Networks", country: "Countries", family: "Families", port: "Ports", sector: "Sectors", constituent: "Constituents concerned" } as Record<string, string>, excess: (n: number) => (n >= 0 ? `+${short(Math.round(n))}` : short(Math.round(n))), unknown: "not known" },
  sure: { title: "How sure", observed: "Observed", observed_in: (step: string) => (step === "15m" ? "in its last quarter of an hour" : "on its last day"), expected: "Expected", interval: (low: number, high: number) => `${count(low)} to ${count(high)}, 95 %`, ratio: "Ratio", highest: (ratio: string) => `at its highest ${ratio}`, multiple, p: "By chance", p_value: (p: string) => `p = ${p}`, p_sub: "a tick this high", score: "Score", seen: "Last seen", feed: "Feed", since: "Since" },
  go: { title: "Look closer", series: "The series, with its past", findings: "The findings behind it", feed: (feed: string) => `The feed ${feed}`, constituent: (name: string) => `The constituent ${name}` },
};
