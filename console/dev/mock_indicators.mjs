// mock_indicators: indicators of the mock, in memory.
import { createHash } from "node:crypto";

const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z"), sha = (text) => createHash("sha256").update(text).digest("hex"), day = 86_400_000, start = Date.parse("2026-09-01T09:42:17Z"), user = "local";
const kilo = "cert-kilo.example.org", pattern = "[domain-name:value = 'gate.example.org' AND network-traffic:dst_port = 8443] FOLLOWEDBY [file:hashes.'SHA-256' = '" + sha("dropper") + "'] WITHIN 600 SECONDS";
const claim = (source, type, more) => ({ source, type, told: iso(start - 3 * day), ...more });
const sighting = (id, source, count, last, more) => ({ id, source, count, first: iso(last - 2 * day), last: iso(last), told: iso(last), ...more });
let made = 0;
function indicator(kind, value, claims, more) {
  made += 1;
  return { id: `i_${made}`, kind, value, added: iso(start - made * 7_400_000), claims, seen: [], looked_up: true, ...more };
}
const all = [
  indicator("domain", "gate.example.org", [
    claim("feed:urlhaus", "malware-distribution", { family: "qakbot", techniques: ["T1071.001", "T1105"], confidence: 80, severity: "high", tlp: "clear", pap: "clear", valid_from: iso(start - 9 * day), valid_until: iso(start + 21 * day), object: "https://urlhaus.example/url/2918331/" }),
    claim(`member:${kilo}`, "c2-server", { family: "qakbot", techniques: ["T1071.001"], confidence: 60, severity: "critical", tlp: "amber", valid_from: iso(start - 4 * day), text: "the panel of the campaign that we wrote of on Friday; two more names on the same host", object: "indicator--0f3a0f5e-77d5-4d4b-8a53-0d7d0c9b3c01", told: iso(start - 5 * 3_600_000) }),
    claim("person:ana", "c2-server", { confidence: 90, tlp: "amber" }),
  ], { seen: [sighting(1, "node", 412, start - 3_600_000, { types: ["infected-system", "c2-server"] }), sighting(2, "person:ana", 1, start - 9 * 3_600_000, { text: "in the proxy log of the ministry" }), sighting(3, "person:bea", 1, start - 20 * 3_600_000, { text: "the name is parked now", false_positive: true })] }),
  indicator("pattern", pattern, [claim(`member:${kilo}`, "malware", { family: "socgholish", tlp: "green", object: "indicator--8d5e6f0a-1111-4e56-9d0b-5a2b1f7d9e02" })], {}),
  indicator("ip", "198.51.100.23", [claim("feed:spamhaus-drop", "blacklist", { tlp: "clear" }), claim("feed:abuse-list", "c2-server", { confidence: 50, tlp: "green" })], { seen: [sighting(4, "node", 3, start - 9 * day, { types: ["scanner"] })] }),
  indicator("domain", "resolver.example.net", [claim("feed:abuse-list", "blacklist", { tlp: "green" })], { known_good: "public-dns-v4, tranco-top-1m" }),
  indicator("sha256", sha("dropper"), [claim("person:ana", "malware", { family: "m0yv", tlp: "amber" })], { looked_up: false }),
  indicator("url", "http://secure-login-portal.example.net/customers/of/the/bank/sign-in?next=/accounts", [claim("feed:phish-list", "phishing", { tlp: "clear", valid_until: iso(start - day) })], {}),
  indicator("ip", "2001:db8:7::5", [claim("feed:abuse-list", "scanner", { tlp: "green", valid_from: iso(start + 2 * day) })], {}),
  ...Array.from({ length: 230 }, (_, i) => indicator(i % 3 ? "ip" : "domain", i % 3 ? `203.0.113.${i}` : `h${i}.example.com`, [claim("feed:abuse-list", i % 2 ? "blacklist" : "scanner", { tlp: "clear" })], {})),
];
const holds = (one, now) => !one.revoked && (!one.valid_from || Date.parse(one.valid_from) <= now) && (!one.valid_until || Date.parse(one.valid_until) > now) && !(one.ended >= one.told);
const unique = (list) => [...new Set(list.filter(Boolean))];
function shown(one, now) {
  const { claims, seen, ...rest } = one, held = claims.filter((each) => holds({ ...each, ended: one.expired ?? "" }, now)), ends = claims.map((each) => each.valid_until).filter(Boolean).sort();
  const state = held.length > 0 ? "active" : claims.every((each) => each.valid_from && Date.parse(each.valid_from) > now) ? "upcoming" : "expired", sureness = claims.flatMap((each) => each.confidence ?? []);
  return { ...rest, state, types: unique(claims.map((each) => each.type)), families: unique(claims.map((each) => each.family)), sources: unique(claims.map((each) => each.source)), corroboration: held.length, tlp: claims.some((each) => each.tlp === "amber") ? "amber" : "clear", ...(sureness.length > 0 && { confidence: Math.max(...sureness) }),
    ...(claims[0].valid_from && { valid_from: claims[0].valid_from }), ...(ends.length === claims.length && { valid_until: ends.at(-1) }), sightings: seen.filter((each) => !each.false_positive).length, false_positives: seen.filter((each) => each.false_positive).length };
}
const kind_of = (value) => (/^[\d.]{7,}$|:.*:/.test(value) ? "ip" : /^https?:\/\//.test(value) ? "url" : /^[0-9a-f]{64}$/.test(value) ? "sha256" : /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(value) ? "domain" : undefined);
const plain = (text) => text.trim().toLowerCase().replace(/^hxxp/, "http").replaceAll("[.]", ".");

// Whether this room answered.
export function answer_indicators({ state, url, body, raw, json, fail }, path, method) {
  const now = state.now(), asked = { as_of: iso(now), took_ms: 1 }, [, room, id, act] = path.split("/").map(decodeURIComponent), query = (name) => url.searchParams.get(name) ?? "";
  if (room !== "indicators") return false;
  const due = all.filter((one) => !one.looked_up).length, whole = (one) => ({ ...shown(one, now), claims: one.claims, seen: one.seen, ...asked });
  if (!id && method === "POST") {
    const lines = raw.toString().split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#")), rejects = [];
    let added = 0, unchanged = 0;
    for (const [i, line] of lines.entries()) {
      const value = plain(line), kind = kind_of(value);
      if (!kind) { rejects.push({ line: i + 1, reason: `not a value: '${line}'` }); continue; }
      if (all.some((one) => one.value === value)) { unchanged += 1; continue; }
      all.unshift(indicator(kind, value, [claim(query("source") ? `feed:${query("source")}` : `person:${user}`, query("type") || "blacklist", { ...(query("tlp") && { tlp: query("tlp") }), told: iso(now) })], { added: iso(now), looked_up: false }));
      added += 1;
    }
    return json({ format: "list", read: lines.length, observables: added + unchanged, patterns: 0, added, claims: added, unchanged, known_good: 0, erased: 0, beyond_limit: 0, skipped: 0, rejected: rejects.length, rejects, unknown_columns: [], due: due + added, ...asked }), true;
  }
  if (!id) {
    const q = plain(query("q")), fits = all.map((one) => ({ one, as: shown(one, now) })).filter(({ one, as }) => (!q || (query("exact") === "yes" ? one.value === q : one.value.toLowerCase().startsWith(q))) && (!query("kind") || one.kind === query("kind")) && (!query("type") || as.types.includes(query("type"))) && (!query("state") || as.state === query("state")) && (!query("source") || as.sources.includes(query("source"))));
    const from = Number(query("cursor") || 0), limit = Number(query("limit") || 50);
    return json({ items: fits.slice(from, from + limit).map(({ as }) => as), ...(fits.length > from + limit && { next: String(from + limit) }), due, ...asked }), true;
  }
  const one = all.find((each) => each.id === id);
  if (!one) return fail(404, "Not Found", `no indicator '${id}'`), true;
  if (act === "expire") Object.assign(one, { expired: iso(now), expired_by: user, expired_why: body.why });
  if (act === "sightings") one.seen.push({ id: now, source: `person:${user}`, count: body.count ?? 1, first: body.last ?? iso(now), last: body.last ?? iso(now), told: iso(now), ...(body.text && { text: body.text }) });
  if (act === "false-positives") one.seen.push({ id: now, source: `person:${user}`, count: 1, first: iso(now), last: iso(now), told: iso(now), text: body.text, false_positive: true });
  return json(whole(one)), true;
}
