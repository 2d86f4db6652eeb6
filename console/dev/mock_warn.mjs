// mock_warn: series of the mock: counts with a rhythm of days and weeks, one that rises, and a feed that is late.
import { seeded } from "./mock_world.mjs";

const step_ms = { "15m": 900_000, "1h": 3_600_000, "1d": 86_400_000, "1w": 604_800_000 }, monday = 4 * 86_400_000, begun = Date.parse("2025-07-01T00:00:00Z"), late_ms = 5_400_000, learn = 21;
const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
// What is counted an hour, and how much of it at which place.
const kinds = [["infected-system", "mirai", undefined, 1400], ["scanner", undefined, "2323/tcp", 900], ["infected-system", "android.badbox2", undefined, 800], ["scanner", undefined, "22/tcp", 620], ["vulnerable-system", undefined, "3389/tcp", 240], ["phishing", undefined, undefined, 30]];
const places = { all: [[{}, 1]], country: [[{ country: "BR" }, 0.6], [{ country: "PT" }, 0.2], [{ country: "AR" }, 0.1]], asn: [[{ asn: 64499 }, 0.3], [{ asn: 64496 }, 0.2], [{ asn: 64501 }, 0.1]], sector: [[{ sector: "health" }, 0.02], [{ sector: "finance" }, 0.01]], constituent: [[{ constituent: "c_1" }, 0.01]] };
const feeds = ["honeynet-ssh", "sinkhole-a"];

function expected_an_hour(base, at) {
  const hour = (at / 3_600_000) % 24, day = new Date(at).getUTCDay();
  return base * (1 + 0.35 * Math.cos(((hour - 15) / 12) * Math.PI)) * (day === 0 || day === 6 ? 0.8 : 1);
}
const rise = (name, at, now) => (name === "mirai" && at > now - 31 * 3_600_000 ? 1 + 2.2 * Math.min(1, (at - now + 31 * 3_600_000) / (20 * 3_600_000)) : 1);

function tick_of(kind, share, start, step, now) {
  const [type, family, port, base] = kind, hours = Math.max(1, step_ms[step] / 3_600_000), parts = step === "15m" ? 0.25 : 1;
  const random = seeded(Math.floor(start / 900_000) * 7 + base + Math.round(share * 1000));
  let mean = 0, counted = 0, seen = 0;
  for (let hour = 0; hour < hours; hour += 1) {
    const at = start + hour * 3_600_000, usual = expected_an_hour(base * share * parts, at), here = at >= begun && at <= now;
    mean += usual;
    if (here) counted += usual * rise(family, at, now);
    seen += here && at + 3_600_000 * parts <= now - late_ms ? 1 : 0;
  }
  const wide = 1.96 * Math.sqrt(mean * 1.6 + (mean * 0.06) ** 2), partial = start + step_ms[step] > now - late_ms, noise = 1 + (random() - 0.5) * 0.24 / Math.sqrt(hours);
  const whole = Math.max(0, Math.round(counted * noise)), events = partial ? Math.round(whole * Math.max(0.12, Math.min(0.9, seen / hours))) : whole;
  return { start: iso(start), events, ...(step !== "15m" && counted > 0 && { subjects: Math.round(events * 0.7) }), ...(partial && { partial: true, total: { low: events, high: Math.round(whole * 1.12) } }),
    ...(type && port !== "3389/tcp" && start > begun + learn * 86_400_000 && { expected: mean, interval: { low: Math.max(0, Math.round(mean - wide)), high: Math.round(mean + wide) } }) };
}

export function series_of(query, now) {
  const what = query("what") || (query("family") ? "family" : query("port") ? "port" : "type"), named = ["country", "asn", "sector", "constituent"].find((name) => query(name)), where = query("where") || named || "all";
  const step = query("resolution") || "1h", shift = step === "1w" ? monday : 0, length = step_ms[step], until = Date.parse(query("until") || iso(now)), since = Date.parse(query("since") || iso(until - 7 * 86_400_000));
  const starts = [];
  for (let at = Math.floor((since - shift) / length) * length + shift; at < until; at += length) starts.push(at);
  const rows = kinds.filter(([type, family, port]) => (what === "type" ? true : what === "family" ? family : port) && (!query("type") || type === query("type")) && (!query("family") || family === query("family")) && (!query("port") || port === query("port"))).flatMap((kind) => places[where].filter(([place]) => !named || String(Object.values(place)[0]).toLowerCase() === query(named).toLowerCase()).map(([place, share]) => {
    const ticks = starts.map((start) => tick_of(kind, share, start, step, now)), [type, family, port] = kind;
    if (query("expected") !== "yes") for (const tick of ticks) { delete tick.expected; delete tick.interval; }
    return { key: { type, ...(what === "family" && { family }), ...(what === "port" && { port }), ...place }, events: ticks.reduce((sum, tick) => sum + tick.events, 0), feeds, watermark: iso(now - late_ms), ticks };
  })).filter((row) => row.events > 0 && (!query("feed") || row.feeds.includes(query("feed")))).sort((a, b) => b.events - a.events);
  const seen = new Set(), one_each = rows.filter((row) => !seen.has(JSON.stringify(row.key)) && seen.add(JSON.stringify(row.key)));
  return { what, where, resolution: step, since: iso(since), until: iso(until), groups: one_each.length, rows: one_each.slice(0, Number(query("top") || 20)), notes: [] };
}

