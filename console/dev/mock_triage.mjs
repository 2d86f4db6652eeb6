// mock_triage: what people say of the mock's findings, in memory: verdicts, acts, mutes, views, cases, a look at a report.
const now_of = (state) => new Date(state.now()).toISOString().replace(/\.\d+Z$/, "Z");
const user = "local";
const acts = [], mutes = [], views = [{ id: 1, owner: "ann", name: "Plants, open", query: "q=type%3Aics-exposed+state%3Aopen", shared: true, at: "2026-08-30T08:00:00Z" }], cases = [];
const clone = (value) => (value === undefined ? undefined : structuredClone(value));
const span = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };

function until_of(state, text) {
  const ago = /^(\d+)([hdw])$/.exec(text ?? "");
  return new Date(ago ? state.now() + Number(ago[1]) * span[ago[2]] : Date.parse(text)).toISOString().replace(/\.\d+Z$/, "Z");
}
function told(c) {
  return [c.verdict && (c.verdict === "none" ? "verdict taken back" : `verdict ${c.verdict}`), c.assign !== undefined && `assigned to ${c.assign || "nobody"}`, ...(c.tag ?? []).map((t) => `tag ${t}`), ...(c.untag ?? []).map((t) => `without tag ${t}`),
    c.follow !== undefined && (c.follow ? "followed" : "no longer followed"), c.mute_until && `muted until ${c.mute_until}: ${c.mute_reason}`, c.unmute && "no longer muted", c.case && `into case ${c.case}`, c.note && `note: ${c.note}`].filter(Boolean);
}
function changed(state, before, c) {
  const t = { version: 0, ...clone(before) }, at = now_of(state), list = (name, add, off = []) => { const all = [...new Set([...(t[name] ?? []), ...add])].filter((one) => !off.includes(one)).sort(); if (all.length > 0) t[name] = all; else delete t[name]; };
  if (c.verdict) { delete t.verdict; delete t.judged_by; delete t.judged_at; delete t.duplicate_of; if (c.verdict !== "none") Object.assign(t, { verdict: c.verdict, judged_by: user, judged_at: at, ...(c.duplicate_of && { duplicate_of: c.duplicate_of }) }); }
  if (c.assign !== undefined) { const who = c.assign === "me" ? user : c.assign; if (who) t.assigned = who; else delete t.assigned; }
  if (c.tag || c.untag) list("tags", c.tag ?? [], c.untag ?? []);
  if (c.follow !== undefined) list("followers", c.follow ? [user] : [], c.follow ? [] : [user]);
  if (c.mute_until) t.muted = { until: until_of(state, c.mute_until), reason: c.mute_reason, by: user };
  if (c.unmute) delete t.muted;
  if (c.case) list("cases", [c.case]);
  return { ...t, version: t.version + 1, changed_by: user, changed_at: at };
}

// Does a finding hold one of the conditions that people's words give? undefined: another field's.
export function judged_holds(field, values, item) {
  const t = item.triage ?? {}, any = (have) => values.some((v) => (v === "*" ? have.length > 0 : v === "unknown" || v === "none" ? have.length === 0 : have.some((h) => String(h).toLowerCase() === v.replaceAll('"', "").toLowerCase())));
  if (field === "verdict") return any(t.verdict ? [t.verdict] : []);
  if (field === "assigned") return any(t.assigned ? [t.assigned] : []);
  if (field === "tag") return any(t.tags ?? []);
  if (field === "case") return any(t.cases ?? []);
  if (field === "followed") return any(t.followers ?? []);
  if (field === "is") return values.some((v) => (v === "muted" ? t.muted !== undefined : v === "judged" ? t.verdict !== undefined : t.returned === true));
  return undefined;
}
export const put_aside = (without, item) => without.split(",").some((word) => (word === "muted" ? item.triage?.muted !== undefined : item.triage?.verdict === word));
export const acts_on = (item) => acts.filter((act) => act.keys.includes(item.id)).map((act) => ({ at: act.at, what: "triage", detail: act.what.join("; "), user: act.user, act: act.id }));

