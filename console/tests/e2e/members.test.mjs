// Two members of a network, each a node of the program TOCSIN_BIN, in a real browser: invited, joined, compared, an agreement written by
// questions, wanted by two persons, read by the other side, asked about, and stopped.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessible, becomes, open } from "./browser.mjs";
import { free_port, run_node } from "./node.mjs";

const program = process.env.TOCSIN_BIN, skip = program ? false : "needs the program TOCSIN_BIN", own = "a password of the second";
let world, there, folder;

async function member(id, country) {
  const port = await free_port(), home = join(folder, id);
  await mkdir(join(home, "node"), { recursive: true, mode: 0o700 });
  await writeFile(join(home, "node", "tocsin.toml"), `[node]\nname = "CERT ${id}"\ncountry = "${country}"\n[share]\nmember = "${id}.example.org"\nurl = "http://127.0.0.1:${port}"\n`);
  return { kind: "real", ...await run_node(program, ["--port", String(port)], home), home: undefined };
}
// A page at the other member, whose link signs in once.
async function abroad(path) {
  if (!there.tab) {
    there.tab = await world.page({ anonymous: true, base: there.base });
    await there.tab.goto(there.link);
    await there.tab.waitForSelector("[data-ready=true]");
  }
  await there.tab.goto(there.base + path);
  await there.tab.waitForSelector("[data-ready=true]");
  return there.tab;
}
const button = (tab, name) => tab.getByRole("button", { name, exact: true });
const digits_of = async (tab) => (await tab.locator(".digits").innerText()).trim().replace(/\s+/g, " ");
async function compare(tab, heard) {
  await tab.getByLabel("Then type what they read to you").fill(heard);
  await button(tab, "Compare").click();
}

// Another person of the member at `base`, made by who is signed in on `tab`, on the page `path`.
async function second_person(tab, base, path) {
  const { csrf } = await (await tab.request.get(`${base}/api/v1/session`)).json();
  const made = await tab.request.post(`${base}/api/v1/users`, { headers: { "X-CSRF-Token": csrf }, data: { name: "second", role: "agreement-editor", password: own } });
  assert.ok(made.ok(), await made.text());
  const second = await world.page({ anonymous: true, base });
  await second.goto(base + path);
  await second.getByLabel("Name", { exact: true }).fill("second");
  await second.getByLabel("Password", { exact: true }).fill(own);
  await second.getByRole("form", { name: "Name and password" }).getByRole("button").click();
  const must = second.getByLabel("Present password");
  await must.or(button(second, "Sign")).first().waitFor();
  if (await must.count()) {
    await must.fill(own);
    for (const label of ["New password", "New password again"]) await second.getByLabel(label, { exact: true }).fill(`${own}, changed`);
    await button(second, "Change it").click();
  }
  return second;
}

before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), "tocsin-members-"));
  world = await open(await member("one", "BR"));
  there = await member("two", "KE");
  await (await world.sign_in()).context().close();
});
after(async () => {
  if (skip) return;
  await world?.close();
  await there?.close();
  await rm(folder, { recursive: true, force: true });
});

test("one invites, the other joins, and both compare the same digits", { skip }, async () => {
  const tab = await world.page();
  await world.go(tab, "/partners");
  await tab.getByText("No partner yet").waitFor();
  await world.go(tab, "/partners?view=invite");
  await tab.getByLabel("For whom").fill("CERT two");
  await button(tab, "Make a code").click();
  const code = await tab.locator(".secret code").innerText();
  const other = await abroad("/partners?view=invite");
  await other.getByLabel("The code", { exact: true }).fill(code);
  await button(other, "Join").click();
  await other.getByRole("heading", { name: "CERT one" }).waitFor();
  await world.go(tab, "/partners?member=two.example.org");
  const digits = await digits_of(tab);
  assert.match(digits, /^(\d{5} ?){5}$/);
  assert.equal(await digits_of(other), digits);
  const noticed = world.wrong.length;
  await compare(tab, "11111 22222 33333 44444 55555");
  await tab.getByText("These digits do not fit.").waitFor();
  world.wrong.splice(noticed); // refused on purpose
  for (const side of [tab, other]) {
    await compare(side, digits);
    await side.getByText("Compare by voice").waitFor({ state: "detached" });
    await side.getByText("compared", { exact: true }).first().waitFor();
  }
  await accessible(tab, "a compared partner");
  await tab.context().close();
});

test("six questions write an agreement, and it leaves when a second person wants it", { skip }, async () => {
  const tab = await world.page();
  await world.go(tab, "/agreements?view=new");
  await becomes(() => tab.getByRole("radio").count(), 6);
  await tab.getByLabel("A short name").fill("one.two");
  await tab.getByLabel(/^Until/).fill(new Date(Date.now() + 300 * 86_400_000).toISOString().slice(0, 10));
  await button(tab, "Write it").click();
  await tab.getByText("It is a first agreement: without it nothing passes.").waitFor();
  await button(tab, "Propose it").click();
  await button(tab, "Propose it now").click();
  await tab.getByText("a second person here has to want it too").waitFor();
  const path = new URL(tab.url()).pathname;
  assert.equal(await (await abroad("/agreements")).getByText("No agreement yet").count(), 1);

  const second = await second_person(tab, world.node.base, path);
  await button(second, "Sign").click();
  await button(second, "Sign it").click();
  await second.getByText(/^We signed/).waitFor();
  await second.getByText("Now CERT two has to sign.").waitFor();
  await second.context().close();
  await tab.context().close();
});

