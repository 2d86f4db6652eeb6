// mock_requests: requests, opinions and notes of the mock, in memory.
import { createHash } from "node:crypto";

const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z"), sha = (text) => createHash("sha256").update(text).digest("hex"), hour = 3_600_000;
const kilo = "cert-kilo.example.org", bank = "fincert.example.org", user = "local", start = Date.parse("2026-09-01T09:42:17Z");
export const campaign = "campaign--6c1fa9d2-0a5e-4a3e-9a52-0b9d6c0f1d11", indicator = "indicator--0f3a0f5e-77d5-4d4b-8a53-0d7d0c9b3c01";

// `h`: hours from the mock's beginning.
function request(id, kind, member, h, more) {
  const { acts = [], ...rest } = more, at = iso(start + h * hour), by = more.ours ? "ana" : member;
  return { id: sha(id).slice(0, 32), ...(more.mail_to ? {} : { member, agreement: sha(member === kilo ? "alfa.kilo 3" : "alfa.bank 1") }), kind, state: "open", tlp: "amber", by, at, changed: at, ...rest, acts: [{ at, by, act: "ask", ...(more.words && { words: more.words }) }, ...acts] };
}
const requests = [
  request("1", "take-down", bank, -31, { sort: "url", subject: "http://secure-login-portal.example.net/customers/of/the/bank/sign-in?next=/accounts", type: "phishing", words: "a page of a bank of ours; 14 customers have typed their data into it", legal_basis: "article 5 of the agreement, and our law on payment services", deadline: iso(start - 7 * hour), late: true }),
  request("2", "confirm", kilo, -3, { sort: "ip", subject: "192.0.2.77", type: "infected-system", country: "BR", words: "is this one yours?", deadline: iso(start + 45 * hour) }),
  request("3", "preserve", kilo, -60, { sort: "name", subject: "shop7.example.com", type: "system-compromise", legal_basis: "mutual assistance, file 2026/118", state: "accepted", deadline: iso(start + 200 * hour), answered: iso(start - 50 * hour), acts: [{ at: iso(start - 50 * hour), by: "ana", act: "accept", words: "until the end of the month" }] }),
  request("4", "tell-owner", kilo, -200, { sort: "ip", subject: "198.51.100.9", type: "scanner", state: "refused", refusal: "not-ours", answered: iso(start - 180 * hour), acts: [{ at: iso(start - 180 * hour), by: "bea", act: "refuse", refusal: "not-ours", words: "the prefix was sold in May" }] }),
  request("5", "take-down", kilo, -20, { ours: true, sort: "url", subject: "http://mail12.example.org/login", type: "phishing", finding: "f_255s", told: "http://mail12.example.org/login", state: "accepted", deadline: iso(start + 20 * hour), answered: iso(start - 18.5 * hour), acts: [{ at: iso(start - 18.5 * hour), by: kilo, act: "accept" }, { at: iso(start - 2 * hour), by: kilo, act: "comment", words: "the provider is told and has until tonight" }] }),
  request("6", "confirm", bank, -26, { ours: true, item: campaign, words: "do you see this one too?" }),
  request("7", "take-down", "", -30, { ours: true, mail_to: "abuse@hosting.example.net", sort: "ip", subject: "203.0.113.80", type: "c2-server", mail: "failed", mail_error: "550 5.1.1 abuse@hosting.example.net: no such mailbox here", deadline: iso(start + 4 * hour) }),
  request("8", "take-down", kilo, -400, { ours: true, sort: "name", subject: "gate.example.org", type: "c2-server", told: "gate.example.org", state: "refused", refusal: "not-illegal-here", answered: iso(start - 390 * hour), acts: [{ at: iso(start - 390 * hour), by: kilo, act: "refuse", refusal: "not-illegal-here", words: "no court order, no law of ours against it" }] }),
  request("9", "tell-owner", "", -90, { ours: true, mail_to: "abuse@norte.example.net", sort: "ip", subject: "198.51.100.23", type: "infected-system", mail: "sent", state: "done", answered: iso(start - 40 * hour), acts: [{ at: iso(start - 40 * hour), by: "ana", act: "done", words: "they rang" }] }),
];
const opinion = (n, by, item, said, words, h) => ({ id: sha(`o${n}`).slice(0, 32), ...(by === "ana" && { ours: true }), member: by === "ana" ? kilo : by, by, item, opinion: said, ...(words && { words }), tlp: "amber", agreement: sha("alfa.kilo 3"), at: iso(start + h * hour) });
export const opinions = [opinion(1, bank, campaign, "agree", "seen at two of our members since Thursday", -5), opinion(2, "ana", indicator, "disagree", "a scanner of a university; it says so at its address", -50), opinion(3, kilo, campaign, "note", "the panel moved to another host on 28 August", -70)];

