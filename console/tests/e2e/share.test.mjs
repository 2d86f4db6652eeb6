// Partners, agreements and the ledger in a real browser, against the mock. Two members of the program itself: members.test.mjs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve } from "../../dev/mock.mjs";
import { accessible, becomes, fits, open, picture } from "./browser.mjs";

const digits = "31270 98817 40226 71354 09918";
let world;
before(async () => { world = await open({ kind: "mock", ...await serve() }); await (await world.sign_in()).context().close(); });
after(async () => { await world.close(); });

// What was refused on purpose is no fault of the page.
async function refused(tab, does) {
  const noticed = world.wrong.length;
  await does();
  await tab.getByRole("alert").first().waitFor();
  world.wrong.splice(noticed);
}
const button = (tab, name) => tab.getByRole("button", { name, exact: true });

test("partners stand in a sentence, a picture and a table that say the same, at every width", async () => {
  for (const options of [{}, { dark: true }, { width: 390, height: 844 }, { width: 1100 }]) {
    const tab = await world.page(options);
    await world.go(tab, "/partners");
    await tab.getByText("You share with 2 partners under 2 agreements.").waitFor();
    await tab.getByText("1 partner is still to be compared.").waitFor();
    await becomes(async () => (await tab.locator(".partner-table tbody tr").allInnerTexts()).map((text) => text.split(/\s{2,}|\t|\n|cert-|fincert|papa\./)[0].trim()), ["CERT Lima", "CERT Kilo", "Financial sector CERT", "Papa Telecom"]);
    assert.equal(await tab.getByRole("img", { name: /CERT Kilo: compared, In force 1, We gave 1.662, They gave 1.520/ }).count(), 1);
    await accessible(tab, "partners");
    await fits(tab, "partners");
    if (Object.keys(options).length === 0) await picture(tab, "partners-light");
    await tab.context().close();
  }
});

test("names of forty letters are read in the picture and the table, and health, lag and both sides' share stand beside a partner", async () => {
  const long = "Nationales Bundesbehördenkoordinierungszentrum fuer Netzsicherheit", feed = { title: "x", collector: "taxii", format: "stix", enabled: true, simulated: false, events_24h: 1204, events_total: 9000, rejected_24h: 3, lag_s: 95 };
  for (const [options, names] of [[{}, ["National Computer Emergency Response Team", long]], [{ width: 400, height: 850 }, Array(6).fill(long)]]) {
    const tab = await world.page(options);
    await tab.route("**/api/v1/partners", async (route) => { const answer = await route.fetch(), all = await answer.json(); return route.fulfill({ response: answer, json: { ...all, self: { ...all.self, name: long }, items: all.items.map((one, i) => ({ ...one, name: names[i] ?? one.name })) } }); });
    await tab.route("**/api/v1/feeds?*", async (route) => { const answer = await route.fetch(), all = await answer.json(); return route.fulfill({ response: answer, json: { ...all, items: [...all.items, { ...feed, name: "partner.cert-kilo.example.org", state: "on time", last_success: "2026-09-01T09:38:00Z" }, { ...feed, name: "partner.fincert.example.org", state: "failed", last_error: { at: "2026-09-01T08:00:00Z", text: "TLS: the key is not among its pins" } }] } }); });
    await world.go(tab, "/partners");
    await tab.locator(".network text").first().waitFor();
    // No text leaves the picture or lies over another, and no cell hides a part of its name.
    const [outside, over] = await tab.locator(".network").evaluate((svg) => {
      const { width, height } = svg.viewBox.baseVal, boxes = [...svg.querySelectorAll("text")].map((text) => text.getBBox()), meet = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
      return [boxes.filter((box) => box.x < 0 || box.y < 0 || box.x + box.width > width || box.y + box.height > height).length, boxes.filter((a, i) => boxes.some((b, j) => j > i && meet(a, b))).length];
    });
    assert.deepEqual([outside, over], [0, 0]);
    assert.deepEqual(await tab.locator("td.who").evaluateAll((cells) => cells.map((cell) => cell.scrollWidth <= cell.clientWidth)), [true, true, true, true]);
    assert.match(await tab.locator("td.who").first().innerText(), new RegExp(names[2] ?? "CERT Lima"));
    await fits(tab, "long names");
    await accessible(tab, "long names");
    if (!options.width) await tab.getByRole("row", { name: /fincert\.example\.org .* failed/ }).waitFor();
    await world.go(tab, "/partners?member=fincert.example.org");
    await tab.getByText("TLS: the key is not among its pins").waitFor();
    await tab.getByText("1 204 events, 3 turned away").waitFor();
    await tab.getByText("688 for 100 received").waitFor();
    await tab.getByText(/^\d+ items, today/).waitFor();
    await accessible(tab, "a partner's health");
    await fits(tab, "a partner's health");
    await tab.context().close();
  }
});