test("the other side reads it clause by clause, and is told what would go", { skip }, async () => {
  const other = await abroad("/agreements");
  await becomes(async () => { await abroad("/agreements"); return other.getByText("You have not signed").count(); }, 1);
  await other.locator("tbody tr a").first().click();
  await other.getByText("what is red or unmarked never goes by machine").waitFor();
  await accessible(other, "the other side's agreement");
  await other.getByLabel("What", { exact: true }).fill('{"classification":{"type":"scanner"},"source":{"ip":"192.0.2.7"},"tlp":"green"}');
  await button(other, "Ask").click();
  await other.getByText(/^withheld by clause 18 \(feed terms\)/).waitFor();
  await other.getByLabel("Its feed lets it be passed on").selectOption("yes");
  await button(other, "Ask").click();
  await other.getByText(/^Yes, changed in \d+ fields?\s+as it would run; not everybody has signed it/).waitFor();
  await button(other, "Sign").click();
  await button(other, "Sign it").click();
  await other.getByText("You want it already.").waitFor();
});

test("a request is opened here, accepted and done there, and is seen done here", { skip }, async () => {
  const other = await abroad("/agreements");
  await other.locator("tbody tr a").first().click();
  await other.getByText("You want it already.").waitFor();
  const second = await second_person(other, there.base, new URL(other.url()).pathname);
  await button(second, "Sign").click();
  await button(second, "Sign it").click();
  await second.getByText(/^We signed/).waitFor();
  await second.context().close();

  const tab = await world.page();
  await becomes(async () => { await world.go(tab, "/agreements"); return tab.locator("tbody tr", { hasText: "in force" }).count(); }, 1);
  await world.go(tab, "/requests?view=new");
  await tab.getByLabel("About what?").fill("http://bad.example.net/login");
  await tab.getByLabel("What for?").selectOption("take-down");
  await tab.getByLabel("Words to them").fill("a page of a bank");
  await tab.getByText("More about it").click();
  await tab.getByLabel("Marking").selectOption("green");
  await button(tab, "Read it once more").click();
  await button(tab, "Ask now").click();
  await tab.getByText("a page of a bank").waitFor();

  await becomes(async () => { await abroad("/requests"); return other.getByText("1 request waits for you.").count(); }, 1);
  await other.locator("tbody tr a").first().click();
  await other.getByText("CERT one asks: Take it down").waitFor();
  await other.getByText("a page of a bank").waitFor();
  for (const act of ["Accept", "It is done"]) {
    await button(other, act).first().click();
    if (act === "Accept") await other.getByLabel("Words to them").fill("within the hour");
    await other.getByRole("form", { name: act }).getByRole("button", { name: act }).click();
    await becomes(() => other.getByRole("form", { name: act }).count(), 0);
  }
  await becomes(async () => { await abroad("/requests"); return other.getByText("No request waits for you.").count(); }, 1);

  await becomes(async () => { await world.go(tab, "/requests?view=out"); return tab.locator("tbody tr", { hasText: "done" }).count(); }, 1);
  await tab.locator("tbody tr a").first().click();
  await tab.getByText("within the hour").waitFor();
  await accessible(tab, "a request that is done");
  await tab.context().close();
});

test("the ledger holds what was decided and is checked, and stopping cuts everything", { skip }, async () => {
  const tab = await world.page();
  await world.go(tab, "/ledger");
  await tab.getByText("This log begins").waitFor();
  await tab.getByRole("link", { name: "0", exact: true }).click();
  await tab.getByRole("heading", { name: "Entry 0" }).waitFor();
  await world.go(tab, "/ledger?view=proof");
  const head = await tab.locator(".wide-facts .mono.wrap").nth(1).innerText();
  assert.match(head, /^\d+:[0-9a-f]{64}$/);
  await tab.getByLabel(/^Heads that you noted/).fill(head);
  await button(tab, "Check it").click();
  await tab.getByText("1 noted head fits.").waitFor();
  await world.go(tab, "/partners?member=two.example.org");
  await button(tab, "Stop").click();
  await tab.getByLabel("Why").fill("the end of a test");
  await button(tab, "Stop it now").click();
  await becomes(() => button(tab, "Stop").count(), 0);
  await tab.getByText("You share with nobody yet.").waitFor();
  await tab.context().close();
});

test("no page logged an error, broke the policy, or asked another host", { skip }, async () => {
  assert.deepEqual(await world.noticed(), []);
});
