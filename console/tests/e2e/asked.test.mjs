// Requests and indicators in a real browser, against the mock. Two members of the program itself: members.test.mjs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve } from "../../dev/mock.mjs";
import { accessible, becomes, fits, open } from "./browser.mjs";

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
const first_cells = async (tab) => (await tab.locator("tbody tr td.first").allInnerTexts()).map((text) => text.trim());

test("what waits for us stands first, with how late it is, at every width", async () => {
  for (const options of [{}, { dark: true }, { width: 400, height: 850 }]) {
    const tab = await world.page(options);
    await world.go(tab, "/requests");
    await tab.getByText("2 requests wait for you, 1 of them past its deadline.").waitFor();
    await becomes(async () => (await first_cells(tab)).map((text) => text.slice(0, 20)), ["http://secure-login-", "192.0.2.77", "shop7.example.com", "198.51.100.9"]);
    assert.match(await tab.locator("tbody tr").first().innerText(), /7\u00a0h late/);
    await tab.getByRole("link", { name: /^Requests/ }).getByText("3", { exact: false }).first().waitFor(); // with the mail that did not go
    await accessible(tab, "requests");
    await fits(tab, "requests");
    await tab.locator("tbody tr a").first().click();
    await tab.getByText("Financial sector CERT asks: Take it down").waitFor();
    await accessible(tab, "a request");
    await fits(tab, "a request");
    await tab.context().close();
  }
});

test("a request is accepted, done, or refused with a reason, by keys and buttons", async () => {
  const tab = await world.page();
  await world.go(tab, "/requests");
  await becomes(() => tab.locator("tbody tr").count(), 4);
  await tab.keyboard.press("j");
  await tab.getByText("article 5 of the agreement").waitFor();
  await button(tab, "Accept").click();
  await tab.getByLabel("Words to them").fill("by noon");
  await accessible(tab, "accepting");
  await tab.getByRole("form", { name: "Accept" }).getByRole("button", { name: "Accept" }).click();
  await tab.getByText("by noon").waitFor();
  await button(tab, "It is done").click();
  await tab.getByRole("form", { name: "It is done" }).getByRole("button", { name: "It is done" }).click();
  await becomes(() => button(tab, "It is done").count(), 0);
  await tab.getByText("1 request waits for you.").waitFor();
  await becomes(() => tab.locator("tbody tr").first().innerText().then((text) => text.split(/\s/)[0]), "192.0.2.77");
  await tab.keyboard.press("Escape");
  await tab.locator("tbody tr a").first().click();
  await button(tab, "Refuse").click();
  await tab.getByLabel("Reason").selectOption("not-illegal-here");
  await tab.getByRole("form", { name: "Refuse" }).getByRole("button", { name: "Refuse" }).click();
  await tab.locator(".line-top").getByText("not illegal here").waitFor();
  await tab.getByText("No request waits for you.").waitFor();
  await tab.getByLabel("State", { exact: true }).selectOption("refused");
  await becomes(() => tab.locator("tbody tr").count(), 2);
  await tab.getByLabel("Partner").selectOption("fincert.example.org");
  await tab.getByText("No request fits this filter").waitFor();
  await tab.context().close();
});

test("what we asked shows its mail and what went, is withdrawn, and asked anew", async () => {
  const tab = await world.page();
  await world.go(tab, "/requests?view=out");
  await tab.getByText("1 mail did not go.").waitFor();
  await tab.locator("tbody tr a").first().click();
  await tab.getByText("550 5.1.1 abuse@hosting.example.net").waitFor();
  await accessible(tab, "a failed mail");
  await button(tab, "They refuse").click();
  await tab.getByText(/it is only written down here/).waitFor();
  await tab.getByLabel("Reason").selectOption("no-mandate");
  await tab.getByRole("form", { name: "Refuse" }).getByRole("button", { name: "They refuse" }).click();
  await tab.getByRole("link", { name: "Ask anew" }).click();
  await becomes(() => tab.getByLabel("Mail address").inputValue(), "abuse@hosting.example.net");
  assert.equal(await tab.getByLabel("About what?").inputValue(), "203.0.113.80");
  await world.go(tab, "/requests?view=out");
  await tab.getByRole("link", { name: "campaign--" }).click();
  await tab.getByRole("link", { name: "What was said of it" }).waitFor();
  await button(tab, "Withdraw").click();
  await tab.getByRole("form", { name: "Withdraw" }).getByRole("button", { name: "Withdraw" }).click();
  await tab.getByRole("link", { name: "Ask anew" }).waitFor();
  await tab.context().close();
});