test("the node is seen as a partner sees it: what goes and as what, and what stays and why", async () => {
  for (const options of [{}, { width: 400, height: 850, dark: true }]) {
    const tab = await world.page(options);
    await world.go(tab, "/partners?member=cert-kilo.example.org");
    await tab.getByRole("link", { name: "See the node as they would" }).click();
    await tab.getByText("Of the newest 120 events 40 would go now, 40 are withheld by agreements, 40 stay whatever they say.").waitFor();
    await tab.getByRole("row", { name: "Clause 4, marking 40" }).waitFor();
    await tab.getByText("goes, changed in 3 fields").first().click();
    await tab.getByRole("row", { name: "source.account ana@example.org not told" }).waitFor();
    await tab.getByRole("row", { name: /^source\.network\s+192\.0\.2\.0\/24$/ }).waitFor();
    await tab.getByText("stays", { exact: true }).first().click();
    await tab.getByText("withheld by clause 4 (marking): TLP:RED never goes by machine").first().waitFor();
    await accessible(tab, "as they see it");
    await fits(tab, "as they see it");
    await button(tab, "More events").click();
    await becomes(() => tab.locator(".see-item").count(), 100);
    await tab.getByLabel("Filter of events").fill("nothing");
    await tab.keyboard.press("Enter");
    await tab.getByText("No event fits.").waitFor();
    await tab.context().close();
  }
});

test("wrong digits are told, the right ones make a partner, and keys lead through the list", async () => {
  const tab = await world.page();
  await world.go(tab, "/partners");
  await tab.keyboard.press("j");
  await tab.getByRole("heading", { name: "CERT Lima", level: 2 }).waitFor();
  await tab.getByLabel("Then type what they read to you").fill("12345");
  await button(tab, "Compare").click();
  await tab.getByText("That is not five groups of five digits.").waitFor();
  await refused(tab, async () => { await tab.getByLabel("Then type what they read to you").fill("11111 22222 33333 44444 55555"); await button(tab, "Compare").click(); await tab.getByText("These digits do not fit.").waitFor(); });
  await accessible(tab, "comparing");
  await tab.getByLabel("Then type what they read to you").fill(digits.replaceAll(" ", ""));
  await button(tab, "Compare").click();
  await tab.getByText("is still to be compared").waitFor({ state: "detached" });
  await tab.keyboard.press("Escape");
  assert.equal(new URL(tab.url()).search, "");
  await tab.context().close();
});

