// xss_plants: writes a payload into every text that the API takes, room by room. xss.test.mjs fails while a field of docs/openapi.json
// is in none of these and not in a list at the end.
import assert from "node:assert/strict";
import { payloads } from "./xss.mjs";
import { writing } from "./fields.mjs";

// The payload, cut, with a mark behind it: `most` bytes together.
const marked = (payload, name, most = 190) => `${Buffer.from(payload).subarray(0, most - name.length - 2)}~${name}~`;
const parsed = (answer) => JSON.parse(answer.body);
const fine = (answer, what) => { assert.ok(answer.status < 300, `${what}: ${answer.status} ${answer.body}`); return answer; };
const query = (fields) => new URLSearchParams(fields).toString();
const address = (n, block = 0) => `192.0.2.${block * 64 + n + 1}`;
const csv_cell = (text) => `"${text.replaceAll('"', '""')}"`;
const now = (before_ms = 60_000) => new Date(Date.now() - before_ms).toISOString();

// What a report says, in every field that takes a text, of the subjects that are each address, name, URL and account.
function events(payload, n) {
  const text = (name) => marked(payload, `event.${name}`), what = { "classification.identifier": text("identifier"), "feed.name": "xss" };
  const ends = (end, ip) => ({
    [`${end}.ip`]: ip, [`${end}.as_name`]: text("as-name"), [`${end}.asn`]: 64496, [`${end}.geolocation.cc`]: "BR", [`${end}.geolocation.city`]: text("city"), [`${end}.geolocation.region`]: text("region"),
    [`${end}.local_hostname`]: text("local-hostname"), [`${end}.account`]: text("account"), [`${end}.url`]: `https://h${n}.example.org/${text("url")}`, [`${end}.urlpath`]: text("urlpath"), [`${end}.abuse_contact`]: text("abuse-contact"),
  });
  return [
    { ...what, ...ends("source", address(n)), ...ends("destination", address(n, 1)), "time.source": now(), "classification.type": "infected-system", severity: "critical", "source.fqdn": `h${n}.example.org`, "malware.name": text("family"), "malware.version": text("malware-version"),
      "protocol.application": text("application"), "event_description.text": text("description"), "event_description.target": text("target"), "event_description.url": `https://example.org/${text("description-url")}`, "product.name": text("product"), "product.vendor": text("vendor"),
      "feed.provider": text("provider"), "feed.documentation": text("documentation"), screenshot_url: `https://example.org/${text("screenshot")}`, status: text("status"), extra: { text: text("extra"), [payload]: text("extra-name"), sector: text("sector") }, comment: text("comment") },
    { ...what, "time.source": now(), "classification.type": "phishing", "source.url": `https://u${n}.example.org/${payload}` },
    { ...what, "time.source": now(), "classification.type": "system-compromise", "source.account": marked(payload, "event.account-subject") },
    { ...what, "time.source": now(), "classification.type": "unauthorised-information-modification", "source.fqdn": `f${n}.example.org`, "source.url": `https://f${n}.example.org/${payload}` },
  ];
}