test("a new request is read once more before it leaves, and a refusal is told", async () => {
  const tab = await world.page();
  await world.go(tab, "/requests?view=new&about=f_255s");
  await tab.getByText("A finding of ours: its subject goes, its id never does.").waitFor();
  await accessible(tab, "asking");
  await tab.getByLabel("About what?").fill("10.0.0.1");
  await button(tab, "Read it once more").click();
  await refused(tab, async () => { await button(tab, "Ask now").click(); await tab.getByText("withheld by clause 4 (kind)").waitFor(); });
  await tab.getByLabel("About what?").fill("192.0.2.99");
  await tab.getByLabel("What for?").selectOption("tell-owner");
  await tab.getByLabel("Words to them").fill("two\nlines");
  await tab.getByLabel("Deadline, UTC").fill("2026-09-05T12:00");
  await button(tab, "Read it once more").click();
  await tab.getByText("Ask CERT Kilo: Tell its owner for us, about 192.0.2.99? One item leaves, at once.").waitFor();
  await button(tab, "Ask now").click();
  await tab.getByRole("heading", { name: "192.0.2.99" }).waitFor();
  await tab.getByText("two lines").waitFor();
  await tab.getByText(/^Sat 5 Sep, 12:00/).waitFor();
  await tab.context().close();
});

test("times to answer stand for both sides, and opinions of an item are read and said", async () => {
  const tab = await world.page({ width: 400, height: 850 });
  await world.go(tab, "/requests?view=times");
  await tab.getByRole("row", { name: /CERT Kilo 14 1.h 9 6.h/ }).waitFor();
  await accessible(tab, "times");
  await fits(tab, "times");
  await world.go(tab, "/requests?view=said&item=campaign--6c1fa9d2-0a5e-4a3e-9a52-0b9d6c0f1d11");
  await becomes(() => tab.locator(".said-table tbody tr").count(), 2);
  await tab.getByRole("combobox", { name: /^Opinion/ }).selectOption("strongly-agree");
  await tab.getByLabel("Words").fill("seen here too");
  await button(tab, "Say it").click();
  await tab.getByText("Said to CERT Kilo.").waitFor();
  await becomes(() => tab.locator(".said-table tbody tr").count(), 3);
  await accessible(tab, "opinions");
  await fits(tab, "opinions");
  await world.go(tab, "/findings?q=type:phishing");
  await tab.locator("tbody tr:not(.pad)").first().click();
  await tab.getByText("the panel moved to another host on 28 August").waitFor();
  await tab.getByRole("link", { name: "Ask a partner about it" }).click();
  await becomes(() => tab.getByLabel("About what?").inputValue().then((text) => text.slice(0, 2)), "f_");
  await tab.context().close();
});

test("indicators are found by value in any spelling, kind and state, page by page", async () => {
  const tab = await world.page();
  await world.go(tab, "/indicators");
  await becomes(() => tab.locator("tbody tr").count(), 100);
  await tab.getByText("1 indicator is still to be looked up in stored events.").waitFor();
  await button(tab, "More").click();
  await becomes(() => tab.locator("tbody tr").count(), 200);
  await tab.getByLabel("Find an indicator").fill("hxxp://secure-login-portal[.]example.net/");
  await tab.keyboard.press("Enter");
  await becomes(() => tab.locator("tbody tr").count(), 1);
  assert.match(new URL(tab.url()).search, /q=hxxp/);
  await accessible(tab, "indicators");
  await tab.getByLabel("Find an indicator").fill("");
  await tab.keyboard.press("Enter");
  await becomes(() => new URL(tab.url()).search, "");
  await tab.getByLabel("Kind").selectOption("pattern");
  await becomes(() => tab.locator("tbody tr").count(), 1);
  await tab.getByLabel("State", { exact: true }).selectOption("expired");
  await tab.getByText("No indicator fits").waitFor();
  await tab.context().close();
});