test("a code is shown once and taken back, and joining by one leads to comparing", async () => {
  const tab = await world.page();
  await world.go(tab, "/partners?view=invite");
  await tab.getByLabel("For whom").fill("CERT Mike");
  await button(tab, "Make a code").click();
  await tab.getByText(/^The code, shown this once/).waitFor();
  assert.match(await tab.locator(".secret code").innerText(), /^TOCSIN-/);
  await accessible(tab, "invited");
  await tab.getByRole("button", { name: "Take back the invitation for CERT Mike" }).click();
  await tab.getByText("taken back").waitFor();
  await refused(tab, async () => { await tab.getByLabel("The code", { exact: true }).fill("none"); await button(tab, "Join").click(); await tab.getByText("this is no invitation").waitFor(); });
  await tab.getByLabel("The code", { exact: true }).fill("TOCSIN-0123456789ABCDEF0123456789");
  await button(tab, "Join").click();
  await tab.getByRole("heading", { name: "Oscar University" }).waitFor();
  await tab.getByRole("heading", { name: /Compare by voice/ }).waitFor();
  await tab.context().close();
});

test("stopping asks why, once, and then says so", async () => {
  const tab = await world.page();
  await world.go(tab, "/partners?member=oscar.example.org");
  await button(tab, "Stop").click();
  assert.equal(await button(tab, "Stop it now").isDisabled(), true);
  await tab.getByLabel("Why").fill("never heard of them");
  await accessible(tab, "stopping");
  await button(tab, "Stop it now").click();
  await tab.getByLabel("Oscar University", { exact: true }).getByText("stopped", { exact: true }).first().waitFor();
  assert.equal(await button(tab, "Stop").count(), 0);
  await tab.context().close();
});

test("this member shows its key, and the recovery key leaves for paper", async () => {
  const tab = await world.page();
  await world.go(tab, "/partners?view=us");
  await tab.getByText("It lies on this node still.").waitFor();
  await button(tab, "Show it to be written down").click();
  assert.match(await tab.locator(".secret code").innerText(), /^([0-9a-f]{4} ?){16}$/);
  await accessible(tab, "this member");
  await button(tab, "It is on paper: take it away").click();
  await tab.getByText("It is not on this node, as it should be.").waitFor();
  assert.equal(await tab.locator(".secret code").count(), 0);
  const before_change = await tab.locator(".wide-facts .mono.wrap").first().innerText();
  await button(tab, "Change the key").click();
  await tab.getByText(/^The new key: /).waitFor();
  await becomes(async () => (await tab.locator(".wide-facts .mono.wrap").first().innerText()) === before_change, false);
  await tab.context().close();
});

test("an agreement says what it changes and who must still want it, and is signed", async () => {
  const tab = await world.page();
  await world.go(tab, "/agreements");
  assert.match(await tab.locator("tbody tr").first().innerText(), /You have not signed/); // what waits for us stands first
  await tab.locator("tbody tr a").first().click();
  await tab.getByText("rule 1: max_tlp was GREEN, is AMBER").waitFor();
  await tab.getByText("Here ana wants it. Because it widens what leaves, a second person here has to want it too.").waitFor();
  await accessible(tab, "an agreement");
  await fits(tab, "an agreement");
  await button(tab, "Clean").click();
  assert.equal(await tab.getByText("max_tlp was GREEN").count(), 0);
  await button(tab, "Sign").click();
  await tab.getByText(/^Sign version 4 with CERT Kilo\?/).waitFor();
  await button(tab, "Sign it").click();
  await tab.getByText(/^We signed today/).waitFor();
  await button(tab, "Suspend").click();
  await tab.getByLabel("Why").fill("an incident there");
  await button(tab, "Suspend it").click();
  await tab.getByText("We suspended it: an incident there").waitFor();
  await button(tab, "Resume").click();
  await button(tab, "Suspend").waitFor();
  await button(tab, "Renew").click();
  await tab.getByLabel("The same terms until").fill("2029-01-01");
  await button(tab, "Propose the renewal").click();
  await tab.getByText(/^Version 5, proposed/).waitFor();
  await tab.context().close();
});

