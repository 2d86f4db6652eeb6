// People and the audit in a real browser, against a node of the program TOCSIN_BIN: the first administrator, passwords, a second
// factor, tokens, sessions, what is written down.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessible, becomes, fits, open } from "./browser.mjs";
import { run_node } from "./node.mjs";
import { provider } from "./provider.mjs";

const program = process.env.TOCSIN_BIN, skip = program ? false : "needs the program TOCSIN_BIN";
const own = "a password of my own", own_again = "another one, also mine";
let world, start, secret;

before(async () => { if (program) world = await open({ kind: "real", ...await run_node(program, []), home: undefined }); }); // no demo world to wait for
after(async () => { await world?.close(); });

// Source: RFC 6238.
function code_of(base32, at) {
  const bits = [...base32.replace(/\s/g, "")].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const mac = createHmac("sha1", Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)))).update(counter).digest(), from = mac.at(-1) & 15;
  return String((mac.readUInt32BE(from) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}
// A page of somebody who is not signed in, with what he types wrong not counted as a fault of the page.
async function stranger(path = "/") {
  const tab = await world.page({ anonymous: true });
  await tab.goto(world.node.base + path);
  await tab.getByRole("heading", { name: "Sign in" }).waitFor();
  return tab;
}
async function fill_in(tab, user, password) {
  await tab.getByLabel("Name", { exact: true }).fill(user);
  await tab.getByLabel("Password", { exact: true }).fill(password);
  await tab.getByRole("form", { name: "Name and password" }).getByRole("button").click();
}

test("the link signs in without a user, and makes the first administrator", { skip }, async () => {
  const tab = await world.sign_in();
  await world.go(tab, "/people");
  await tab.getByText("No users yet").waitFor();
  await accessible(tab, "no users");
  await tab.getByLabel("Name of the new user").fill("Ana");
  await tab.getByLabel("Role of the new user").selectOption("administrator");
  await tab.getByRole("button", { name: "Add", exact: true }).click();
  start = await tab.getByRole("status").locator("code").innerText();
  await tab.getByRole("cell", { name: "Ana", exact: true }).waitFor();
  await accessible(tab, "users");
  await fits(tab, "users");
  await world.go(tab, "/people?view=me");
  await tab.getByText("You came by the node's own link or socket").waitFor();
  await tab.context().close();
});

test("a start password opens nothing but its change", { skip }, async () => {
  const tab = await stranger();
  await accessible(tab, "sign in by password");
  const noticed = world.wrong.length;
  await fill_in(tab, "ana", "not the password at all");
  await tab.getByRole("alert").waitFor();
  world.wrong.splice(noticed); // the browser logs the refused request; that is wanted here
  await fill_in(tab, "ANA", start);
  await tab.getByRole("heading", { name: "Choose a password of your own" }).waitFor();
  await accessible(tab, "must change");
  await tab.getByLabel("Present password").fill(start);
  await tab.getByLabel("New password", { exact: true }).fill(own);
  await tab.getByLabel("New password again").fill(own);
  await tab.getByRole("button", { name: "Change it" }).click();
  await tab.waitForSelector("[data-ready=true]");
  await tab.context().close();
});

test("a second factor is scanned, confirmed, asked for at sign-in, and switched off", { skip }, async () => {
  const tab = await stranger("/people?view=me");
  await fill_in(tab, "ana", own);
  await tab.getByLabel("Your password, again").fill(own);
  await tab.getByRole("button", { name: "Set it up" }).click();
  const qr = tab.getByRole("img", { name: /QR code/ });
  await qr.waitFor();
  assert.ok((await qr.locator("path").getAttribute("d")).length > 1000);
  secret = (await tab.locator("code.wrap").innerText()).replace(/\s/g, "");
  assert.match(secret, /^[A-Z2-7]{32}$/);
  await accessible(tab, "second factor");
  const used = Date.now();
  await tab.getByLabel("The code that the app shows").fill(code_of(secret, used));
  await tab.getByRole("button", { name: "Switch it on" }).click();
  await tab.locator(".codes li").first().waitFor();
  const recovery = await tab.locator(".codes li").allInnerTexts();
  assert.equal(recovery.length, 10);
  await tab.getByRole("button", { name: "I have kept them" }).click();
  await tab.getByText("On.", { exact: true }).waitFor();
  await tab.context().close();

  const next = await stranger();
  await fill_in(next, "ana", own);
  await next.getByLabel("Code", { exact: true }).fill(code_of(secret, used));
  const noticed = world.wrong.length;
  await next.getByRole("form", { name: "Name and password" }).getByRole("button").click();
  await next.getByRole("alert").waitFor(); // that code served already
  world.wrong.splice(noticed);
  await next.getByLabel("Code", { exact: true }).fill(recovery[0]);
  await next.getByRole("form", { name: "Name and password" }).getByRole("button").click();
  await next.waitForSelector("[data-ready=true]");
  await world.go(next, "/people?view=me");
  await next.getByText("9", { exact: true }).waitFor(); // recovery codes left
  await next.getByLabel("Your password, again").fill(own);
  await next.getByRole("button", { name: "Switch it off" }).click();
  await next.getByText("Off. A stolen password alone signs in as you.").waitFor();
  await next.context().close();
});

test("sessions are seen and ended; changing the password ends the others", { skip }, async () => {
  const here = await stranger("/people?view=sessions"), there = await stranger();
  await fill_in(here, "ana", own);
  await fill_in(there, "ana", own);
  await there.waitForSelector("[data-ready=true]");
  await world.go(here, "/people?view=sessions");
  await here.getByText("this one").waitFor();
  await accessible(here, "sessions");
  await world.go(here, "/people?view=me");
  await here.getByLabel("Present password").fill(own);
  await here.getByLabel("New password", { exact: true }).fill(own_again);
  await here.getByLabel("New password again").fill(own_again);
  const noticed = world.wrong.length; // from here on the other tab may ask for its stream again, and is refused
  await here.getByRole("button", { name: "Change it" }).click();
  await here.getByText("Changed.").waitFor();
  await here.reload();
  await here.waitForSelector("[data-ready=true]"); // this one goes on
  await there.goto(world.node.base + "/findings");
  await there.getByRole("heading", { name: "Sign in" }).waitFor();
  world.wrong.push(...world.wrong.splice(noticed).filter((what) => !/401/.test(what)));
  await Promise.all([here, there].map((tab) => tab.context().close()));
});

test("a token is shown once, and taken back", { skip }, async () => {
  const tab = await world.page();
  await world.go(tab, "/people?view=tokens");
  await tab.getByLabel("What the token is for").fill("dashboard");
  await tab.getByRole("button", { name: "Make a token" }).click();
  const token = await tab.getByRole("status").locator("code").innerText();
  assert.match(token, /^tcs_[\w-]{43}$/);
  const ask = () => fetch(`${world.node.base}/api/v1/findings`, { headers: { Authorization: `Bearer ${token}` } });
  assert.equal((await ask()).status, 200);
  await tab.reload();
  await tab.getByRole("cell", { name: "dashboard", exact: true }).waitFor();
  assert.ok(!(await tab.content()).includes(token));
  await accessible(tab, "tokens");
  await tab.getByRole("button", { name: "Take back the token dashboard" }).click();
  await tab.getByText("No tokens").waitFor();
  assert.equal((await ask()).status, 401);
  await tab.context().close();
});

test("a user is disabled and removed; the last administrator is not", { skip }, async () => {
  const tab = await world.page();
  await world.go(tab, "/people");
  await tab.getByLabel("Name of the new user").fill("bo");
  await tab.getByRole("button", { name: "Add", exact: true }).click();
  await tab.getByRole("button", { name: "Disable: bo" }).click();
  await tab.getByRole("button", { name: "Enable: bo" }).waitFor();
  await tab.getByRole("button", { name: "Remove: bo" }).click();
  await tab.getByRole("button", { name: "Remove", exact: true }).click();
  await tab.getByRole("cell", { name: "bo", exact: true }).waitFor({ state: "detached" });
  const noticed = world.wrong.length;
  await tab.getByRole("button", { name: "Disable: Ana" }).click();
  await tab.getByText("is the last administrator").waitFor();
  world.wrong.splice(noticed);
  await tab.context().close();
});

test("the audit tells it all, is filtered, exported, and its chain holds", { skip }, async () => {
  const tab = await world.page();
  await world.go(tab, "/audit");
  await tab.getByText("POST /api/v1/users").first().waitFor();
  await accessible(tab, "audit");
  await fits(tab, "audit");
  await tab.getByLabel("Call or object").fill("sign-in");
  await tab.getByLabel("Outcome").selectOption("denied");
  await tab.getByRole("button", { name: "Show" }).click();
  await tab.getByText("denied: the name, the password or the code is wrong").first().waitFor();
  await becomes(() => tab.getByText("POST /api/v1/users").count(), 0);
  await tab.locator("tbody button").first().click();
  await tab.getByText("Hash").waitFor();
  await tab.getByRole("button", { name: "Check the chain" }).click();
  await tab.getByText(/rows are as they were written/).waitFor();
  const [download] = await Promise.all([tab.waitForEvent("download"), tab.getByRole("link", { name: "CSV" }).click()]);
  assert.match(download.suggestedFilename(), /^audit-\d{4}-\d\d-\d\d\.csv$/);
  const text = await tab.evaluate(() => document.body.innerText);
  for (const kept of [own, own_again, start, secret]) assert.ok(!text.includes(kept));
  await tab.context().close();
});

test("the sign-in page leads to the provider, and on as whom the proxy names", { skip }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "tocsin-sign-in-")), home = join(folder, "node");
  const id = await provider(folder, { sub: "s-1", preferred_username: "eva", groups: ["cert-analysts"] });
  await mkdir(home, { mode: 0o700 });
  await writeFile(join(home, "tocsin.toml"), `[proxy]\naddresses = ["127.0.0.1"]\nuser_header = "X-Remote-User"\ngroups_header = "X-Remote-Groups"\nroles = { cert = "viewer" }\n[oidc]\nname = "CERT single sign-on"\nissuer = "${id.issuer}"\nca_file = "${id.certificate}"\nallow_private = true\nclient_id = "tocsin"\nredirect_url = "https://node.example.org/api/v1/signin/oidc/answer"\nroles = { cert-analysts = "analyst" }\n`);
  const there = await open({ kind: "real", ...await run_node(program, [], folder), home: undefined });
  try {
    id.back_to = there.node.base;
    const come = async (headers = {}) => {
      const tab = await there.page({ anonymous: true, any_certificate: true });
      await tab.setExtraHTTPHeaders(headers);
      await tab.goto(there.node.base);
      await tab.getByRole("heading", { name: "Sign in" }).waitFor();
      return tab;
    };
    const who = async (tab) => {
      await tab.waitForSelector("[data-ready=true]");
      const { user, role, how } = await tab.evaluate(async () => (await fetch("/api/v1/session")).json()); // with the proxy's headers
      return [user, role, how];
    };
    const by_provider = await come();
    const single = by_provider.getByRole("link", { name: "Sign in with CERT single sign-on" });
    await single.waitFor();
    assert.equal(await by_provider.getByRole("link", { name: /your proxy/ }).count(), 0); // it names nobody
    await single.click();
    assert.deepEqual(await who(by_provider), ["eva", "analyst", "oidc"]);
    const noticed = (await there.noticed()).filter((text) => !text.startsWith(`asks another host: ${id.issuer}/auth?`));
    const by_proxy = await come({ "X-Remote-User": "bo", "X-Remote-Groups": "staff,cert" });
    await by_proxy.getByRole("link", { name: /your proxy/ }).waitFor();
    await accessible(by_proxy, "sign in by others");
    await by_proxy.getByRole("link", { name: "Go on as the person your proxy knows" }).click();
    assert.deepEqual(await who(by_proxy), ["bo", "viewer", "proxy"]);
    const nobody = await come();
    await nobody.goto(`${there.node.base}/api/v1/signin/proxy`);
    await nobody.getByRole("alert").waitFor();
    await nobody.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.deepEqual(noticed, []);
  } finally {
    await there.close();
    id.close();
    await rm(folder, { recursive: true, force: true });
  }
});

test("no page logged an error, broke the policy, or asked another host", { skip }, async () => {
  assert.deepEqual(await world.noticed(), []);
});