function act(state, findings, keys, change, filter) {
  const made = { id: acts.length + 1, at: now_of(state), user, what: told(change), change, findings: keys.length, keys, ...(filter && { filter }), before: new Map() };
  for (const item of findings.filter((one) => keys.includes(one.id))) { made.before.set(item.id, clone(item.triage)); item.triage = changed(state, item.triage, change); }
  acts.push(made);
  return made;
}
const shown = ({ keys, before, ...rest }) => rest;
function whole(one, findings) { return { ...one, findings: findings.filter((item) => item.triage?.cases?.includes(one.id)).length }; }

function cases_answer(context, path, method) {
  const { state, findings, body, raw, url, json, fail, response } = context;
  if (path === "/cases" && method === "GET") { const items = cases.filter((one) => one.state === "open" || url.searchParams.get("closed") === "yes").map((one) => { const { notes, files, ...rest } = whole(one, findings); return rest; }).reverse(); return json({ items, total: items.length }); }
  if (path === "/cases") {
    if (!body.title?.trim()) return fail(400, "Bad Request", "a case needs a title");
    const at = now_of(state), one = { id: cases.length + 1, title: body.title, ...(body.text && { text: body.text }), state: "open", opened_by: user, opened_at: at, changed_by: user, changed_at: at, version: 1, notes: [], files: [] };
    cases.push(one);
    return json(whole(one, findings), 201);
  }
  const [, id, part, file] = /^\/cases\/(\d+)(?:\/(notes|files)(?:\/(.+))?)?$/.exec(path) ?? [], one = cases.find((c) => c.id === Number(id));
  if (!one) return fail(404, "Not Found", `no case ${id}`);
  if (!part && method === "GET") return json(whole(one, findings));
  if (!part) {
    if (body.version !== undefined && body.version !== one.version) return json({ type: "about:blank", title: "Conflict", status: 409, detail: `'${one.changed_by}' changed it`, current: one }, 409);
    one.version += 1;
    if (body.closed !== undefined) { one.state = body.closed ? "closed" : "open"; if (body.closed) Object.assign(one, { closed_by: user, closed_at: now_of(state) }); else { delete one.closed_by; delete one.closed_at; } }
    return json(whole(one, findings));
  }
  if (part === "notes") { const note = { id: one.notes.length + 1, at: now_of(state), user, text: body.text }; one.notes.push(note); return json(note, 201); }
  if (method === "POST") { const made = { sha256: String(one.files.length + 1).padStart(64, "0"), name: url.searchParams.get("name"), size_bytes: raw.length, at: now_of(state), user }; one.files.push(Object.defineProperty(made, "bytes", { value: raw })); return json(made, 201); }
  const at = one.files.findIndex((f) => f.sha256 === file);
  if (at < 0) return fail(404, "Not Found", "no such file");
  if (method === "DELETE") { one.files.splice(at, 1); return response.writeHead(204).end(); }
  response.writeHead(200, { "content-type": "application/octet-stream", "content-disposition": `attachment; filename="file"; filename*=UTF-8''${encodeURIComponent(one.files[at].name)}`, "x-content-type-options": "nosniff" });
  return response.end(one.files[at].bytes);
}

