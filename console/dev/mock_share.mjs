// mock_share: partners, agreements and the ledger of the mock, in memory. Signatures and hashes in it are made up.
import { createHash } from "node:crypto";

const sha = (text) => createHash("sha256").update(text).digest("hex"), key = (who) => sha(`key of ${who}`), iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
const self = { member: "cert-alfa.example.org", name: "CERT Alfa", country: "BR", url: "https://tocsin.cert-alfa.example.org", key: key("alfa"), pins: [sha("pin of alfa")], recovery_here: true };
const fingerprint = "31270 98817 40226 71354 09918", user = "local", day = 86_400_000;
const clauses = (tlp, who) => [
  [1, "parties", "CERT Alfa (BR): cert-alfa.example.org, as party", `  key ${key("alfa").slice(0, 16)}`, `${who}, as party`], [2, "validity", "from 2025-03-04T00:00:00Z until 2027-03-03T00:00:00Z, then no longer"], [3, "purposes", "defence, warning"],
  [4, "marking", "what is red or unmarked never goes by machine; clauses 4 to 10:", `rule 1: event, finding up to ${tlp} and PAP:RED`, "what no rule allows does not go"], [11, "affected", "may be told of type and subject"], [12, "fields", "account: hash", "raw records and unknown fields never go"],
  [13, "onward", "to nobody else"], [14, "attribution", "who reported it goes anonymous"], [15, "retention", "90 days"], [16, "quota", "100000 items a day each way"], [17, "reciprocity", "counted, given and received; told when below 25 %"], [18, "feed terms", "respected; what a feed does not allow does not go"],
  [20, "personal data", "legal basis: public interest"], [22, "termination", "notice of 30 days; then what was got is deleted, with a signed statement"],
].map(([clause, name, ...words]) => ({ clause, name, words }));

function partner(member, name, country, more) {
  return { member, name, country, url: `https://tocsin.${member}`, state: "compared", fingerprint, joined: "2025-03-01T10:00:00Z", changed: "2025-03-01T11:20:00Z", by: "ana", tokens: 1, pins: [sha(`pin of ${member}`)], keys: [{ key: key(member), from: "2025-03-01T10:00:00Z" }],
    acts: [{ at: "2025-03-01T11:20:00Z", by: "ana", act: "compared" }, { at: "2025-03-01T10:00:00Z", by: "ana", act: "joined" }], ...more };
}
function agreement(id, title, version, member, more) {
  const { tlp = "TLP:AMBER", ...rest } = more, signed = (who, at) => ({ member: who, ...(at ? { signed: at } : { why: "has not signed" }) });
  return { address: sha(`${id} ${version}`), id, title, version, standing: "active", from: "2025-03-04T00:00:00Z", until: "2027-03-03T00:00:00Z", proposed_by: "ana", proposed: "2025-03-02T09:00:00Z", widens: true, wanted_by: ["ana", "bea"],
    parties: [signed(self.member, "2025-03-02T12:00:00Z"), signed(member, "2025-03-03T08:00:00Z")], clauses: clauses(tlp, member), changes: [], acts: [{ at: "2025-03-02T12:00:00Z", by: "bea", act: "signed" }], toml: `id = "${id}"\nversion = ${version}\n`, ...rest };
}
const kilo = "cert-kilo.example.org", bank = "fincert.example.org", lima = "cert-lima.example.org", papa = "papa.example.org";
const partners = [
  partner(kilo, "CERT Kilo", "KE", {}), partner(bank, "Financial sector CERT", "BR", { waiting: 2, waiting_tries: 3, waiting_why: "the network is down" }),
  partner(lima, "CERT Lima", "PE", { state: "to-compare", joined: "2026-09-01T08:10:00Z", changed: "2026-09-01T08:10:00Z", tokens: 0, acts: [{ at: "2026-09-01T08:10:00Z", by: user, act: "joined" }] }),
  partner(papa, "Papa Telecom", "PT", { state: "stopped", changed: "2026-06-11T14:00:00Z", why: "their node was taken over", tokens: 0, acts: [{ at: "2026-06-11T14:00:00Z", by: "ana", act: "stopped", words: "their node was taken over" }] }),
];
const agreements = [
  agreement("alfa.kilo", "CERT with CERT", 3, kilo, { tlp: "TLP:GREEN" }), agreement("alfa.bank", "Sector body and member", 1, bank, { until: "2026-12-31T00:00:00Z" }),
  agreement("alfa.kilo", "CERT with CERT", 4, kilo, { standing: "proposed", replaces: sha("alfa.kilo 3"), proposed_by: kilo, proposed: "2026-08-30T14:05:00Z", wanted_by: ["ana"], from: "2026-09-01T00:00:00Z", until: "2028-03-03T00:00:00Z", parties: [{ member: self.member, why: "has not signed" }, { member: kilo, signed: "2026-08-30T14:05:00Z" }],
    changes: [{ clause: "clause 4 (marking)", widens: true, words: "rule 1: max_tlp was GREEN, is AMBER" }, { clause: "clause 15 (retention)", words: "was 180 days, is 90 days" }], acts: [{ at: "2026-08-31T07:40:00Z", by: "ana", act: "wants it; a second person must" }, { at: "2026-08-30T14:05:00Z", by: kilo, act: "signed" }] }),
  agreement("alfa.papa", "Open", 1, papa, { standing: "ended", ended: "2026-06-11T14:01:00Z", ended_by: "ana", why: "the partner was stopped" }),
];
const invitations = [{ id: "i_1", note: "CERT Lima", by: user, made: "2026-08-31T09:00:00Z", until: "2026-09-07T09:00:00Z", state: "used", member: lima }];
const templates = [["open", "what is clear or green goes both ways", "party", "party"], ["cert-cert", "CERT with CERT: equals, up to TLP:AMBER+STRICT", "party", "party"], ["sector-body", "a sector body and its member", "body", "member"]]
  .map(([name, summary, first, second]) => ({ name, summary, first, second, clauses: clauses("TLP:AMBER", "").slice(2) }));

