// mock_world: a made-up world for the mock server, the same at every start; documentation addresses only.
export const start = Date.parse("2026-09-01T09:42:17Z");

export function seeded(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const networks = [
  [64496, "Example Telecom"], [64499, "Example Mobile"], [64501, "Norte Cable"], [64505, "Campus Net"],
  [64498, "Example Hosting"], [64507, "Litoral Fibre"], [64510, "Serra Wireless"],
];
export const controllers = [
  ["198.51.100.23", "NL", 1102310, undefined], ["203.0.113.80", "US", 874023, 2], ["c2.example.net", "SG", 540118, 14],
  ["203.0.113.9", "US", 402966, -6], ["2001:db8:7::5", "DE", 211874, 1], ["198.51.100.77", "FR", 160220, -3],
  ["gate.example.org", "BG", 90355, undefined],
];
export const families = [
  ["andromeda", 1904220, 3], ["mirai", 1420871, 212], ["m0yv", 988104, -8], ["gamarue", 611930, 1],
  ["qakbot", 402118, -41], ["socgholish", 318440, 19], ["necurs", 204771, -2],
];
const kinds = [
  { type: "infected-system", class: "malicious-code", weight: 62, families: families.map((f) => f[0]), severity: ["high", "high", "medium", "critical"] },
  { type: "vulnerable-system", class: "vulnerable", weight: 20, services: [["memcached", 11211, "udp"], ["rdp", 3389, "tcp"], ["ldap", 389, "udp"]], severity: ["medium", "low", "medium", "high"] },
  { type: "ics-exposed", class: "vulnerable", weight: 4, services: [["modbus", 502, "tcp"], ["bacnet", 47808, "udp"], ["s7", 102, "tcp"]], severity: ["critical", "critical", "high"] },
  { type: "system-compromise", class: "intrusions", weight: 8, names: "portal news shop www".split(" "), identifier: "script added", severity: ["high", "high", "medium"] },
  { type: "phishing", class: "fraud", weight: 6, names: "mail login secure".split(" "), identifier: "login page", severity: ["medium", "high"] },
];
const v4 = ["192.0.2.", "198.51.100.", "203.0.113."];
const pick = (random, list) => list[Math.floor(random() * list.length)];

function subject_of(random, kind, i) {
  if (kind.names) return `${pick(random, kind.names)}${i % 997}.example.${pick(random, ["org", "net", "com"])}`;
  if (i < 700) return pick(random, v4) + (1 + Math.floor(random() * 254));
  return `2001:db8:${(i >> 4).toString(16)}::${(1 + Math.floor(random() * 65000)).toString(16)}`;
}

export function make_findings(total) {
  const random = seeded(7), weights = kinds.flatMap((k) => Array(k.weight).fill(k)), items = [];
  for (let i = 0; i < total; i += 1) {
    const kind = pick(random, weights), network = networks[Math.floor(random() ** 2 * networks.length)];
    const last = start - Math.floor(i < 60 ? i * 97_000 : 5_800_000 + (i * 640_000) * (0.8 + 0.4 * random()));
    const first = last - Math.floor(random() ** 2 * 120 * 86_400_000);
    const item = {
      id: "f_" + (100000 + i).toString(36), severity: pick(random, kind.severity), subject: subject_of(random, kind, i),
      subject_kind: kind.names ? "name" : "ip", type: kind.type, class: kind.class, asn: network[0], as_name: network[1], country: "BR",
      first: new Date(first).toISOString(), last: new Date(last).toISOString(), times: 1 + Math.floor(random() ** 3 * 260),
      feeds: ["sinkhole-a", "sinkhole-b", "shadowserver-drone"].slice(0, 1 + Math.floor(random() * 3)), tlp: pick(random, ["amber", "amber", "green", "clear"]),
    };
    const age = start - last;
    item.state = age > 20 * 86_400_000 ? "closed" : age > 3 * 86_400_000 ? (random() < 0.7 ? "quiet" : "open") : random() < 0.02 ? "reopened" : random() < 0.1 ? "quiet" : "open";
    if (kind.families) {
      item.family = pick(random, kind.families);
      if (random() < 0.65) {
        const controller = pick(random, controllers);
        Object.assign(item, { controller: controller[0], controller_country: controller[1], controller_reason: "feed" });
      }
    }
    if (kind.services) { const [identifier, port, protocol] = pick(random, kind.services); Object.assign(item, { identifier, port, protocol }); }
    if (kind.identifier) Object.assign(item, { identifier: kind.identifier, port: pick(random, [80, 443]), protocol: "tcp" });
    if (random() < 0.001) { delete item.as_name; delete item.asn; }
    items.push(item);
  }
  Object.assign(items[3], { subject: "192.0.2.41", subject_kind: "ip", family: "andromeda", type: "infected-system", class: "malicious-code", severity: "critical",
    state: "reopened", times: 214, controller: "198.51.100.23", controller_country: "NL", controller_reason: "feed", port: undefined, identifier: undefined, asn: 64496,
    as_name: "Example Telecom", first: "2026-06-11T08:13:00Z", feeds: ["sinkhole-a", "sinkhole-b", "cert-kilo"], tlp: "amber" });
  return items.sort((a, b) => (a.last < b.last ? 1 : -1));
}

const rates = { BR: 620, PE: 812, US: 210, CA: 230, MX: 120, AR: 260, CL: 240, CO: 95, RU: 22, CN: 130, IN: 44, AU: 26, ZA: 190, EG: 340, LY: 520, DZ: 150, NG: 88,
  DE: 60, FR: 75, GB: 33, ES: 110, IT: 130, PL: 90, UA: 180, TR: 260, IR: 150, SA: 9, JP: 40, KR: 66, ID: 420, TH: 520, VN: 640, PH: 300, KZ: 53, GL: 50, SD: 140, TD: 350,
  ET: 70, KE: 130, TZ: 181, CD: 155, AO: 120, NA: 85, BW: 410, ZM: 210, MZ: 140, MG: 160, TN: 830, MA: 105, NE: 660, ML: 330, SE: 28, NO: 31, FI: 18, NL: 45, BE: 52, CH: 37,
  VE: 110, EC: 140, BO: 60, PY: 75, UY: 55, PK: 95, AF: 33, MM: 510, LA: 450, KH: 700, MY: 220, PG: 15, NZ: 35, MN: 105, UZ: 87, TM: 66, IQ: 240, SY: 130, YE: 16, OM: 420,
  SN: 900, CI: 310, GH: 210, CM: 240, SS: 540, SO: 45, GR: 85, RO: 120, BG: 150, RS: 95, HU: 70, CZ: 50, AT: 42, PT: 88, IE: 30, DK: 25, SG: 58, FJ: 41, CU: 92, GT: 110, HN: 125 };
const rings = { US: 2140000, NL: 1310000, DE: 640000, SG: 890000, FR: 420000, BG: 310000, ZA: 180000, JP: 260000, CA: 150000, UA: 120000, IN: 210000, TR: 140000, AU: 90000, AR: 110000 };
export const map = [...new Set([...Object.keys(rates), ...Object.keys(rings)])].map((country) => ({
  country, ...(rates[country] ? { affected: country === "BR" ? 8012447 : rates[country] * 1300, affected_per_100k: rates[country] } : {}),
  ...(rings[country] ? { controllers: rings[country] } : {}) }));

const wave = (random, from, sway, noise, n) => Array.from({ length: n }, (_, i) => Math.round(from * (1 + sway * Math.sin(i / n * Math.PI * 1.35) + noise * (random() - 0.5))));
export function weekly() {
  const random = seeded(11), before = wave(random, 183000, 0.19, 0.05, 52), monday = Date.parse("2026-01-05T00:00:00Z");
  const bump = (i) => Math.max(0, Math.round(before[i] * (1 + Math.min(i, 20) * 0.0115)));
  return before.map((b, i) => ({ start: new Date(monday + i * 7 * 86_400_000).toISOString().slice(0, 10), ...(i < 35 ? { distinct: bump(i) + Math.round(9000 * random()) } : {}),
    before: i > 38 ? Math.round(b * (1 + (i - 38) * 0.018)) : b }));
}
// Days up to today, which is not over.
export function daily(today, days, compared) {
  const random = seeded(12), from = today - (days - 1) * 86_400_000;
  return wave(random, 41000, 0.12, 0.05, days).map((n, i) => {
    const so_far = i === days - 1;
    return { start: new Date(from + i * 86_400_000).toISOString().slice(0, 10), distinct: so_far ? Math.round(n * 0.38) : n, ...(so_far ? { so_far } : compared ? { before: Math.round(n * 0.93) } : {}) };
  });
}
export const classes = [["infected", "Infected", 5900000, 14], ["open-service", "Open service", 1600000, -3], ["web-modified", "Web modified", 20118, 6],
  ["phishing", "Phishing", 41220, 9], ["plant-exposed", "Plant exposed", 1942, -12], ["controller-here", "Controller here", 388, -22]].map(([id, title, value, change], k) => {
  const random = seeded(30 + k), before = wave(random, 100, 0.35, 0.25, 52);
  return { id, title, value, change_percent: change, before, series: before.slice(0, 35).map((b, i) => Math.round(b * (1 + change / 100 * i / 34) + 8 * random())) };
});
export const tiles = [["findings-open", 1204331, "count", -2.1, "now; line: last seen, 30 days"], ["sites-modified", 20118, "count", 6.2, "on 2025"], ["plants-exposed", 1942, "count", -11.8, "on 2025"],
  ["controller-known", 64.8, "percent", undefined, "61.5 abroad, 3.3 here"]].map(([id, value, unit, change_percent, change_label], k) => {
  const random = seeded(50 + k);
  return { id, value, unit, change_percent, change_label, spark: Array.from({ length: 30 }, (_, i) => Math.round(100 - i * (k === 1 ? -0.8 : 0.8) + 30 * random())) };
});

const feed_list = [["shadowserver-drone", "shadowserver drone", 240], ["shadowserver-scan", "shadowserver scan", 240], ["sinkhole-a", "sinkhole A", 1], ["sinkhole-b", "sinkhole B", 1],
  ["cert-kilo", "partner CERT Kilo", 38], ["cert-papa", "partner CERT Papa", 51], ["abuse-urls", "abuse urls", 120], ["web-watch", "web watch", 2], ["n6-stream", "n6 stream", 3],
  ["phish-list", "phish list", 660], ["c2-tracker", "c2 tracker", 180], ["imap-reports", "imap reports", 21600], ["ics-sensor-2", "ics sensor plant 2", 1], ["spam-trap", "spam trap", 60],
  ["honeypot-ssh", "honeypot ssh", 2], ["tor-exits", "tor exits", 2400]];
export const feeds = feed_list.map(([name, title, lag], k) => {
  const random = seeded(80 + k), failed = name === "imap-reports", usual = 40000 / (k + 1);
  const p50 = lag < 5 ? 2 : 900 + 600 * k, curve = [[0, 0], [0.3, 0.1], [0.6, 0.3], [1, 0.5], [1.8, 0.75], [3, 0.9], [6, 0.97], [10, 0.99], [16, 1]].map(([s, share]) => ({ s: Math.round(s * p50), share }));
  return { name, title, collector: failed ? "imap" : lag < 5 ? "tcp" : "http", format: k < 2 ? "shadowserver" : "json", state: failed ? "failed" : "on time", enabled: true,
    schedule: lag < 5 ? "live" : "every 10 min", last_success: new Date(start - lag * 1000).toISOString(), next: new Date(start + 300_000).toISOString(), lag_s: lag,
    events_24h: Math.round(usual * 22), events_total: Math.round(usual * 22 * 240), rejected_24h: k % 5 === 0 ? 41 : 0, tlp: "amber", simulated: true, usual_hour: Math.round(usual),
    ...(failed ? { last_error: { at: new Date(start - 21_600_000).toISOString(), text: "NO [AUTHENTICATIONFAILED] Invalid credentials" } } : {}),
    ...(name === "phish-list" ? { last_error: { at: "2026-08-30T03:10:00Z", text: "status 503", recovered: "2026-08-30T03:20:00Z" } } : {}),
    hours: Array.from({ length: 24 }, (_, h) => (failed && h > 17 ? 0 : Math.round(usual * (random() < 0.12 ? 0.45 : 0.85 + 0.3 * random())))),
    delay: { p50_s: p50, p90_s: 3 * p50, p99_s: 10 * p50, curve },
    terms: { text: "For members of the network; not to be passed on outside it.", redistribution: "ask", commercial: "no", interval_least_s: 600, url: "https://feeds.example.org/terms" } };
});

export const catalogue = [["sinkhole-list", "Sinkhole list", "Example Institute", "yes", "yes", 3600, ""], ["phish-urls", "Phishing URLs", "Example Watch", "no", "no", 300, "PHISH_KEY"],
  ["c2-open", "Open controllers", "Example Lab", "yes", "ask", 900, ""], ["bad-hashes", "Malware hashes", "Example Lab", "ask", "no", 3600, "LAB_KEY"],
  ["tor-exits", "Tor exit addresses", "Example Project", "yes", "yes", 1800, ""], ["scanner-blocklist", "Scanners", "Example Watch", "unknown", "unknown", 86400, ""]].map(
  ([name, title, provider, redistribution, commercial, interval, key]) => ({ name, title, provider, url: `https://feeds.example.org/${name}.csv`, format: "csv", key_needed: key !== "",
    ...(key ? { key_name: key } : {}), ...(key === "LAB_KEY" ? { username_needed: true } : {}), terms: { text: redistribution === "no" ? "Use inside your own organisation only. Do not pass on the data or parts of it." : "Free for use with attribution.",
      redistribution, commercial, interval_least_s: interval, url: "https://feeds.example.org/terms" }, state: "answers", state_date: "2026-03-24", enabled: name === "tor-exits" }));

export const quarantine = [["shadowserver-scan", "not an IP address: '999.1.1.1'", 41], ["phish-list", "time without a zone: '2026-08-31 10:02'", 812], ["abuse-urls", "line longer than 1 MB", 2],
  ["shadowserver-drone", "41 columns, header has 40", 19]].flatMap(([feed, reason, n], g) => Array.from({ length: Math.min(n, 60) }, (_, i) => ({ id: `q_${g}_${i}`, feed, report: `r_${900 + g}`,
  line: 100 + 17 * i, reason, bytes: `"2026-08-31 10:02:${String(i).padStart(2, "0")}","999.1.1.1","tcp","443","example"`, at: new Date(start - 3_600_000 * (g + 1) - i * 60_000).toISOString(), state: "kept" })));

export const reports = Array.from({ length: 24 }, (_, i) => ({ id: `r_${900 + i}`, feed: feeds[i % 6].name, name: `2026-09-01-scan-${i}.csv.gz`, received: new Date(start - i * 1_500_000).toISOString(),
  size_bytes: 48_000 * (i + 3), sha256: "c0ffee".repeat(11).slice(0, 64), state: i === 4 ? "failed" : i === 7 ? "repeat" : "done", events: i === 4 ? 0 : 12000 + 800 * i, duplicates: 300 * i,
  rejected: i % 4 ? 0 : 41, ...(i === 4 ? { error: "truncated gzip: 40,112 bytes read" } : {}), type: "scan" }));