// Each: `ask(method, path, data)` answers {status, body}; what a field refuses is refused.
export const plants = {
  async constituents(ask, payload, n) {
    const plain = payload.replace("\u202e", ""), text = (name) => marked(plain, `constituent.${name}`); // what turns the direction of text is refused here
    const row = { name: text("name"), sector: marked(plain, "constituent.sector", 64), country: "BR", language: "pt", prefixes: `${address(n)}/32`, asns: "64500", names: `h${n}.example.org`, contacts: `p${n}@example.org`, sure: "90", provider: "no", whole_country: "no" };
    const csv = (cells) => `${Object.keys(row).join(",")}\n${Object.values({ ...row, ...cells }).map(csv_cell).join(",")}\n`;
    const take = (data, fields = {}) => ask("POST", `/constituents/import?${query(fields)}`, data);
    for (const column of [...(plain === payload ? [] : ["name", "sector"]), "country", "language", "prefixes", "asns", "names", "contacts", "sure", "provider", "whole_country"]) {
      const { added, errors } = parsed(fine(await take(csv({ name: "Wrong", [column]: payload })), column));
      assert.ok(added === 0 && errors.length > 0, `${column} of a constituent is ${payload}`);
    }
    for (const name of ["dry", "replace", "skip_wrong"]) await take(csv({}), { [name]: payload });
    const one = { ...row, prefixes: [row.prefixes], asns: [64500], names: [row.names], contacts: [row.contacts], sure: 90, provider: false, whole_country: false };
    assert.equal(parsed(fine(await take(csv({})), "constituents as CSV")).added, 1, payload);
    assert.equal(parsed(fine(await take(JSON.stringify([{ ...one, name: text("json-name"), prefixes: [`${address(n, 1)}/32`], names: [`j${n}.example.org`] }])), "constituents as JSON")).added, 1, payload);
  },
  async reports(ask, payload, n) {
    const lines = events(payload, n).map((event) => JSON.stringify(event)).join("\n") + "\n", right = { feed: "xss", format: "intelmq", tlp: "green", name: marked(payload, "report.name") };
    for (const field of ["format", "tlp", "exercise", "history", "again", "visible"]) await ask("POST", `/reports?${query({ ...right, [field]: payload })}`, lines);
    for (const field of ["feed", "format", "tlp", "name"]) await ask("POST", `/preview?${query({ ...right, [field]: payload })}`, lines);
    assert.equal(parsed(fine(await ask("POST", `/reports?${query(right)}`, lines), "a report")).events, 4, payload);
    await ask("POST", `/reports?${query({ ...right, feed: marked(payload, "report.feed"), name: `bad-${n}` })}`, `${lines.split("\n")[1]}\n${marked(payload, "rejected.line")}\n`); // its second line goes to the quarantine
    await ask("POST", `/reports?${query({ feed: "xss", format: "csv", name: `${marked(payload, "failed.name")}-${n}` })}`, payload); // a whole report that fails
  },
  async corrections(ask, payload, n) {
    const line = (host, comment = "") => JSON.stringify({ comment, "time.source": now(), "classification.type": "scanner", "source.ip": address(n, 2), "source.fqdn": host, "feed.name": "xss" }) + "\n";
    const take = async (host) => parsed(fine(await ask("POST", `/reports?${query({ feed: "xss-corrected", format: "intelmq", tlp: "green", name: `${host}.jsonl` })}`, line(host)), "a report to correct")).report;
    const [gone, other, again] = [await take(`w${n}.example.org`), await take(`r${n}.example.org`), await take(`a${n}.example.org`)];
    fine(await ask("POST", `/reports/${gone}/withdraw`, { reason: marked(payload, "withdraw.reason") }), "withdraw");
    for (const field of ["format", "tlp"]) await ask("POST", `/reports/${other}/replace?${query({ reason: "r", format: "intelmq", [field]: payload })}`, line(`s${n}.example.org`));
    fine(await ask("POST", `/reports/${other}/replace?${query({ reason: marked(payload, "replace.reason"), name: marked(payload, "replace.name"), format: "intelmq" })}`, line(`s${n}.example.org`, payload)), "replace");
    for (const field of ["format", "tlp"]) await ask("POST", `/reports/${again}/replay`, { reason: "r", [field]: payload });
    await ask("POST", `/reports/${again}/replay`, { reason: marked(payload, "replay.reason") });
  },
  async triage(ask, payload, n) {
    const text = (name, most) => marked(payload, `triage.${name}`, most), soon = "30d";
    const found = parsed(await ask("GET", `/findings?${query({ q: `ip:${address(n)}` })}`)).items, [{ id }] = found;
    const change = (one) => ({ assign: text("assigned", 120), note: text("note"), tag: [text("tag", 62)], untag: [text("untag", 62)], mute_until: soon, mute_reason: text("mute-reason"), ...one });
    for (const path of [`/findings/${id}/triage`, "/triage"]) {
      const whom = path === "/triage" ? { findings: [id] } : {};
      for (const field of ["verdict", "duplicate_of", "mute_until"]) await ask("POST", path, { ...whom, [field]: payload, ...(field === "duplicate_of" && { verdict: "duplicate" }) });
      fine(await ask("POST", path, change(whom)), `triage by ${path}`);
      await ask("POST", path, { ...whom, unmute: true }); // what is muted alerts nobody
    }
    await ask("POST", "/triage", { findings: [payload], verdict: "true" });
    await ask("POST", "/triage", { q: `tag:${JSON.stringify(text("tag", 62))}`, verdict: "true" });
    await ask("POST", "/triage", { q: payload, verdict: "true" });
    await ask("POST", "/triage", { q: `ip:${address(n)}`, without: payload, verdict: "true" });
  },
  async mutes(ask, payload) {
    const mute = (one) => ask("POST", "/mutes", { until: "30d", reason: marked(payload, "mute.reason"), subject: "198.51.100.7", ...one });
    for (const field of ["type", "until"]) await mute({ [field]: payload });
    for (const field of ["subject", "feed"]) await mute({ [field]: marked(payload, `mute.${field}`, 100) });
    fine(await mute({}), "a mute");
  },
  async views(ask, payload) {
    const view = { name: marked(payload, "view.name", 90), query: `q=${marked(payload, "view.query")}`, shared: true };
    const { id } = parsed(fine(await ask("POST", "/views", view), "a view"));
    fine(await ask("PUT", `/views/${id}`, view), "a changed view");
  },
  async cases(ask, payload, n) {
    const text = (name) => marked(payload, `case.${name}`), { id } = parsed(fine(await ask("POST", "/cases", { title: text("first-title"), text: text("first-text") }), "a case"));
    if (n > 0) fine(await ask("PUT", `/cases/${id}`, { title: text("title"), text: text("text") }), "a changed case");
    fine(await ask("POST", `/cases/${id}/notes`, { text: text("note") }), "a note");
    fine(await ask("POST", `/cases/${id}/files?${query({ name: text("file").replaceAll("/", "∕") + ".html" })}`, `<!doctype html><title>x</title>${payload}`), "a file");
    await ask("POST", `/cases/${id}/files?${query({ name: payload })}`, payload);
  },
  async law(ask, payload, n) {
    for (const kind of ["report", "subject", "case"]) await ask("POST", "/holds", { [kind]: payload, reason: marked(payload, "hold.reason") });
    fine(await ask("POST", "/holds", { subject: `held-${n}.example.org`, reason: marked(payload, "hold.reason") }), "a hold");
    for (const what of ["show", "export"]) await ask("POST", `/subjects/${what}`, { subject: payload });
    if (!payload.includes("@")) await ask("POST", "/subjects/erase", { subject: payload, reason: "r" }); // an account would be taken out of everything
    fine(await ask("POST", "/subjects/erase", { subject: `gone-${n}.example.org`, reason: marked(payload, "erase.reason") }), "an erasure");
  },
  async situations(ask, payload) {
    for (const field of ["period", "country", "audience", "k"]) await ask("POST", "/situations", { period: now().slice(0, 4), [field]: payload });
    fine(await ask("POST", "/situations", { period: now().slice(0, 4), constituent: marked(payload.replace("\u202e", ""), "constituent.name") }), "a constituent's situation report");
  },
  async people(ask, payload, n) {
    fine(await ask("POST", "/tokens", { name: marked(payload, "token.name", 100) }), "a token");
    for (const field of ["user", "expires", "role"]) await ask("POST", "/tokens", { name: "t", [field]: payload });
    await ask("POST", "/tokens", { name: "t", rights: [payload] });
    assert.equal((await ask("POST", "/users", { name: payload, role: "viewer" })).status, 400, `a user called ${payload}`);
    await ask("POST", "/users", { name: `user-${n}`, role: payload });
    fine(await ask("POST", "/users", { name: `user-${n}`, role: "viewer", password: payload.padEnd(12, "-") }), "a user");
    await ask("POST", `/users/user-${n}/role`, { role: payload });
    await ask("POST", "/profile/password", { old_password: payload, new_password: payload.padEnd(12, "-") });
    await ask("POST", "/profile/totp", { password: payload });
    await ask("POST", "/profile/totp/confirm", { totp: payload });
    await ask("POST", "/profile/totp/end", { password: payload });
    await ask("POST", "/session", { user: payload, password: payload, totp: payload });
    await ask("POST", "/session", { code: payload });
  },
  async catalogue(ask, payload) {
    // None is ticked: its provider would be asked. A feed that needs no user name refuses one.
    assert.equal((await ask("POST", "/feeds/urlhaus/enable", { accept_terms: true, username: payload })).status, 400);
  },
  async quarantine(ask, payload) {
    for (const what of ["replay", "drop"]) for (const pick of [{ feed: payload }, { feed: "xss", reason: payload }, { ids: [payload] }]) await ask("POST", `/quarantine/${what}`, pick);
  },
  async node(ask, payload) {
    await ask("POST", "/search", { lines: [payload, `example.org ${payload}`] });
    await ask("POST", "/backup", { folder: payload });
    await ask("POST", "/backup", { folder: `/${payload}` });
    await ask("POST", "/alerts/replay", { ids: [payload] });
    await ask("POST", `/alerts/run?${query({ all: payload })}`);
  },
  async ledger(ask, payload) {
    await ask("POST", "/ledger/verify", { known: [payload] });
    await ask("POST", "/ledger/compare", payload);
  },
  async indicators(ask, payload, n) {
    const text = (name) => marked(payload, `indicator.${name}`), list = (fields, data = `198.51.100.${n + 1}\n`) => ask("POST", `/indicators?${query(fields)}`, data);
    for (const field of ["format", "type", "severity", "tlp", "pap", "valid_from", "valid_until", "techniques", "confidence"]) await list({ [field]: payload });
    fine(await list({ source: text("source"), family: text("family"), text: text("text"), format: "list" }), "a list of indicators");
    fine(await list({ format: "csv" }, `value,kind,description,id,family\n${["value", "description", "id", "family"].map((name) => csv_cell(text(name))).toSpliced(1, 0, "mutex").join(",")}\n${csv_cell(payload)},,,,\n`), "a table of indicators");
    const { id } = parsed(fine(await ask("GET", `/indicators?${query({ q: `198.51.100.${n + 1}`, exact: "yes" })}`), "an indicator")).items[0];
    for (const field of ["first", "last"]) await ask("POST", `/indicators/${id}/sightings`, { [field]: payload });
    fine(await ask("POST", `/indicators/${id}/sightings`, { text: text("sighting") }), "a sighting");
    fine(await ask("POST", `/indicators/${id}/false-positives`, { text: text("false-positive") }), "a false positive");
    fine(await ask("POST", `/indicators/${id}/expire`, { why: text("why") }), "the end of an indicator");
    await ask("POST", "/indicators", payload);
  },
  // By mail, which needs no agreement; what the other side says a person writes down.
  async requests(ask, payload, n) {
    const line = payload.replace("\u202e", ""), text = (name) => marked(line, `request.${name}`), made = (more) => ask("POST", "/requests", { mail: `r${n}@example.org`, kind: "take-down", subject: address(n), type: "phishing", ...more });
    const { id } = parsed(fine(await made({ words: text("words"), legal_basis: text("legal-basis"), sector: marked(line, "request.sector", 60) }), "a request by mail"));
    await made({ subject: `https://r${n}.example.org/${payload}` });
    fine(await ask("POST", `/requests/${id}/comment`, { words: text("comment") }), "a comment");
    const act = ["accept", "refuse", "done", "withdraw"][n % 4];
    fine(await ask("POST", `/requests/${id}/${act}`, { words: text(act), ...(act === "refuse" && { reason: "other" }) }), act);
  },
  // With the member two.example.org, whose name is a payload.
  async partners(ask, payload, n) {
    const two = "two.example.org", line = payload.replace("\u202e", ""), until = `${Number(now().slice(0, 4)) + 1}-01-01T00:00:00Z`, right = { template: "open", id: `x${n}`, partner: two, until };
    await ask("POST", "/partners/statements", payload);
    fine(await ask("POST", "/partners/invitations", { note: marked(line, "invitation.note"), days: 7 }), "an invitation");
    await ask("POST", "/partners/join", { code: payload });
    await ask("POST", `/partners/${two}/compare`, { fingerprint: payload });
    for (const act of ["stop", "revoke"]) await ask("POST", `/partners/x/${act}`, { why: payload });
    await ask("POST", "/partners/key/recovery", { recovery_key: payload });
    for (const field of ["partner", "event", "why"]) await ask("POST", "/emergencies", { partner: two, event: "e_1", why: "it burns", [field]: payload });
    await ask("POST", "/emergencies/1/recall", { why: payload }); // there is none
    for (const field of ["template", "id", "partner", "from", "until"]) await ask("POST", "/agreements/draft", { ...right, [field]: payload });
    const { toml } = parsed(fine(await ask("POST", "/agreements/draft", right), "a draft"));
    const agreement = toml.replace(/^title = .*$/m, `title = ${JSON.stringify(marked(line, "agreement.title", 90))}`);
    assert.notEqual(agreement, toml);
    await ask("POST", "/agreements/check", { agreement: payload });
    fine(await ask("POST", "/agreements/check", { agreement }), "a checked agreement");
    const { address } = parsed(fine(await ask("POST", "/agreements", { agreement }), "a proposal"));
    for (const field of ["item", "partner", "agreement", "purpose"]) await ask("POST", "/agreements/explain", { item: "{}", partner: two, [field]: payload });
    fine(await ask("POST", "/agreements/explain", { item: JSON.stringify({ sector: payload }), partner: payload }), "may they have this");
    await ask("POST", `/agreements/${address}/renew`, { until: payload });
    await ask("POST", `/agreements/${address}/suspend`, { why: payload }); // not signed, so not in force
    fine(await ask("POST", `/agreements/${address}/end`, { why: marked(line, "agreement.why") }), "an end");
    for (const field of ["constituent", "country", "deadline", "finding", "item", "kind", "legal_basis", "mail", "member", "pap", "sector", "sort", "subject", "tlp", "type", "words"]) await ask("POST", "/requests", { member: "x", kind: "confirm", subject: "192.0.2.7", [field]: payload });
    for (const act of ["accept", "refuse", "done", "withdraw", "comment"]) await ask("POST", `/requests/x/${act}`, { words: payload });
    await ask("POST", "/requests/x/refuse", { reason: payload });
    for (const field of ["item", "member", "opinion", "pap", "tlp", "type", "words"]) await ask("POST", "/opinions", { member: "x", item: "x", [field]: payload });
  },
  // A name or an id in a call's path that is none.
  async paths(ask, payload) {
    const usual = { tag: ["t"], untag: ["t"], role: "viewer", verdict: "true", duplicate_of: "", mute_until: "1d" };
    for (const call of writing.filter((one) => one.in_path.length > 0)) {
      const path = call.in_path.reduce((text, name) => text.replace(`{${name}}`, encodeURIComponent(`${payload}~none~`)), call.path.replace("/api/v1", ""));
      const data = call.bytes ? payload : !call.json ? undefined : call.body.length > 0 ? Object.fromEntries(call.body.map((name) => [name, usual[name] ?? "r"])) : { accept_terms: true };
      const answer = await ask(call.method, `${path}${call.query.length > 0 ? `?${query(Object.fromEntries(call.query.map((name) => [name, "r"])))}` : ""}`, data);
      assert.ok(answer.status >= 400, `${call.method} ${path}: ${answer.status}`);
    }
  },
};