test("six questions write an agreement, which is read before it is proposed", async () => {
  const tab = await world.page();
  await world.go(tab, "/agreements?view=new");
  await tab.getByLabel("With whom?").selectOption("fincert.example.org");
  await tab.getByLabel("A sector body and its member").check();
  await tab.getByLabel("You are the member, they are the sector body").check();
  await tab.getByText("What it says").click();
  await tab.getByRole("region", { name: "Clauses" }).getByText("Retention").waitFor();
  await accessible(tab, "the questions");
  await tab.getByLabel("A short name").fill("alfa.sector");
  await tab.getByLabel(/^Until/).fill("2027-09-01");
  await button(tab, "Write it").click();
  await tab.getByText("It is a first agreement: without it nothing passes.").waitFor();
  await button(tab, "Change the text").click();
  assert.match(await tab.getByLabel("Text of the agreement").inputValue(), /alfa\.sector/);
  await button(tab, "Read it").click();
  await button(tab, "Propose it").click();
  await accessible(tab, "a draft");
  await button(tab, "Propose it now").click();
  await tab.getByText("You want it already.").waitFor();
  await tab.context().close();
});

test("a text that is none is told with its line, and what cannot be proposed says why", async () => {
  const tab = await world.page();
  await world.go(tab, "/agreements?view=text");
  await refused(tab, async () => { await tab.getByLabel("Text of the agreement").fill("no agreement"); await button(tab, "Read it").click(); await tab.getByText("the agreement:1: this is no TOML").waitFor(); });
  await tab.getByLabel("Choose a file", { exact: true }).last().setInputFiles({ name: "a.toml", mimeType: "text/plain", buffer: Buffer.from('id = "stranger"\n') });
  await becomes(() => tab.getByLabel("Text of the agreement").inputValue(), 'id = "stranger"\n');
  await button(tab, "Read it").click();
  await tab.getByText("'stranger.example.org' is no compared partner of this node").waitFor();
  assert.equal(await button(tab, "Propose it").isDisabled(), true);
  await accessible(tab, "hindered");
  await tab.context().close();
});

test("may they have this: yes with what is changed, no with what would have to be otherwise", async () => {
  const tab = await world.page();
  await world.go(tab, "/agreements?view=ask");
  await tab.getByLabel("What", { exact: true }).fill("f_1");
  await button(tab, "Ask").click();
  await tab.getByText("Yes, changed in 2 fields").first().waitFor();
  await tab.getByText("made coarser to /24 and /48").first().waitFor();
  await tab.getByLabel("What", { exact: true }).fill('{"classification":{"type":"phishing"},"tlp":"red"}');
  await button(tab, "Ask").click();
  await tab.getByText("withheld by clause 4 (marking)").first().waitFor();
  await tab.getByText("no change of the agreement lets it pass").first().waitFor();
  await tab.getByLabel("What", { exact: true }).fill('{"classification":{"type":"phishing"}}');
  await button(tab, "Ask").click();
  await tab.getByText("It has no marking, which counts as TLP:RED.").waitFor();
  await accessible(tab, "may they have this");
  await refused(tab, async () => { await tab.getByLabel("What", { exact: true }).fill("nothing"); await button(tab, "Ask").click(); await tab.getByText("name a finding by its id").waitFor(); });
  await tab.context().close();
});

test("the ledger is read by partner and kind, an entry shows its proof, and older acts follow", async () => {
  const tab = await world.page();
  await world.go(tab, "/ledger");
  await tab.getByText("entry 98: sent").waitFor();
  await tab.getByLabel("Kind").selectOption("denial");
  await tab.waitForURL(/kind=denial/);
  await becomes(async () => [...new Set(await tab.locator("tbody td:nth-child(3)").allInnerTexts())], ["withheld"]);
  await tab.keyboard.press("j");
  await tab.getByRole("heading", { name: /^Entry / }).waitFor();
  await tab.getByText(/7 hashes lead from this entry to the head over 100 entries/).waitFor();
  await accessible(tab, "an entry");
  await tab.keyboard.press("Escape");
  await tab.getByLabel("Partner").selectOption("fincert.example.org");
  await tab.getByText("No act fits this filter").waitFor();
  await tab.context().close();
});