// true: it was this part's call.
export function answer_triage(context, path, method) {
  const { state, findings, select, feeds, body, raw, url, json, fail, response } = context;
  const single = /^\/findings\/([^/]+)\/triage$/.exec(path), undo = /^\/triage\/acts\/(\d+)\/undo$/.exec(path);
  if (single) {
    const item = findings.find((one) => one.id === single[1]), { version, ...change } = body;
    if (!item) fail(404, "Not Found", "no such finding");
    else if (version !== undefined && version !== (item.triage?.version ?? 0)) json({ type: "about:blank", title: "Conflict", status: 409, detail: `'${item.triage?.changed_by}' changed it: ${acts.at(-1)?.what.join("; ")}`, current: item.triage, since: [] }, 409);
    else { const made = act(state, findings, [item.id], change); json({ act: made.id, findings: 1, finding: item, as_of: now_of(state), took_ms: 1 }); }
  } else if (path === "/triage") {
    const { findings: ids, q, without, ...change } = body, keys = ids ?? select(q, without ?? "").map((item) => item.id);
    if (keys.length === 0) fail(400, "Bad Request", "no finding fits");
    else json({ act: act(state, findings, keys, change, q).id, findings: keys.length, as_of: now_of(state), took_ms: 1 });
  } else if (undo) {
    const made = acts.find((one) => one.id === Number(undo[1]));
    if (!made) fail(404, "Not Found", "no such act");
    else if (made.undone_at) fail(400, "Bad Request", `act ${made.id} was undone`);
    else {
      for (const item of findings.filter((one) => made.keys.includes(one.id))) { const before = made.before.get(item.id); item.triage = { ...before, version: item.triage.version + 1 }; }
      Object.assign(made, { undone_at: now_of(state), undone_by: user });
      json({ findings: made.keys.length, kept: 0, as_of: now_of(state), took_ms: 1 });
    }
  } else if (path === "/triage/acts") json({ items: [...acts].reverse().map(shown), as_of: now_of(state), took_ms: 1 });
  else if (path === "/triage/words") json({ tags: [...new Set(findings.flatMap((item) => item.triage?.tags ?? []))].sort(), people: [user, "ann"] });
  else if (path === "/mutes" && method === "GET") json({ items: [...mutes].reverse(), total: mutes.length });
  else if (path === "/mutes") {
    const mute = { id: mutes.length + 1, ...body, until: until_of(state, body.until), user, at: now_of(state), holds: true };
    mutes.push(mute);
    for (const item of findings) if ((!body.subject || item.subject === body.subject) && (!body.type || item.type === body.type) && (!body.feed || item.feeds.join() === body.feed)) item.triage = { version: 0, ...item.triage, muted: { until: mute.until, reason: mute.reason, by: user, rule: mute.id } };
    json(mute, 201);
  } else if (path.startsWith("/mutes/")) {
    const mute = mutes.find((one) => one.id === Number(path.slice(7)));
    if (!mute?.holds) fail(404, "Not Found", "no such mute");
    else { Object.assign(mute, { holds: false, ended_at: now_of(state), ended_by: user }); for (const item of findings) if (item.triage?.muted?.rule === mute.id) delete item.triage.muted; json(mute); }
  } else if (path === "/views" && method === "GET") json({ items: [...views].sort((a, b) => a.name.localeCompare(b.name)), total: views.length });
  else if (path === "/views") {
    if (views.some((one) => one.owner === user && one.name === body.name)) fail(400, "Bad Request", "you keep a view of this name already");
    else { const view = { id: views.length + 1, owner: user, shared: false, ...body, at: now_of(state) }; views.push(view); json(view, 201); }
  } else if (path.startsWith("/views/")) { views.splice(views.findIndex((one) => one.id === Number(path.slice(7))), 1); response.writeHead(204).end(); }
  else if (path === "/feeds/score") {
    const items = feeds.slice(0, 6).map((feed) => { const mine = findings.filter((item) => item.feeds.includes(feed.name)), unique = mine.filter((item) => item.feeds.length === 1).length, judged = mine.filter((item) => item.triage?.verdict), wrong = judged.filter((item) => item.triage.verdict === "false-positive").length;
      return { feed: feed.name, title: feed.title, findings: mine.length, open: mine.length, unique, judged: judged.length, false_positive: wrong, overlaps: [], delay_p50_s: 5400, ...(mine.length > 0 && { unique_percent: Math.round((1000 * unique) / mine.length) / 10 }), ...(judged.length > 0 && { false_percent: Math.round((1000 * wrong) / judged.length) / 10 }), ...(mine.length === 0 && { advice: "it has delivered no findings" }) }; });
    json({ definition: "findings that are kept, by the feeds that reported them; unique: no other feed did", items, as_of: now_of(state), took_ms: 1 });
  } else if (path === "/formats") json({ items: [{ name: "csv", summary: "a table" }, { name: "ip_list", summary: "one IP address per line" }], total: 2 });
  else if (path === "/preview") {
    const lines = raw.toString().trim().split("\n"), addresses = lines.map((line) => /(\d+\.){3}\d+/.exec(line)?.[0]), events = addresses.filter(Boolean).map((ip) => ({ classification: { type: "blacklist" }, source: { ip }, time: { observation: now_of(state) } }));
    const rejects = addresses.flatMap((ip, i) => (ip ? [] : [{ line: i + 1, reason: "not an IP address" }]));
    json({ format: url.searchParams.get("format") || "ip_list", detected: !url.searchParams.get("format"), events: events.slice(0, 20), events_total: events.length, rejected: rejects.length, ...(rejects.length > 0 && { rejects }), as_of: now_of(state), took_ms: 1 });
  } else if (path === "/cases" || path.startsWith("/cases/")) cases_answer(context, path, method);
  else return false;
  return true;
}