// Once all plants stand: what is told of them by mail, and the reports that somebody may ask for.
export async function later(ask, box) {
  fine(await ask("POST", "/alerts/dry-run", {}), "a dry run");
  fine(await ask("POST", "/alerts/switch", { on: true }), "switching on");
  for (const end = Date.now() + 20_000; ; await new Promise((resolve) => setTimeout(resolve, 300))) {
    const { sent, dead } = parsed(await ask("GET", "/alerts/state"));
    if (sent + dead >= payloads.length) break;
    assert.ok(Date.now() < end, `${sent} sent, ${dead} given up of ${payloads.length}`);
  }
  const alerted = box.mails.filter(({ to }) => /\bp\d+@/.test(to)); // the others are requests
  for (const payload of payloads) {
    const bounce = (id) => ["From: mailer@example.org", "To: cert@example.org", "Subject: failed", "MIME-Version: 1.0", 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', "", "--b", "Content-Type: text/plain", "", payload, "--b",
      "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; localhost", "", `Final-Recipient: rfc822; ${alerted[payloads.indexOf(payload) % 3].to}`, "Action: failed", "Status: 5.1.1", `Diagnostic-Code: smtp; 550 ${marked(payload, "bounce.diagnostic")}`, "", "--b", "Content-Type: message/rfc822", "",
      `Message-ID: ${id}`, "Subject: x", "", "--b--", ""].join("\r\n");
    await ask("POST", "/alerts/bounce", bounce(/^Message-ID: *(<.*>)/im.exec(alerted[payloads.indexOf(payload) % 3].text)[1]));
  }
  fine(await ask("POST", "/partners/two.example.org/stop", { why: marked(payloads[0], "partner.why") }), "a stop");
  const period = now().slice(0, 4);
  for (const wish of [{}, { audience: "public", k: "2" }]) fine(await ask("POST", "/situations", { period, country: "BR", ...wish }), "a situation report");
}