test("the balance shows both sides, and a partner's account is compared", async () => {
  const tab = await world.page();
  await world.go(tab, "/ledger?view=balance");
  await tab.getByRole("row", { name: /1.304 event infected-system 1.480/ }).waitFor();
  await tab.getByLabel("Choose a file", { exact: true }).last().setInputFiles({ name: "account.jsonl", mimeType: "text/plain", buffer: Buffer.from("{}\n") });
  await tab.getByText("1 entry does not fit with cert-kilo.example.org:").waitFor();
  await tab.getByText("it took release 17, and says that it took another").waitFor();
  await accessible(tab, "balance");
  await fits(tab, "balance");
  await tab.context().close();
});

test("the whole log is checked, and a head that does not fit is told", async () => {
  const tab = await world.page();
  await world.go(tab, "/ledger?view=proof");
  await tab.getByText("goes on from before").waitFor();
  await button(tab, "Check it").click();
  await tab.getByText("100 entries are as written, under 61 signed heads.").waitFor();
  await tab.getByLabel(/^Heads that you noted/).fill("7:00ff");
  await button(tab, "Check it").click();
  await tab.getByText("The ledger is not as it was written. the head that was noted does not fit: 7:00ff").waitFor();
  await accessible(tab, "proof");
  await tab.context().close();
});

test("who may only read is offered nothing that is refused", async () => {
  const tab = await world.page({ made_up: true });
  await tab.route("**/api/v1/session*", async (route) => { const answer = await route.fetch(); return route.fulfill({ response: answer, json: { ...await answer.json(), role: "viewer", rights: ["read"] } }); });
  for (const [path, ready] of [["/partners?member=cert-kilo.example.org", "What was done"], ["/partners?view=invite", "Inviting needs the right to agree."], ["/partners?view=us", "What others know of this node"], ["/agreements", "CERT with CERT"], ["/ledger?view=balance", "For 100 received"], ["/ledger?view=proof", "Checking and saving need the right to audit."]]) {
    await world.go(tab, path);
    await tab.getByText(ready).first().waitFor();
    for (const name of ["Stop", "Its keys are lost", "New token", "Make a code", "Join", "Change the key", "Recover", "New", "From a text", "Check it", "Choose a file"]) assert.equal(await button(tab, name).count(), 0, `${path}: ${name}`);
    assert.equal(await tab.getByRole("link", { name: /^(Save the log|Account as a file|Propose one|See the node as they would)$/ }).count(), 0, path);
  }
  await tab.getByRole("link", { name: /^Agreements/ }).first().click();
  await tab.locator("tbody tr a").first().click();
  await tab.getByRole("region", { name: "Clauses" }).waitFor();
  for (const name of ["Sign", "Suspend", "End", "Renew"]) assert.equal(await button(tab, name).count(), 0, name);
  await tab.context().close();
});

test("a node outside of any network says what to write, and asks nothing", async () => {
  const tab = await world.page({ made_up: true });
  await tab.route("**/api/v1/session*", async (route) => { const answer = await route.fetch(), { in_network: _, ...session } = await answer.json(); return route.fulfill({ response: answer, json: session }); });
  const asked = [];
  tab.on("request", (request) => { if (/\/api\/v1\/(partners|agreements|requests|ledger)/.test(request.url())) asked.push(request.url()); });
  for (const path of ["/partners", "/agreements", "/requests", "/ledger"]) {
    await world.go(tab, path);
    await tab.getByRole("heading", { name: "This node is a member of no network" }).waitFor();
    await tab.getByText('member = "cert.example.org"').waitFor();
    await accessible(tab, path);
  }
  assert.deepEqual(asked, []);
  await tab.context().close();
});

test("no page logged an error, broke the policy, or asked another host", async () => {
  assert.deepEqual(await world.noticed(), []);
});