const begun = Date.parse("2026-09-01T02:00:00Z"), salt = "0".repeat(32), log = sha("log of alfa");
const leaves = [{ kind: "opening", node: self.member, key: self.key }, { kind: "policy", what: "signed", with: kilo, agreement: sha("alfa.kilo 3"), epoch: "0000000000000001", details: sha("d") }];
for (let i = 0; i < 40; i += 1) {
  leaves.push({ kind: "release", to: i % 3 ? kilo : bank, agreement: sha("alfa.kilo 3"), epoch: "0000000000000001", via: "taxii", from: i * 100, until: i * 100 + 90, items: sha(`items ${i}`), count: 40 + i, counts: { "event infected-system": 30 + i, "event scanner": 10 } });
  leaves.push({ kind: "outcome", of: leaves.length - 1, outcome: i === 39 ? "sent" : "received", receipt: sha(`r${i}`) });
  if (i % 4 === 0) leaves.push({ kind: "receipt", from: kilo, release: { index: i, log: sha("log of kilo") }, leaf: sha(`l${i}`), items: sha(`j${i}`), shown: sha(`s${i}`), taken: 25, refused: { 4: 2 } });
  if (i % 5 === 0) leaves.push({ kind: "denial", to: kilo, agreement: sha("alfa.kilo 3"), epoch: "0000000000000001", commit: i, clause: 4, count: 7 });
}
const rows = leaves.map((leaf, index) => {
  const at = iso(begun + index * 60_000), whole = { at, salt, ...leaf }, to = leaf.to ?? leaf.from ?? leaf.with ?? (leaf.of === undefined ? "" : leaves[leaf.of].to);
  return { index, at, kind: leaf.kind, ...(to && { partner: to }), hash: sha(JSON.stringify(whole)), leaf: whole, ...(leaf.details && { details: "ana: it was read by both" }), ...(leaf.kind === "release" && index < leaves.length - 4 && { acknowledged: true }) };
});
const head = (node, size) => ({ at: iso(begun + size * 60_000), key: key(node), log: node === self.member ? log : sha(`log of ${node}`), node, root: sha(`root ${node} ${size}`), signature: sha("x") + sha("y"), size });
const side = (counts, taken, more = {}) => ({ acts: 40, items: taken + 4, taken, sightings: 12, confirmed: 31, refuted: 2, counts, refused: { 4: 4 }, answers: 0, ...more });
const balances = [
  { partner: kilo, given: side({ "event infected-system": 1304, "event scanner": 270, "finding phishing": 88 }, 1662), received: side({ "event infected-system": 1480, "finding phishing": 40 }, 1520, { answers: 9, answer_p50_s: 5400 }), open: 1, percent: 109 },
  { partner: bank, given: side({ "event infected-system": 640, "event scanner": 130 }, 770), received: side({ "event phishing": 112 }, 112), open: 0, percent: 688 },
];

