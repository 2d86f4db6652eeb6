// mock_api: the answers of the API contract, out of the made-up world.
import { randomUUID } from "node:crypto";
import { answer_indicators } from "./mock_indicators.mjs";
import { answer_requests, opinions } from "./mock_requests.mjs";
import { answer_share } from "./mock_share.mjs";
import { answer_warn } from "./mock_warn.mjs";
import { acts_on, answer_triage, judged_holds, put_aside } from "./mock_triage.mjs";
import * as world from "./mock_world.mjs";

const findings = world.make_findings(12408);
const severities = ["info", "low", "medium", "high", "critical"];
const kept_lines = world.quarantine.map((line) => ({ ...line }));
const feeds = world.feeds.map((feed) => ({ ...feed }));
const catalogue = world.catalogue.map((entry) => ({ ...entry }));
const reports = world.reports.map((report) => ({ ...report }));
const issued = [{ id: "S-2026-07-BR-team-1", period: "2026-07", country: "BR", audience: "team", as_of: "2026-08-01T06:00:00Z" }];
const node_state = { exercises: [] };

const holds = (token, item) => {
  const not = token.startsWith("-"), body = not ? token.slice(1) : token, found = /^([a-z_]+)(:|>=|<=)(.+)$/.exec(body);
  if (!found) return not !== (item.subject.includes(body) || item.family === body || item.as_name?.toLowerCase().includes(body.toLowerCase()) || `AS${item.asn}` === body.toUpperCase());
  const [, field, op, values] = found, judged = judged_holds(field, values.split(","), item);
  if (judged !== undefined) return not !== judged;
  const one = (value) => {
    if (field === "severity") { const a = severities.indexOf(item.severity), b = severities.indexOf(value); return op === ":" ? a === b : op === ">=" ? a >= b : a <= b; }
    if (field === "feed") return item.feeds.includes(value);
    if (field === "prefix") return item.subject.startsWith(value.replace(/(\d+)?\/\d+$/, ""));
    const have = { ip: item.subject, name: item.subject, url: item.subject }[field] ?? item[field] ?? "";
    if (op === ":") return String(have).toLowerCase() === value.toLowerCase().replace(field === "asn" ? /^as/ : /^$/, "");
    return typeof have === "number" ? (op === ">=" ? have >= +value : have <= +value) : op === ">=" ? have >= value : have <= value;
  };
  return not !== values.split(",").some(one);
};
const select = (q, without = "") => { const tokens = q.match(/(?:[^\s"]|"[^"]*")+/g) ?? []; return findings.filter((item) => tokens.every((t) => holds(t, item)) && !put_aside(without, item)); };

function sorted(items, by, order) {
  const value = by === "severity" ? (i) => severities.indexOf(i.severity) : (i) => i[by];
  const way = order === "asc" ? 1 : -1;
  return [...items].sort((a, b) => (value(a) < value(b) ? -way : value(a) > value(b) ? way : 0));
}
function page(items, url) {
  const limit = Math.min(1000, Number(url.searchParams.get("limit") ?? 50)), offset = Number(url.searchParams.get("offset") ?? url.searchParams.get("cursor") ?? 0);
  const next = offset + limit < items.length ? { next: String(offset + limit) } : {};
  return { items: items.slice(offset, offset + limit), ...next, offset, total: items.length, took_ms: 3 };
}
function summary(q, without, now) {
  const items = select(q, without), count = (f) => items.filter(f).length, today = new Date(now).toISOString().slice(0, 10), first_day = now - 92 * 86_400_000;
  const day_counts = Array(93).fill(0), types = {}, states = {};
  for (const item of items) {
    const d = Math.floor((Date.parse(item.last) - first_day) / 86_400_000);
    if (d >= 0 && d < 93) day_counts[d] += 1;
    types[item.type] = (types[item.type] ?? 0) + 1;
    states[item.state] = (states[item.state] ?? 0) + 1;
  }
  return { ...(without && { definition: `findings that fit, without ${without}` }), total: items.length, subjects: new Set(items.map((i) => i.subject)).size, states, types: Object.entries(types).map(([type, n]) => ({ type, count: n })).sort((a, b) => b.count - a.count),
    histogram: { start: new Date(first_day).toISOString().slice(0, 10), day_counts }, took_ms: 31,
    tabs: { all: items.length, new_today: count((i) => i.first.startsWith(today)), reopened: count((i) => i.state === "reopened"), plants: count((i) => i.type === "ics-exposed") } };
}
const words = {
  "infected-system": ["Malicious software runs on a device behind this address and calls its controller.", "Whoever controls it can read, change and pass on what the device sees, and use it against others.", "Find the device by the time and port of the events, take it off the network, and clean or rebuild it."],
  "vulnerable-system": ["A service answers the whole Internet that should not.", "Strangers can read from it, or use it to flood others.", "Close the port at the border, or let it answer known addresses only."],
  "ics-exposed": ["A controller of a plant answers the whole Internet.", "Strangers can read its values, and on many devices change them.", "Put it behind a VPN today, and ask the operator who needs it from outside."],
  "system-compromise": ["Somebody else has changed pages of this web site.", "Visitors may be sent to fraud or malicious software.", "Keep a copy, restore a clean version, and change all passwords of the site."],
  phishing: ["A page here asks for passwords in another name.", "Visitors lose their accounts while the page stands.", "Take the page down and look for how it came to be there."],
};
function detail(item, now) {
  const [what, meaning, first_step] = words[item.type] ?? words["infected-system"], day = (n) => new Date(now - n * 86_400_000).toISOString();
  const random = world.seeded(item.times), silent = item.state === "reopened";
  const days = Array.from({ length: 45 }, (_, i) => ({ day: day(44 - i).slice(0, 10), events: silent && i > 13 && i < 44 ? 0 : Math.floor(random() * 11) + 1 }));
  const history = [...(silent ? [{ at: item.last, what: "came back", detail: "seen by sinkhole A after 31 silent days", feed: "sinkhole-a" }, { at: day(29), what: "quiet", detail: "not seen for 72 h by the feeds that saw it" }] : []),
    ...(item.state === "quiet" ? [{ at: day(1), what: "quiet", detail: "the feeds that saw it have delivered since, without it" }] : []), { at: item.first, what: "first seen", detail: "line 40112 of its report", feed: item.feeds[0] }];
  history.push(...acts_on(item));
  return { ...item, days, history, prefix: item.subject.includes(":") ? "2001:db8::/32" : "192.0.2.0/25", near: { same_network: 4, ...(item.controller ? { same_controller: 1102310 } : {}) },
    explanation: { what, meaning, first_step }, database_date: "2022-10-29", opinions: item.type === "phishing" ? opinions.slice(-3) : [] };
}
const events = (item, now) => Array.from({ length: Math.min(item.times, 214) }, (_, i) => ({ id: `e_${item.id}_${i}`, classification: { identifier: item.identifier, taxonomy: item.class, type: item.type },
  feed: { name: item.feeds[i % item.feeds.length] }, malware: item.family ? { name: item.family } : undefined, source: { ip: item.subject, asn: item.asn, geolocation: { cc: item.country }, port: 49152 + i },
  destination: item.controller ? { ip: item.controller, port: 80 } : undefined, time: { source: new Date(Date.parse(item.last) - i * 8_640_000).toISOString(), observation: new Date(now).toISOString() }, tlp: item.tlp }));
const timed = (text) => (text.length === 10 ? text + "T00:00:00Z" : text);
function overview(url, now) {
  const period = url.searchParams.get("period") ?? "year", day = (t) => new Date(t).toISOString(), ratio = { "24h": 0.021, "30d": 0.21 }[period] ?? 1;
  const today = Math.floor(now / 86_400_000) * 86_400_000, compared = period !== "24h"; // today is not over: one day in two is too much
  const since = { "24h": day(today - 86_400_000), "30d": day(today - 29 * 86_400_000) }[period] ?? url.searchParams.get("since") ?? "2026-01-01T00:00:00Z";
  const until = url.searchParams.get("until") ?? day(today + 86_400_000), scale = (n) => Math.round(n * ratio);
  const failed = feeds.filter((f) => f.state === "failed");
  return { as_of: day(now), took_ms: 42, country: "BR", period: { since: timed(since), until: timed(until) }, ...(compared && { before: period === "30d" ? { since: day(today - 59 * 86_400_000), until: since } : { since: "2025-01-01T00:00:00Z", until: "2025-09-02T00:00:00Z" } }),
    headline: { distinct: scale(8012447), ...(compared && { before: scale(7028462), change_percent: 14, same_feeds_points: 12.6, feeds_changed_points: 1.4, feeds_new: ["cert-papa", "c2-tracker"] }), abroad: scale(8012447), home: scale(260112), unknown: scale(2650310),
      sentence: `distinct addresses in Brazil answered to controllers abroad${compared ? `, 14.0 % more than in ${period === "30d" ? "as many days before" : "the same months of last year"}` : ""}.` },
    tiles: world.tiles.map(({ change_percent, ...tile }) => (compared ? { ...tile, change_percent } : { ...tile, change_label: tile.change_label === "on 2025" ? "in 2 days, today so far" : tile.change_label })), weekly: period === "year" ? world.weekly() : world.daily(today, period === "24h" ? 14 : 30, compared), map: world.map.map((row) => ({ affected: 0, controllers: 0, ...row })), classes: world.classes.map(({ change_percent, ...c }) => ({ ...c, value: scale(c.value), ...(compared && { change_percent }) })),
    families: world.families.map(([family, n, change]) => ({ family, distinct: scale(n), ...(compared && { change_percent: change, before: scale(n / (1 + change / 100)) }), new: false })),
    networks: world.networks.map(([asn, as_name], i) => ({ asn, as_name, distinct: scale([2210408, 1630220, 804112, 290871, 188340, 121092, 98417][i]), ...(compared && { change_percent: [9, 22, 4, -12, 31, 2, 0][i] }) })),
    controllers: world.controllers.map(([controller, country, distinct]) => ({ controller, country, distinct: scale(distinct), new: false })),
    needs: failed.map((f) => ({ text: `Feed ${f.title}: password refused`, since: f.last_error.at, href: `/feeds/${f.name}` })),
    changes: url.searchParams.get("looked") ? [{ text: "mirai rose from 455 412 to 1 420 871 addresses", since: day(now - 7_200_000), href: "/findings?q=family:mirai" }, { text: "41 findings in Brazil have come back", since: day(now - 3_600_000), href: "/findings?q=country:BR+state:reopened" },
      { text: "Feed imap reports stopped", since: day(now - 21_600_000), href: "/feeds/imap-reports" }] : [] };
}
function stats(url) {
  const cut = url.searchParams.get("cut"), by = url.searchParams.get("order") ?? "distinct", top = Number(url.searchParams.get("top") ?? 10);
  const rows = cut === "family" ? world.families.map(([family, distinct, change]) => ({ key: { family }, distinct, change_percent: change }))
    : cut === "asn" ? world.networks.map(([asn, as_name], i) => ({ key: { asn, as_name }, distinct: 2210408 >> i, change_percent: [9, 22, 4, -12, 31, 2, 0][i] }))
    : cut === "controller" ? world.controllers.map(([controller, country, distinct, change]) => ({ key: { controller, country }, distinct, ...(change === undefined ? {} : { change_percent: change }) }))
    : world.map.filter((r) => r.affected).map((r) => ({ key: { country: r.country }, distinct: r.affected, change_percent: 3 }));
  rows.sort((a, b) => (by === "change" ? (b.change_percent ?? 1e9) - (a.change_percent ?? 1e9) : b.distinct - a.distinct));
  return { definition: "distinct addresses, UTC days", cut, since: url.searchParams.get("since"), until: url.searchParams.get("until"), feeds: feeds.map((f) => f.name), frozen: false, from_events: false, took_ms: 4, rows: rows.slice(0, top).map((row) => ({ ...row, events: 3 * row.distinct })) };
}
const guess = (text) => (/^[\d.]+$|:.*:/.test(text) ? "address" : text.includes("/") ? "prefix" : /^as\d+$/i.test(text) ? "as" : /^[0-9a-f]{32,64}$/i.test(text) ? "hash" : text.includes(".") ? "name" : "family");
function search(text) {
  const low = text.toLowerCase(), items = [], n = select(text).length;
  items.push({ kind: guess(text), text, detail: `${n} findings`, href: "/findings?q=" + encodeURIComponent(text) });
  for (const [family, count] of world.families) if (family.includes(low)) items.push({ kind: "family", text: family, detail: `${count} addresses`, href: `/findings?q=family:${family}` });
  for (const [asn, name] of world.networks) if (name.toLowerCase().includes(low) || `as${asn}`.includes(low)) items.push({ kind: "as", text: `AS${asn}`, detail: name, href: `/findings?q=asn:${asn}` });
  for (const feed of feeds) if (feed.title.includes(low)) items.push({ kind: "feed", text: feed.title, detail: feed.state, href: `/feeds/${feed.name}` });
  return { items: items.slice(0, 12) };
}
function groups() {
  const found = new Map();
  for (const line of kept_lines.filter((l) => l.state === "kept")) {
    const key = line.feed + "\n" + line.reason, group = found.get(key) ?? { feed: line.feed, reason: line.reason, count: 0, first: line.at, last: line.at };
    group.count += 1;
    if (line.at < group.first) group.first = line.at;
    if (line.at > group.last) group.last = line.at;
    found.set(key, group);
  }
  return { items: [...found.values()] };
}
function settle(body, state) {
  const wanted = kept_lines.filter((l) => l.state === "kept" && (!body.feed || l.feed === body.feed) && (!body.reason || l.reason === body.reason) && (!body.ids?.length || body.ids.includes(l.id)));
  for (const line of wanted) line.state = state;
  return wanted.length;
}
function stream(state, response) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  state.streams.add(response);
  const random = world.seeded(99), send = (event, data) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const texts = { "infected-system": (i) => `infected, ${i.family}`, "vulnerable-system": (i) => `open ${i.identifier}, ${i.port}/${i.protocol}`, "ics-exposed": (i) => `open ${i.identifier}, ${i.port}/${i.protocol}`, "system-compromise": () => "modified page", phishing: () => "phishing page" };
  const sample = () => { const i = findings[Math.floor(random() * 600)]; return { at: new Date(state.now()).toISOString(), subject: i.subject, text: texts[i.type](i), network: i.as_name }; };
  send("sample", { items: Array.from({ length: 8 }, sample), share: 400 });
  send("counters", { events_per_s: 3120, events_today: 104_000_000, findings_open: 1204331, at: new Date(state.now()).toISOString() });
  let n = 0;
  const timer = setInterval(() => {
    n += 1;
    send("counters", { events_per_s: 3100 + Math.floor(random() * 60), events_today: 104_000_000 + 3120 * n, findings_open: 1204331 + n, at: new Date(state.now()).toISOString() });
    send("sample", { items: [sample()], share: 400 });
    if (n % 2 === 0) send("finding", { ...findings[Math.floor(random() * 40)], id: "f_live" + n, subject: "203.0.113." + (n % 250), state: "open", times: 1, first: new Date(state.now()).toISOString(), last: new Date(state.now()).toISOString() });
  }, 1000);
  response.on("close", () => { clearInterval(timer); state.streams.delete(response); });
}
const csv = (items) => ["id,state,severity,subject,type,family,asn,country,first,last,times", ...items.map((i) => [i.id, i.state, i.severity, i.subject, i.type, i.family ?? "", i.asn ?? "", i.country, i.first, i.last, i.times].join(","))].join("\r\n") + "\r\n";
async function body_of(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

const queries = /^\/(overview|stats|findings(\/(summary|[^/]+|[^/]+\/events))?|search|reports|quarantine(\/(replay|groups))?)$/; // answers that say when they were made

export async function answer_api(state, request, response, url) {
  const path = url.pathname.slice("/api/v1".length), now = state.now(), q = url.searchParams.get("q") ?? "";
  const json = (value, status = 200) => { response.writeHead(status, { "content-type": status < 400 ? "application/json" : "application/problem+json" }); response.end(JSON.stringify(status < 400 && queries.test(path) ? { as_of: new Date(now).toISOString(), took_ms: 3, ...value } : value)); };
  const fail = (status, title, text = "") => json({ type: "about:blank", title, status, detail: text }, status);
  const sign_in = () => { const id = randomUUID(); state.signed_in.add(id); return `tocsin_session=${id}; HttpOnly; SameSite=Strict; Path=/`; };
  const cookie = /tocsin_session=([^;]+)/.exec(request.headers.cookie ?? "")?.[1], signed = state.signed_in.has(cookie), writes = request.method !== "GET";
  const raw = writes ? await body_of(request) : undefined;
  const body = () => { try { return JSON.parse(raw.toString() || "{}"); } catch { return {}; } };
  if (path === "/signin") return url.searchParams.get("code") === state.code ? response.writeHead(303, { "set-cookie": sign_in(), location: "/" }).end() : fail(403, "This link was used or is too old");
  if (path === "/session" && request.method === "POST") return body().code === state.code ? response.writeHead(200, { "content-type": "application/json", "set-cookie": sign_in() }).end('{"signed_in":true}') : fail(403, "This code does not fit", "A code works once and for ten minutes.");
  if (path === "/signin/ways") return json({ password: false, proxy: false });
  if (!signed && path === "/session" && !writes && url.searchParams.has("optional")) return response.writeHead(204).end();
  if (!signed) return fail(401, "Not signed in");
  if (writes && request.headers["x-csrf-token"] !== "csrf-of-the-mock") return fail(403, "The X-CSRF-Token header is missing or wrong");
  if (path === "/session" && request.method === "DELETE") { state.signed_in.delete(cookie); return response.writeHead(204).end(); }
  if (path === "/users") return json({ items: [{ id: "u_1", name: "ana", role: "administrator", origin: "local", disabled: false, must_change_password: false, totp: true, created: new Date(now - 9e8).toISOString(), sessions: 1, tokens: 1 }], total: 1 });
  if (path === "/profile") return json({ id: "local", name: "local", role: "administrator", origin: "node", rights: ["read", "work", "agree", "administer", "audit"] });
  if (path === "/sessions") return json({ items: [{ id: "s_1", user: "local", user_id: "local", how: "link", address: "192.0.2.1", agent: "Firefox", since: new Date(now - 9e6).toISOString(), used: new Date(now).toISOString(), current: true }] });
  if (path === "/tokens") return json({ items: [{ id: "t_1", name: "dashboard", role: "viewer", rights: ["read"], owner: "ana", owner_id: "u_1", created: new Date(now - 9e8).toISOString() }] });
  if (path === "/audit") return json({ items: [{ id: 2, at: new Date(now - 6e4).toISOString(), who: "ana", role: "administrator", by: "session:s_1", address: "192.0.2.1", call: "POST /api/v1/feeds/{name}/run", object: "shadowserver", details: { feed: "shadowserver" }, outcome: "done", ended: new Date(now - 6e4).toISOString(), hash: "0".repeat(64) }], as_of: new Date(now).toISOString(), took_ms: 1 });
  if (path === "/session") return json({ user: "local", user_id: "local", role: "administrator", rights: ["read", "work", "agree", "administer", "audit"], how: "link", csrf: "csrf-of-the-mock", node: { name: "CERT Alfa", host: "node-1.example.org", country: "BR" }, simulated: true, in_network: true, version: "0.2.0", geo_database: { date: "2022-10-29", age_days: 1403, old: true } });
  const without = url.searchParams.get("without") ?? "";
  if (answer_triage({ state, findings, select, feeds, body: raw && request.headers["content-type"] === "application/json" ? body() : {}, raw, url, json, fail, response }, path, request.method)) return undefined;
  const context = { state, body: raw && request.headers["content-type"] === "application/json" ? body() : {}, raw, url, json, fail, response };
  if (answer_share(context, path, request.method) || answer_requests(context, path, request.method) || answer_indicators(context, path, request.method) || answer_warn(context, path, request.method)) return undefined;
  if (path === "/stream") return stream(state, response);
  if (path === "/overview") return json(overview(url, now));
  if (path === "/stats") return json(stats(url));
  if (path === "/findings") return json(page(sorted(select(q, without), url.searchParams.get("sort") ?? "last", url.searchParams.get("order") ?? "desc"), url));
  if (path === "/findings/summary") return json(summary(q, without, now));
  if (path === "/findings.csv") { response.writeHead(200, { "content-type": "text/csv", "content-disposition": 'attachment; filename="findings.csv"' }); return response.end(csv(select(q))); }
  if (path === "/findings.jsonl") { response.writeHead(200, { "content-type": "application/x-ndjson", "content-disposition": 'attachment; filename="findings.jsonl"' }); return response.end(select(q).map((i) => JSON.stringify(i)).join("\n") + "\n"); }
  const one = /^\/findings\/([^/]+)(\/events|\/why)?$/.exec(path);
  if (one) {
    const item = findings.find((i) => i.id === one[1]);
    if (!item) return fail(404, "No such finding", one[1]);
    if (one[2] === "/events") { const { items, next } = page(events(item, now), url); return json({ items, ...(next && { next }) }); }
    if (one[2] === "/why") return json({ rows: events(item, now).slice(0, 3), feeds: item.feeds, rules: ["A finding of an infected system is one address and one family.", "Quiet after 72 h in which the feeds that saw it delivered without it."] });
    return json(detail(item, now));
  }
  if (path === "/search" && writes) return json({ items: body().lines.map((line) => ({ line, kind: guess(line), findings: select(line).length, href: "/findings?q=" + encodeURIComponent(line) })), href: "/findings?q=" + encodeURIComponent("ip:" + body().lines.join(",")) });
  if (path === "/search") return json(search(q));
  if (path === "/feeds") return json({ items: feeds, total: feeds.length });
  const act = /^\/feeds\/([^/]+)(?:\/(enable|disable|run))?$/.exec(path);
  if (act) {
    const feed = feeds.find((f) => f.name === act[1]), entry = catalogue.find((e) => e.name === act[1]);
    if (act[2] === "enable" && entry) {
      if (!body().accept_terms) return fail(400, "The terms are not accepted");
      if (entry.username_needed && !body().username) return fail(400, "The provider asks for a user name");
      entry.enabled = true;
      const fresh = feed ?? { name: entry.name, title: entry.title, collector: "http", format: entry.format, state: "never", enabled: true, terms: entry.terms, simulated: false, events_24h: 0, events_total: 0, rejected_24h: 0, hours: Array(24).fill(0), usual_hour: 0 };
      if (!feed) feeds.push(fresh);
      return json(fresh);
    }
    if (!feed) return fail(404, "No such feed", act[1]);
    if (act[2]) { feed.enabled = act[2] !== "disable"; feed.state = feed.enabled ? "on time" : "off"; return json(feed); }
    return json(feed);
  }
  if (path === "/catalogue") return json({ items: catalogue, total: catalogue.length });
  if (path === "/reports" && writes) {
    const lines = raw.toString().trim().split("\n").length - 1, report = { id: `r_${1000 + reports.length}`, feed: url.searchParams.get("feed"), name: url.searchParams.get("name"), received: new Date(now).toISOString(), size_bytes: raw.length, state: lines > 0 ? "done" : "failed", events: Math.max(0, lines), duplicates: 0, rejected: 0 };
    reports.unshift(report);
    return json({ report: report.id, events: report.events, duplicates: 0, rejected: 0, seq: 77, state: report.state, ...(lines > 0 ? {} : { error: "a header without rows" }) });
  }
  const one_report = /^\/reports\/([^/]+)(\/replace)?$/.exec(path), old = one_report && reports.find((report) => report.id === one_report[1]);
  if (old && one_report[2]) {
    const fresh = { ...old, id: `r_${1000 + reports.length}`, name: url.searchParams.get("name") ?? old.name, size_bytes: raw.length, state: "done", events: 1, duplicates: 0, rejected: 0, replaces: old.id };
    const withdrawal = { report: old.id, at: new Date(now).toISOString(), by: "local", reason: url.searchParams.get("reason"), events: old.events, days: 1, seq: 78, replaced_by: fresh.id, already: false, visible: true };
    reports.unshift(fresh);
    Object.assign(old, { state: "withdrawn", withdrawal });
    return json({ report: fresh, withdrawal, as_of: new Date(now).toISOString(), took_ms: 1 });
  }
  if (old) return json(old);
  if (path === "/reports") { const { items, next } = page(reports, url); return json({ items, ...(next && { next }) }); }
  if (path === "/quarantine/groups") return json(groups());
  if (path === "/quarantine/replay") return json({ events: settle(body(), "replayed"), rejected: 0 });
  if (path === "/quarantine/drop") return json({ dropped: settle(body(), "dropped") });
  if (path === "/quarantine") return json(page(kept_lines.filter((l) => l.state === "kept" && l.feed === (url.searchParams.get("feed") ?? l.feed)), url));
  if (path === "/state") return json(node_state);
  if (path === "/resume") { delete node_state.paused; return json(node_state); }
  if (path === "/exercises") return json({ items: [], as_of: new Date(now).toISOString(), took_ms: 1 });
  if (path === "/situations" && writes) {
    const wish = body();
    if (!/^\d{4}(-W\d\d|-\d\d)?$/.test(wish.period)) return fail(400, "Bad request", `no such period: '${wish.period}'`);
    const audience = wish.audience || "team", before = issued.find((one) => one.period === wish.period && one.audience === audience);
    if (before) return json({ ...before, unchanged: true });
    issued.unshift({ id: `S-${wish.period}-BR-${audience}-1`, period: wish.period, country: "BR", audience, as_of: new Date(now).toISOString() });
    return json(issued[0]);
  }
  if (path === "/situations") return json({ items: issued });
  if (path === "/countries") return json({ items: world.map.map((r) => ({ code: r.country, name: r.country, announced: 1_300_000 })) });
  if (path === "/health") return json({ state: "degraded", checks: [{ name: "disk", state: "ok", text: "412 GB free" }, { name: "geo database", state: "wrong", text: "The country database is of 29 Oct 2022, 1 403 days old", what_to_do: "Update the libloc database, or set geo.mmdb to a newer one." }, { name: "journal", state: "ok", text: "4 s behind" }],
    followers: [{ name: "columns", seq: 104_812, lag_s: 0.4 }, { name: "findings", seq: 104_812, lag_s: 0 }, { name: "counts", seq: 104_812, lag_s: 0 }], disk_free_bytes: 412e9, memory_bytes: 214e6 });
  return fail(404, "No such address", path);
}
