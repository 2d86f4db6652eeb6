// No text becomes a part of a page: payloads in every text that the API takes, then every page in a real browser, against a node of the
// program TOCSIN_BIN with a mail server on loopback.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { open } from "./browser.mjs";
import { calls, fields, fields_with } from "./fields.mjs";
import { mailbox } from "./mailbox.mjs";
import { free_port, made, run_node } from "./node.mjs";
import { lets, look_at_document, marks, payloads, walk } from "./xss.mjs";
import { later, plants, refused } from "./xss_plants.mjs";

const program = process.env.TOCSIN_BIN, skip = program ? false : "needs TOCSIN_BIN";
const begins = 18; // of a payload by so many letters a field is known to hold it, if what follows was cut
// What is taken and never shown by the console, by the mark it has.
const unseen = {
  "~erase.reason~": "erasures have no page yet", "~event.account-subject~": "accounts are kept masked", "~event.account~": "accounts are kept masked", "~hold.reason~": "holds have no page yet",
};
// Answers whose styles may stand in the page itself: situation reports are one file.
const styled = ["/api/v1/situations/{id}"];

let world, box, folder, there, tab, csrf, seen;
const tried = new Set(), taken = new Set(), planted = new Set(), loose = new Set(), with_style = new Set(), typeless = new Set(), twice = new Set();

function watch(url, status, headers) {
  const { pathname } = new URL(url), path = calls.find((call) => call.fits.test(pathname))?.path ?? pathname, may = lets(headers);
  if (may.script) loose.add(`${path} (${status}) lets scripts be ${may.script}`);
  if (may.style) with_style.add(path);
  if (headers["x-content-type-options"] !== "nosniff") typeless.add(`${path} (${status})`);
}
async function send(method, path, data) {
  const url = `${world.node.base}/api/v1${path}`, bytes = typeof data === "string";
  const answer = await tab.request.fetch(url, { method, data: bytes || data === undefined ? data : JSON.stringify(data), headers: { "X-CSRF-Token": csrf, "Content-Type": bytes ? "application/octet-stream" : "application/json" }, maxRedirects: 0 });
  watch(url, answer.status(), answer.headers());
  if (answer.headersArray().filter(({ name }) => name.toLowerCase() === "content-security-policy").length !== 1) twice.add(calls.find((call) => call.fits.test(new URL(url).pathname))?.path ?? path);
  return { status: answer.status(), headers: answer.headers(), body: await answer.text() };
}
// Sends, and keeps which fields had a payload and whether they took it.
const asking = (some) => async (method, path, data) => {
  const answer = await send(method, path, data);
  for (const payload of some) {
    for (const field of fields_with(payload.slice(0, begins), method, `/api/v1${path}`, data)) { tried.add(field); if (answer.status < 300) taken.add(field); }
  }
  if (answer.status < 300) for (const [mark] of `${decodeURIComponent(path.replaceAll("+", " "))}${typeof data === "string" ? data : JSON.stringify(data)}`.matchAll(marks)) planted.add(mark);
  return answer;
};

// Another member, compared at both ends.
async function partner_called(name) {
  const abroad = join(folder, "abroad"), at = ["--home", join(abroad, "node")];
  await mkdir(join(abroad, "node"), { recursive: true, mode: 0o700 });
  await writeFile(join(abroad, "node", "tocsin.toml"), `[node]\nname = ${JSON.stringify(name)}\ncountry = "KE"\n[share]\nmember = "two.example.org"\nurl = "http://127.0.0.1:9"\n`);
  there = await run_node(program, [], abroad);
  const { code } = JSON.parse((await send("POST", "/partners/invitations", { days: 1 })).body);
  await made(program, ["partner", "join", code, ...at]);
  const [{ fingerprint }] = JSON.parse((await send("GET", "/partners")).body).items;
  assert.equal((await send("POST", "/partners/two.example.org/compare", { fingerprint })).status, 200);
}