const hour = 3_600_000, quarter = 900_000;
const at = (ms, step) => iso(Math.floor(ms / step) * step);
function warnings_at(now) {
  const day = 24 * hour, quarters = (hours) => at(now - hours * hour, quarter), days = (n) => at(now - n * day, day);
  return [
    { id: "w_00000000000000a1", keys: ["infected-system mirai feed=sinkhole-a", "infected-system feed=sinkhole-a"], state: "updated", severity: "high", score: 81.4, feed: "sinkhole-a", resolution: "15m", opened: quarters(22.5), updated: quarters(7), seen: quarters(2), p: 3e-11, false_a_week: 0.0006, events: 61218, expected_events: 22904, ratio: 3.04, highest_ratio: 3.2,
      observed: 1080, expected: 355.4, interval: { low: 281, high: 437 }, contributors: ["infected-system mirai asn=64499 feed=sinkhole-a", "infected-system mirai country=BR feed=sinkhole-a", "infected-system mirai asn=64496 feed=sinkhole-a", "infected-system mirai country=PT feed=sinkhole-a", "infected-system mirai asn=64501 feed=sinkhole-a", "infected-system mirai sector=health feed=sinkhole-a", "infected-system mirai constituent=c_1 feed=sinkhole-a"],
      doubtful: true, notices: [{ kind: "doubled", feed: "sinkhole-a", text: "tells 1.8 times as many events of the same subjects as it did: is it subscribed twice?", since: quarters(30) }], text: "infected-system mirai feed=sinkhole-a: more than is usual" },
    { id: "w_00000000000000a2", keys: ["scanner 2323/tcp country=BR feed=honeynet-ssh"], state: "peaked", severity: "medium", score: 47, feed: "honeynet-ssh", resolution: "1d", opened: days(4), updated: days(3), peaked: days(2), seen: days(1), p: 0.000002, false_a_week: 0.09, events: 71022, expected_events: 50210, ratio: 1.38, highest_ratio: 1.52,
      observed: 17809, expected: 12960.2, interval: { low: 11410, high: 14510 }, contributors: [], notices: [], text: "scanner 2323/tcp country=BR feed=honeynet-ssh: more than is usual" },
    { id: "w_00000000000000a3", keys: ["phishing feed=honeynet-ssh"], state: "closed", severity: "low", score: 18, feed: "honeynet-ssh", resolution: "1d", opened: days(12), peaked: days(10), closed: days(6), seen: days(8), p: 0.00001, false_a_week: 0.4, events: 4021, expected_events: 2011, ratio: 1.96, highest_ratio: 2.2, contributors: [], notices: [], text: "phishing feed=honeynet-ssh: was more than is usual" },
  ];
}

// Whether this room answered.
export function answer_warn({ state, url, json, fail }, path, method) {
  const now = state.now(), query = (name) => url.searchParams.get(name) ?? "", asked = { as_of: iso(now), took_ms: 4 };
  if (method !== "GET") return false;
  if (path === "/series") return json({ ...series_of(query, now), ...asked }), true;
  if (path === "/warnings") return json({ items: warnings_at(now).filter((one) => query("state") === "all" || one.state !== "closed"), ...asked }), true;
  if (path === "/constituents") return json({ items: [{ id: "c_1", name: "Hospital São Exemplo", sector: "health", country: "BR", sure: 90 }], total: 1, ...asked }), true;
  const id = /^\/warnings\/([^/]+)$/.exec(path)?.[1];
  if (!id) return false;
  const one = warnings_at(now).find((each) => each.id === id);
  return one ? json(one) : fail(404, "Not found", `no warning '${id}'`), true;
}