function stand(one, changes, act, words, now) { Object.assign(one, changes); one.acts = [{ at: iso(now), by: user, act, ...(words && { words }) }, ...(one.acts ?? [])]; return one; }
const brief = ({ clauses: _c, changes: _d, acts: _a, toml: _t, ...rest }) => rest, plain = ({ acts: _a, ...rest }) => rest;
function draft_of(toml, given, now) {
  const id = /id = "([^"]*)"/.exec(toml)?.[1] ?? "x", before = agreements.filter((one) => one.id === id && one.standing === "active").at(-1), version = (before?.version ?? 0) + 1;
  const { acts: _a, proposed: _p, proposed_by: _b, ...draft } = agreement(id, given.title ?? "", version, given.partner ?? kilo, { standing: "proposed", toml, from: iso(now), until: given.until ?? "2027-09-01T00:00:00Z", wanted_by: [], parties: [{ member: self.member, why: "has not signed" }, { member: given.partner ?? kilo, why: "has not signed" }] });
  return { ...draft, ...(before && { replaces: before.address, changes: [{ clause: "clause 4 (marking)", widens: true, words: "rule 1: max_tlp was GREEN, is AMBER" }] }) };
}
function explained(body) {
  const event = body.item.startsWith("{") ? JSON.parse(body.item) : undefined, tlp = event ? event.tlp : "green", under = agreements.filter((one) => (body.agreement ? one.address === body.agreement : one.standing !== "ended" && one.parties.some((party) => party.member === body.partner)));
  const decision = tlp === "red" || !tlp ? { released: false, reason: "tlp-red", clause: 4, clause_name: "marking", sentence: "withheld by clause 4 (marking): TLP:RED never goes by machine", counterfactual: "no change of the agreement lets it pass", also: [] }
    : { released: true, reason: "released", clause: 4, clause_name: "marking", rule: 1, sentence: "released by rule 1: TLP:GREEN is not above TLP:GREEN", also: [], treatments: [{ field: "account", action: ["hash"] }, { field: "address", action: ["generalise"], v4_bits: 24, v6_bits: 48, step_s: 86400 }], onward: "none", may_tell_affected: true, retention_days: 90 };
  return { released: decision.released && under.length > 0, item: { kind: event ? "event" : "finding", type: event?.classification?.type ?? "infected-system", country: "BR", ...(tlp && { tlp }) }, items: under.map(({ address, id, title, version, standing }) => ({ address, id, title, version, standing, purpose: "defence", rule: "event, finding up to TLP:GREEN and PAP:RED", decision })) };
}