test("claims stand side by side, a pattern as it is, and what is seen, ended or false is kept", async () => {
  for (const options of [{ dark: true }, { width: 400, height: 850 }]) {
    const tab = await world.page(options);
    await world.go(tab, "/indicators/i_1?q=gate");
    await tab.getByText("3 independent sources").waitFor();
    assert.deepEqual(await tab.locator(".claims thead th").allInnerTexts(), ["urlhaus", "cert-kilo.example.org", "ana, a person here"]);
    assert.equal(await tab.getByRole("link", { name: "412 events" }).getAttribute("href"), "/findings?q=gate.example.org");
    await tab.getByText("the name is parked now").waitFor();
    await accessible(tab, "an indicator");
    await fits(tab, "an indicator");
    await tab.context().close();
  }
  const tab = await world.page();
  await world.go(tab, "/indicators/i_2?kind=pattern");
  assert.match(await tab.locator(".drawer pre").innerText(), /^\[domain-name:value = 'gate\.example\.org' AND .* FOLLOWEDBY .* WITHIN 600 SECONDS$/);
  await world.go(tab, "/indicators/i_4?q=resolver");
  await tab.getByText("Known good, on public-dns-v4, tranco-top-1m").waitFor();
  await button(tab, "False positive").click();
  await tab.getByLabel("Why").fill("a public resolver");
  await accessible(tab, "a false positive");
  await button(tab, "Report it").click();
  await tab.getByText("1 false positive report").waitFor();
  await tab.locator(".drawer .acts").getByRole("button", { name: "Seen" }).click();
  await tab.getByLabel("How often").fill("3");
  await tab.getByLabel("Words").fill("in a mail gateway");
  await button(tab, "Keep it").click();
  await tab.getByText("in a mail gateway").waitFor();
  await button(tab, "Expire").click();
  await tab.getByLabel("Why").fill("cleaned up");
  await button(tab, "End it").click();
  await tab.locator(".line-top").getByText("expired").waitFor();
  await tab.locator(".facts").getByText("cleaned up").waitFor();
  await becomes(() => button(tab, "Expire").count(), 0);
  await tab.context().close();
});

test("pasted lines become indicators, and the search box leads to one", async () => {
  const tab = await world.page({ width: 400, height: 850 });
  await world.go(tab, "/indicators?view=import");
  await tab.getByLabel("One value a line").fill("hxxp://new[.]example.net/a\n192.0.2.200\nno value at all\n198.51.100.23\n");
  await tab.getByRole("textbox", { name: "Source" }).fill("by-mail");
  await tab.getByLabel("Marking").selectOption("green");
  await accessible(tab, "importing");
  await fits(tab, "importing");
  await button(tab, "Take them in").click();
  await tab.getByText("2 indicators are new, 2 claims were written, 1 stood already.").waitFor();
  await tab.getByText("not a value: 'no value at all'").waitFor();
  await accessible(tab, "imported");
  await tab.keyboard.press("Control+k");
  await tab.getByRole("combobox", { name: "Search or jump to" }).fill("192.0.2.200");
  await tab.getByRole("option", { name: /192\.0\.2\.200 indicator, active/ }).click();
  await tab.getByRole("heading", { name: "192.0.2.200" }).waitFor();
  await tab.locator(".claims").getByText("by-mail").waitFor();
  await tab.context().close();
});

test("what is gone or cannot be read says so, and who may only read is offered nothing that is refused", async () => {
  const tab = await world.page({ made_up: true });
  await tab.route("**/api/v1/session*", async (route) => { const answer = await route.fetch(); return route.fulfill({ response: answer, json: { ...await answer.json(), role: "viewer", rights: ["read"] } }); });
  for (const [path, ready] of [["/requests", "192.0.2.77"], ["/requests?view=out", "gate.example.org"], ["/requests?view=said", "What was said"], ["/indicators/i_3?q=198.51.100.23", "2 independent sources"], ["/indicators?view=import", "Importing needs the right to work."]]) {
    await world.go(tab, path);
    await tab.getByText(ready).first().waitFor();
    if (path === "/requests") await tab.locator("tbody tr a").first().click().then(() => tab.getByText("What was done").waitFor());
    for (const name of ["Ask", "Accept", "Refuse", "Comment", "Withdraw", "Say it", "False positive", "Seen", "Expire", "Import", "Take them in"]) assert.equal(await button(tab, name).count(), 0, `${path}: ${name}`);
  }
  for (const [path, says] of [["/requests/none", "no request 'none'"], ["/indicators/i_none", "no indicator 'i_none'"]]) await refused(tab, async () => { await world.go(tab, path); await tab.getByText(says).waitFor(); });
  await tab.route(/\/api\/v1\/(requests|indicators)(\?|$)/, (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: '{"title":"The node is being restored"}' }));
  for (const path of ["/requests", "/indicators"]) await refused(tab, async () => { await world.go(tab, path); await tab.getByText("The node is being restored").first().waitFor(); await accessible(tab, path); });
  await tab.context().close();
});

test("no page logged an error, broke the policy, or asked another host", async () => {
  assert.deepEqual(await world.noticed(), []);
});