before(async () => {
  if (skip) return;
  // Every second contact is refused, in words that are a payload; the node keeps the number alone.
  box = await mailbox((to) => { const n = Number(/^p(\d+)@/.exec(to)?.[1]); return n % 2 ? `5.1.1 ${payloads[n].replace("\u202e", "")}` : undefined; });
  folder = await mkdtemp(join(tmpdir(), "tocsin-xss-"));
  await mkdir(join(folder, "node"), { mode: 0o700 });
  const feeds = payloads.map((payload, n) => `[feed.f${n}]\ntitle = ${JSON.stringify(payload)}\ncollector = "directory"\nformat = "auto"\npath = ${JSON.stringify(folder)}\nenabled = false\nterms = { text = ${JSON.stringify(payload)}, url = ${JSON.stringify(`https://example.org/${payload}`)} }\n`);
  const port = await free_port();
  await writeFile(join(folder, "node", "tocsin.toml"), `[node]\nname = ${JSON.stringify(payloads[0])}\ncountry = "BR"\n[alert.mail]\nserver = "smtp://127.0.0.1:${box.port}"\nfrom = "CERT Example <cert@example.org>"\ntls = "none"\n[share]\nmember = "one.example.org"\nurl = "http://127.0.0.1:${port}"\n${feeds.join("")}`);
  const node = await run_node(program, ["--port", String(port)], folder);
  try { world = await open({ kind: "xss", ...node, home: undefined }); } catch (error) { await node.close(); throw error; }
  await (await world.sign_in()).context().close();
  tab = await world.page({ made_up: true });
  csrf = (await (await tab.request.get(`${world.node.base}/api/v1/session`)).json()).csrf;
  await partner_called(payloads[0]);
  tab.on("response", (answer) => { if (answer.url().startsWith(world.node.base)) watch(answer.url(), answer.status(), answer.headers()); });
});
after(async () => {
  if (skip) return;
  await world?.close();
  await there?.close();
  box.close();
  await rm(folder, { recursive: true, force: true });
});

test("payloads are planted in every text that a writing call takes", { skip }, async () => {
  for (const [n, payload] of payloads.entries()) for (const plant of Object.values(plants)) await plant(asking([payload]), payload, n);
  await later(asking(payloads), box);
  assert.deepEqual(fields.filter((field) => !tried.has(field)), [], "fields of docs/openapi.json that no plant writes into: add one to xss_plants.mjs");
  const in_path = new Set(calls.flatMap((call) => call.in_path.map((name) => `${call.method} ${call.path.replace("/api/v1", "")} ${name}`)));
  assert.deepEqual(fields.filter((field) => !taken.has(field) && !in_path.has(field)).sort(), [...refused].sort(), "fields that took no payload, and those that are known to take none");
  const { items } = JSON.parse((await send("GET", "/findings?limit=100")).body);
  assert.ok(items.length >= payloads.length, "the payloads became findings");
});

test("what a reading call is asked for comes back as no page", { skip }, async () => {
  for (const call of calls.filter((one) => one.method === "GET" && one.path.startsWith("/api/v1"))) {
    for (const payload of payloads.slice(0, 3)) {
      const text = encodeURIComponent(payload), path = call.in_path.reduce((whole, name) => whole.replace(`{${name}}`, text), call.path.replace("/api/v1", ""));
      if (call.path.endsWith("/stream")) continue;
      for (const name of call.query.length > 0 ? call.query : [""]) {
        const { headers } = await send("GET", name ? `${path}?${name}=${text}` : path);
        assert.doesNotMatch(headers["content-type"] ?? "", /html|xml|svg/, `${path} ${name}`);
      }
    }
  }
});

test("files and reports are given out as downloads, and mails hold no HTML", { skip }, async () => {
  for (const { id } of JSON.parse((await send("GET", "/cases")).body).items) {
    for (const file of JSON.parse((await send("GET", `/cases/${id}`)).body).files) {
      const { headers } = await send("GET", `/cases/${id}/files/${file.sha256}`);
      assert.deepEqual([headers["content-type"], headers["content-disposition"].split(";")[0], headers["x-content-type-options"]], ["application/octet-stream", "attachment", "nosniff"], file.name);
      assert.match(headers["content-security-policy"], /default-src 'none'; sandbox/);
    }
  }
  const kept = JSON.parse((await send("GET", "/reports?limit=100")).body).items;
  let raw = 0;
  for (const { id } of kept) {
    const { status, headers } = await send("GET", `/reports/${id}/raw`);
    if (status === 404) continue;
    raw += 1;
    assert.match(headers["content-disposition"], /^attachment; filename="[^"\\]*"$/, id);
    assert.equal(headers["content-type"], "application/octet-stream");
  }
  assert.ok(raw > 0, "no report is kept");
  assert.ok(box.mails.length > 0);
  for (const { to, text } of box.mails) assert.doesNotMatch(text, /^Content-Type: *(text\/html|image\/svg)/im, to);
});

const broke = (noticed) => world.wrong.slice(noticed).filter((text) => /content security policy|refused to|asks another host/i.test(text)).map((text) => text.slice(0, 160)).slice(0, 3);

test("every page shows them as text, whatever is opened on it", { skip, timeout: 600_000 }, async () => {
  const noticed = world.wrong.length;
  seen = await walk(tab, world.node.base);
  assert.deepEqual(broke(noticed), []);
});

test("situation reports show them as text, in the report's own style", { skip }, async () => {
  const noticed = world.wrong.length, issued = JSON.parse((await send("GET", "/situations")).body).items;
  assert.deepEqual(["constituent", "public", "team"].filter((audience) => !issued.some((one) => one.audience === audience)), []);
  for (const { id } of issued) await look_at_document(tab, `${world.node.base}/api/v1/situations/${encodeURIComponent(id)}`, seen);
  assert.deepEqual(broke(noticed), []);
});

test("what was planted was to be read", { skip }, async () => {
  assert.deepEqual([...planted].filter((mark) => !seen.has(mark)).sort(), Object.keys(unseen).sort());
});

test("no answer lets a script stand in a page, and styles only where that is known", { skip }, async () => {
  assert.deepEqual([...loose], []);
  assert.deepEqual([...with_style], styled);
  assert.deepEqual([...typeless], []);
  assert.deepEqual([...twice], [], "answers with two policies: a browser keeps to both");
});