// Events as a partner would get them, in three kinds: changed, withheld by its agreement, stopped by their feed.
function seen_by(one, url) {
  const from = Number(url.searchParams.get("cursor") ?? 0), limit = Number(url.searchParams.get("limit") ?? 50), q = url.searchParams.get("q") ?? "", total = q.includes("nothing") ? 0 : 120, under = sha("alfa.kilo 3");
  const items = Array.from({ length: Math.max(0, Math.min(limit, total - from)) }, (_, i) => {
    const n = from + i, tlp = n % 3 === 1 ? "red" : "green", ip = `192.0.2.${n}`, event = { id: `e_${n}`, classification: { type: n % 2 ? "infected-system" : "scanner" }, source: { ip, account: "ana@example.org" }, time: { source: iso(Date.parse("2026-09-01T09:00:00Z") - n * 60_000) }, tlp };
    const decision = (released, clause, clause_name, sentence, counterfactual) => ({ agreement: under, released, reason: released ? "released" : "tlp-red", clause, clause_name, sentence, ...(counterfactual && { counterfactual }) });
    if (n % 3 === 0) return { event, goes: true, agreement: under, told: { ...event, id: undefined, source: { network: "192.0.2.0/24" } }, under: [decision(true, 4, "marking", "released by rule 1: TLP:GREEN is not above TLP:GREEN")] };
    if (n % 3 === 1) return { event, goes: false, under: [decision(false, 4, "marking", "withheld by clause 4 (marking): TLP:RED never goes by machine", "no change of the agreement lets it pass")] };
    return { event, goes: false, hindrance: "its feed is not to be passed on", under: [] };
  });
  return { items, partner: one.member, looked_at: total, goes: total / 3, hindered: total / 3, withheld: total > 0 ? [{ clause: 4, name: "marking", count: total / 3 }] : [], ...(from + limit < total && { next: String(from + limit) }) };
}
function answer_partners({ state, url, body, json, fail, response }, path, method) {
  const now = state.now(), asked = { as_of: iso(now), took_ms: 1 }, [, , first, second] = path.split("/").map(decodeURIComponent);
  if (path === "/partners") return json({ items: partners.map(plain), self, total: partners.length, ...asked });
  if (path === "/partners/invitations" && method === "POST") {
    const one = { id: `i_${invitations.length + 1}`, note: body.note, by: user, made: iso(now), until: iso(now + (body.days ?? 7) * day), state: "open" };
    invitations.unshift(one);
    return json({ id: one.id, code: `TOCSIN-${sha(one.id).toUpperCase()}${sha(one.note)}`, until: one.until, ...asked });
  }
  if (path === "/partners/invitations") return json({ items: invitations, total: invitations.length, ...asked });
  if (first === "invitations") { Object.assign(invitations.find((one) => one.id === second), { state: "withdrawn" }); return response.writeHead(204).end(); }
  if (path === "/partners/join") {
    if (body.code.length < 20) return fail(400, "Bad Request", "this is no invitation");
    const one = partner("oscar.example.org", "Oscar University", "NO", { state: "to-compare", joined: iso(now), changed: iso(now), tokens: 0 });
    partners.push(one);
    return json(plain(one));
  }
  if (path === "/partners/key") { self.key = key(`alfa at ${now}`); return json({ key: self.key }); }
  if (path === "/partners/key/recovery" && method === "DELETE") { delete self.recovery_here; return response.writeHead(204).end(); }
  if (path === "/partners/key/recovery") return json({ recovery_key: sha("paper").match(/.{4}/g).join(" ") });
  const one = partners.find((each) => each.member === first);
  if (!one) return fail(404, "Not Found", `no partner '${first}'`);
  if (second === "view") return json({ ...seen_by(one, url), ...asked });
  if (second === "compare") return body.fingerprint === fingerprint ? json(plain(stand(one, { state: "compared", changed: iso(now), by: user }, "compared", "", now))) : fail(403, "Forbidden", "the fingerprint is another: somebody may stand in between");
  if (second === "stop" || second === "revoke") return json(plain(stand(one, { state: second === "stop" ? "stopped" : "to-compare", changed: iso(now), by: user, why: body.why }, second === "stop" ? "stopped" : "revoked its keys", body.why, now)));
  if (second === "tokens") { one.tokens += 1; return json({ token: `tpt_${sha(String(now))}` }); }
  return json(one);
}
function answer_agreements({ state, body, json, fail }, path, method) {
  const now = state.now(), asked = { as_of: iso(now), took_ms: 1 }, [, , first, second] = path.split("/").map(decodeURIComponent);
  if (path === "/agreements" && method === "POST") {
    const { hindrance: _h, ...draft } = draft_of(body.agreement, {}, now);
    agreements.push(stand(draft, { wanted_by: [user], proposed_by: user, proposed: iso(now) }, "wants it; a second person must", "", now));
    return json(brief(draft));
  }
  if (path === "/agreements") return json({ items: agreements.map(brief), total: agreements.length, ...asked });
  if (first === "templates") return json({ items: templates, total: templates.length, ...asked });
  if (first === "draft") return json(draft_of(`id = "${body.id}"\n# as ${body.template}\n`, body, now));
  if (first === "check") return body.agreement.includes("=") ? json({ ...draft_of(body.agreement, {}, now), ...(body.agreement.includes("stranger") && { hindrance: "'stranger.example.org' is no compared partner of this node" }) }) : fail(400, "Bad Request", "the agreement:1: this is no TOML");
  if (first === "explain") return /^(\{|f_)/.test(body.item) ? json({ ...explained(body), ...asked }) : fail(400, "Bad Request", "name a finding by its id, or give an event or an item as JSON");
  const one = agreements.find((each) => each.address === first);
  if (!one) return fail(404, "Not Found", `no agreement '${first}'`);
  if (second === "sign") {
    const wanted_by = [...new Set([...(one.wanted_by ?? []), user])];
    if (wanted_by.length < 2) return json(brief(stand(one, { wanted_by }, "wants it; a second person must", "", now)));
    const parties = one.parties.map((party) => (party.member === self.member ? { member: party.member, signed: iso(now) } : party));
    return json(brief(stand(one, { wanted_by, parties, standing: parties.every((party) => party.signed) ? "active" : "proposed" }, "signed", "", now)));
  }
  if (second === "suspend") return json(brief(stand(one, { standing: "suspended", suspended: [{ member: self.member, why: body.why }] }, "suspended", body.why, now)));
  if (second === "resume") { delete one.suspended; return json(brief(stand(one, { standing: "active" }, "resumed", "", now))); }
  if (second === "end") return json(brief(stand(one, { standing: "ended", ended: iso(now), ended_by: user, why: body.why }, "ended", body.why, now)));
  if (second === "deleted") return json(brief(stand(one, { deleted: [{ member: self.member, at: iso(now) }] }, "said that it deleted what came", "", now)));
  if (second === "renew") {
    const next = { ...one, address: sha(`${one.id} ${one.version + 1} ${now}`), version: one.version + 1, replaces: one.address, until: body.until, standing: "proposed", widens: false, wanted_by: [user], proposed_by: user, proposed: iso(now), parties: [{ member: self.member, signed: iso(now) }, { member: one.parties[1].member, why: "has not signed" }], changes: [{ clause: "clause 2 (validity)", words: `until ${body.until}` }], acts: [{ at: iso(now), by: user, act: "signed" }] };
    agreements.push(next);
    return json(brief(next));
  }
  return json(one);
}
function answer_ledger({ state, url, body, json, fail, response }, path, method) {
  const asked = { as_of: iso(state.now()), took_ms: 1 }, ours = head(self.member, rows.length), query = (name) => url.searchParams.get(name) ?? "";
  if (path === "/ledger") {
    const found = rows.filter((row) => (!query("partner") || row.partner === query("partner")) && (!query("kind") || row.kind === query("kind")) && (!query("cursor") || row.index < Number(query("cursor")))).reverse(), limit = Number(query("limit") || 50);
    return json({ items: found.slice(0, limit), ...(found.length > limit && { next: String(found[limit - 1].index) }), ...asked });
  }
  if (path === "/ledger/head") return json({ head: ours, witnesses: [{ by: kilo, key: key(kilo), signature: sha("w") }], ...asked });
  if (path === "/ledger/heads") return json({ items: [{ head: head(kilo, 310), via: kilo, state: "proved" }, { head: head(bank, 95), via: bank, state: "unproved" }], total: 2, ...asked });
  if (path === "/ledger/reciprocity") return json({ items: balances, ...asked });
  if (path === "/ledger/verify") {
    const wrong = (body.known ?? []).find((one) => one !== `${ours.size}:${ours.root}`);
    return json({ good: wrong === undefined, ...(wrong && { wrong: `the head that was noted does not fit: ${wrong}` }), logs: [{ log, node: self.member, size: rows.length, root: ours.root, keys: [self.key], heads: 61, releases: 40, acknowledged: 39, receipts: 10, unknown: 0, masked: 0 }], seen: 2, ...asked });
  }
  if (path === "/ledger/compare" && method === "POST") return json({ good: false, partner: kilo, differences: [{ member: kilo, index: 12, what: "it took release 17, and says that it took another" }], notes: [], agreed: 38, open: 1, keys: [key(kilo)], ...asked });
  if (path === "/ledger/export" || path === "/ledger/account") { response.writeHead(200, { "content-type": "application/x-ndjson", "content-disposition": 'attachment; filename="ledger.jsonl"' }); return response.end(`${JSON.stringify({ format: "tocsin ledger 1", head: ours })}\n`); }
  const row = rows[Number(path.split("/")[2])];
  return row ? json({ ...row, head: ours, proof: Array.from({ length: 7 }, (_, i) => sha(`p${i}`)), ...(row.acknowledged && { receipt: { by: { by: kilo, key: key(kilo), signature: sha("s") }, index: 3, log: sha("log of kilo") } }), ...asked }) : fail(404, "Not Found", "no such entry");
}

// Whether this room answered.
export function answer_share(context, path, method) {
  const answer = { partners: answer_partners, agreements: answer_agreements, ledger: answer_ledger }[path.split("/")[1]];
  answer?.(context, path, method);
  return answer !== undefined;
}