const brief = ({ acts: _a, ...rest }) => rest, over = (one) => one.state !== "open" && one.state !== "accepted";
const side = (asked, open, late, answers, p50) => ({ asked, open, late, answers, ...(p50 && { answer_p50_s: p50 }) });
const times = [{ member: kilo, ours: side(14, 1, 0, 12, 5400), theirs: side(9, 2, 0, 7, 21_600) }, { member: bank, ours: side(2, 1, 0, 0), theirs: side(1, 1, 1, 0) }];
const next = { accept: "accepted", refuse: "refused", done: "done", withdraw: "withdrawn" };

// Whether this room answered.
export function answer_requests({ state, url, body, json, fail }, path, method) {
  const now = state.now(), asked = { as_of: iso(now), took_ms: 1 }, [, room, id, act] = path.split("/").map(decodeURIComponent), query = (name) => url.searchParams.get(name) ?? "";
  if (room === "opinions" && method === "POST") {
    if (!/--/.test(body.item)) return fail(400, "Bad Request", `not a STIX id: '${body.item}'`), true;
    const one = { id: sha(`o${now}`).slice(0, 32), ours: true, tlp: "amber", ...body, by: user, at: iso(now) };
    opinions.unshift(one);
    return json(one), true;
  }
  if (room === "opinions") return json({ items: opinions.filter((one) => !query("item") || one.item === query("item")), total: opinions.length, ...asked }), true;
  if (room !== "requests") return false;
  if (!id && method === "POST") {
    if (body.subject === "10.0.0.1") return fail(403, "Forbidden", "withheld by clause 4 (kind): no rule lets a request about this go"), true;
    const { mail, member, affected: _f, constituent, ...ask } = body, at = iso(now);
    const one = { id: sha(`r${now}`).slice(0, 32), ours: true, state: "open", tlp: "amber", ...(member ? { member } : { mail_to: mail ?? `${constituent}@example.org`, mail: "queued" }), ...ask, by: user, at, changed: at, acts: [{ at, by: user, act: "ask", ...(body.words && { words: body.words }) }] };
    requests.unshift(one);
    return json(brief(one)), true;
  }
  if (!id) {
    const items = requests.filter((one) => (!query("partner") || one.member === query("partner")) && (!query("state") || one.state === query("state")) && (!query("which") || (query("which") === "open" ? !over(one) : one.late)));
    return json({ items: items.map(brief), total: items.length, partners: times.filter((one) => !query("partner") || one.member === query("partner")), ...asked }), true;
  }
  const one = requests.find((each) => each.id === id);
  if (!one) return fail(404, "Not Found", `no request '${id}'`), true;
  if (!act) return json({ ...one, ...asked }), true;
  if (act !== "comment" && over(one)) return fail(403, "Forbidden", `the request is ${one.state}`), true;
  Object.assign(one, { state: next[act] ?? one.state, changed: iso(now), ...(act !== "comment" && act !== "withdraw" && { answered: one.answered ?? iso(now) }), ...(body.reason && { refusal: body.reason }) });
  if (over(one)) delete one.late;
  one.acts.push({ at: iso(now), by: user, act, ...(body.reason && { refusal: body.reason }), ...(body.words && { words: body.words }) });
  return json(brief(one)), true;
}