// Fields that are tried with every payload, and take none: each has a narrow form, or names a thing that must be there. What stands in
// a call's path is of that kind too.
export const refused = [
  "POST /alerts/replay ids", "POST /alerts/run all", "POST /backup folder", "POST /constituents/import dry", "POST /constituents/import replace", "POST /constituents/import skip_wrong", "POST /feeds/{name}/enable username", "POST /agreements/{address}/renew until", "POST /agreements/{address}/suspend why", ...["from", "id", "partner", "template", "until"].map((name) => `POST /agreements/draft ${name}`), "POST /agreements/explain agreement", "POST /agreements/explain purpose", "POST /partners/join code",
  "POST /partners/key/recovery recovery_key", "POST /partners/statements (bytes)", "POST /partners/{member}/compare fingerprint", "POST /partners/{member}/revoke why",
  ...["event", "partner", "why"].map((name) => `POST /emergencies ${name}`), "POST /emergencies/{id}/recall why",
  ...["format", "type", "severity", "tlp", "pap", "valid_from", "valid_until", "techniques"].map((name) => `POST /indicators ${name}`), "POST /indicators/{id}/sightings first", "POST /indicators/{id}/sightings last",
  ...["constituent", "country", "deadline", "finding", "item", "kind", "mail", "member", "pap", "sort", "tlp", "type"].map((name) => `POST /requests ${name}`), "POST /requests/{id}/refuse reason",
  ...["item", "member", "opinion", "pap", "tlp", "type", "words"].map((name) => `POST /opinions ${name}`),
  "POST /holds case", "POST /ledger/compare (bytes)", "POST /ledger/verify known", "POST /holds report", "POST /mutes type", "POST /mutes until", "POST /preview tlp",
  "POST /profile/password new_password", "POST /profile/password old_password", "POST /profile/totp password", "POST /profile/totp/confirm totp", "POST /profile/totp/end password", // who came by the link has none
  "POST /quarantine/drop ids", "POST /quarantine/replay ids", "POST /reports again", "POST /reports exercise", "POST /reports format", "POST /reports history", "POST /reports tlp", "POST /reports visible", "POST /reports/{id}/replace format", "POST /reports/{id}/replace tlp",
  "POST /reports/{id}/replay format", "POST /reports/{id}/replay tlp", "POST /session code", "POST /session password", "POST /session totp", "POST /session user", "POST /situations audience", "POST /situations country", "POST /situations k", "POST /situations period",
  "POST /subjects/erase subject", "POST /tokens expires", "POST /tokens rights", "POST /tokens role", "POST /tokens user", "POST /users name", "POST /users role", "POST /users/{name}/role role",
  ...["/triage", "/findings/{id}/triage"].flatMap((path) => ["duplicate_of", "mute_until", "verdict"].map((name) => `POST ${path} ${name}`)), "POST /triage findings", "POST /triage without",
];
