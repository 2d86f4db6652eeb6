// triage: what people do to findings: by keyboard alone, in bulk, with undo, cases, a report by hand; against the mock and a real node.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, fits } from "./browser.mjs";

const digits = (text) => Number(text.replace(/\D/g, ""));
const bots = "/findings?q=type:infected-system";
const said = (tab, text) => tab.locator(".foot .did").getByText(text).first().waitFor();
const row = (tab, at) => tab.locator(".list tbody tr[aria-rowindex]").nth(at);

export function triage_tests(the_world) {
  test("a finding is judged, assigned, tagged, noted, and that is taken back, by keyboard alone", async () => {
    const world = the_world(), tab = await world.page();
    await world.go(tab, bots);
    await tab.keyboard.press("j");
    await tab.keyboard.press("v");
    await tab.getByRole("dialog", { name: "Verdict" }).waitFor();
    await accessible(tab, "verdict");
    await tab.keyboard.press("2");
    await said(tab, /1 finding: false positive/);
    await row(tab, 0).getByText("false positive").waitFor();
    await tab.keyboard.press("a");
    await tab.keyboard.type("me");
    await tab.keyboard.press("Enter");
    await said(tab, /assigned to me/);
    await tab.keyboard.press("t");
    await tab.keyboard.type("bank, <b>vip</b>");
    await tab.keyboard.press("Enter");
    await said(tab, /tag bank, <b>vip<\/b>/);
    await tab.keyboard.press("n");
    await tab.keyboard.type("<img src=x onerror=alert(1)> called them");
    await tab.keyboard.press("Control+Enter");
    await said(tab, /note kept/);
    await tab.keyboard.press("Enter");
    const pane = tab.locator(".drawer");
    await pane.getByText("False positive", { exact: true }).waitFor();
    await pane.getByText("note: <img src=x onerror=alert(1)> called them").waitFor();
    await pane.getByRole("link", { name: "<b>vip</b>" }).waitFor();
    await accessible(tab, "a judged finding");
    await tab.keyboard.press("Escape");
    for (const text of [/finding is as before/, /finding is as before/, /finding is as before/, /finding is as before/]) { await tab.keyboard.press("u"); await said(tab, text); await tab.waitForTimeout(150); }
    await tab.waitForFunction(() => !document.querySelector(".list tbody tr[aria-rowindex] .tag"));
    await tab.context().close();
  });

  test("all that match are muted at once, left out by the chip, and back after one undo", async () => {
    const world = the_world(), tab = await world.page();
    await world.go(tab, "/findings?q=type:infected-system+severity>=high");
    const total = () => tab.locator(".tally b").first().innerText().then(digits);
    const all = await total();
    assert.ok(all > 1, "there is one at most");
    await tab.keyboard.press("j");
    await tab.keyboard.press("*");
    await tab.getByText(/^All .* that match$/).waitFor();
    await tab.keyboard.press("m");
    await tab.getByRole("dialog", { name: "Mute" }).waitFor();
    await tab.keyboard.type("moving to another network");
    await accessible(tab, "mute");
    await tab.keyboard.press("Enter");
    await said(tab, /findings: muted/);
    await tab.getByRole("button", { name: "Leave out muted and false" }).click();
    await tab.waitForURL(/without=muted/);
    await tab.getByText("Nothing matches").waitFor();
    await tab.getByText("without muted, false-positive").waitFor();
    await tab.getByRole("button", { name: "Count muted and false ones too" }).click();
    await tab.waitForFunction((wanted) => Number(document.querySelector(".tally b")?.textContent.replace(/\D/g, "")) === wanted, all);
    await tab.keyboard.press("u");
    await said(tab, /findings are as before/);
    await tab.context().close();
  });

  test("the second of two editors is told who was faster, and may do it all the same", async () => {
    const world = the_world(), tab = await world.page({ made_up: true });
    await world.go(tab, bots);
    await tab.keyboard.press("j");
    await tab.keyboard.press("j");
    const noticed = world.wrong.length;
    // Somebody else, through the API, while this page shows what stood before.
    const faster = await tab.evaluate(async () => {
      const session = await (await fetch("/api/v1/session")).json(), list = await (await fetch("/api/v1/findings?q=type:infected-system&limit=2")).json();
      const answer = await fetch(`/api/v1/findings/${list.items[1].id}/triage`, { method: "POST", headers: { "content-type": "application/json", "x-csrf-token": session.csrf }, body: JSON.stringify({ verdict: "accepted-risk" }) });
      return answer.status;
    });
    assert.equal(faster, 200);
    await tab.keyboard.press("v");
    await tab.keyboard.press("4");
    await tab.getByRole("alert").getByText("Somebody was faster.").waitFor();
    await tab.getByRole("alert").getByText(/accepted-risk/).waitFor();
    await accessible(tab, "conflict");
    await tab.getByRole("button", { name: "Do it all the same" }).click();
    await said(tab, /not ours/);
    world.wrong.splice(noticed); // the browser logs the refused request; that is wanted here
    await tab.keyboard.press("u");
    await said(tab, /as before/);
    await tab.context().close();
  });

  test("a filter is kept as a view, used, and forgotten", async () => {
    const world = the_world(), tab = await world.page(), name = `mine <i>${Date.now()}</i>`;
    await world.go(tab, "/findings?q=severity>=high");
    await tab.getByRole("button", { name: "Views" }).click();
    await tab.getByRole("button", { name: "Keep this filter" }).click();
    await tab.keyboard.type(name);
    await tab.keyboard.press("Enter");
    await said(tab, /^Kept as /);
    await world.go(tab, "/findings");
    await tab.getByRole("button", { name: "Views" }).click();
    await accessible(tab, "views");
    await tab.getByRole("link", { name }).click();
    await tab.waitForURL(/q=severity/);
    await tab.getByRole("button", { name: "Views" }).click();
    await tab.getByRole("button", { name: `Forget ${name}` }).click();
    await tab.getByRole("link", { name }).waitFor({ state: "detached" });
    await tab.context().close();
  });

  test("a case gathers findings, a note and a file, and closes", async () => {
    const world = the_world(), tab = await world.page(), title = `Bank <script>${Date.now()}</script>`;
    await world.go(tab, bots);
    await tab.keyboard.press("j");
    await tab.keyboard.press("c");
    await tab.getByRole("dialog", { name: "Case" }).waitFor();
    await tab.getByLabel("a new case").fill(title);
    await tab.keyboard.press("Enter");
    await said(tab, /1 finding: into Bank/);
    await tab.keyboard.press("g");
    await tab.keyboard.press("s");
    await tab.getByRole("link", { name: title }).click();
    const pane = tab.locator(".drawer");
    await pane.getByRole("link", { name: "1 finding" }).waitFor();
    await pane.getByLabel("A new note").fill("first line\n<b>second</b>");
    await pane.getByRole("button", { name: "Add note" }).click();
    await pane.getByText("<b>second</b>").waitFor();
    await pane.locator("input[type=file]").setInputFiles({ name: "mail \"1\".html", mimeType: "text/html", buffer: Buffer.from("<script>alert(1)</script>") });
    const link = pane.getByRole("link", { name: "mail \"1\".html" });
    await link.waitFor();
    const answer = await tab.request.get(world.node.base + await link.getAttribute("href"));
    assert.match(answer.headers()["content-disposition"], /^attachment;/);
    assert.equal(answer.headers()["x-content-type-options"], "nosniff");
    assert.equal(answer.headers()["content-type"], "application/octet-stream");
    await accessible(tab, "case");
    await fits(tab, "case");
    await pane.getByRole("button", { name: "Close the case" }).click();
    await pane.getByText(/closed by/).waitFor();
    await world.go(tab, "/cases?view=acts");
    await tab.getByText(/into case/).first().waitFor();
    await accessible(tab, "acts");
    await world.go(tab, "/cases?view=closed");
    await tab.getByRole("link", { name: title }).waitFor();
    await tab.context().close();
  });

  test("a mute of a subject holds as a rule, and is ended", async () => {
    const world = the_world(), tab = await world.page();
    await world.go(tab, bots);
    await tab.keyboard.press("j");
    const subject = await row(tab, 0).locator(".subj").innerText();
    await tab.keyboard.press("m");
    await tab.keyboard.type("a study");
    await tab.locator(".ask-mute select").first().selectOption("subject");
    await tab.getByRole("button", { name: "Do it" }).click();
    await said(tab, /^Muted until/);
    await world.go(tab, "/cases?view=mutes");
    await accessible(tab, "mutes");
    await tab.getByRole("button", { name: `End it: the mute of ${subject}` }).first().click();
    await tab.getByText(/^ended by /).first().waitFor();
    await tab.context().close();
  });

  test("pasted text is looked at before it is taken in", async () => {
    const world = the_world(), tab = await world.page(), address = `198.51.100.${Date.now() % 250}`;
    await world.go(tab, "/feeds?view=reports");
    await tab.getByRole("button", { name: "Paste text" }).click();
    await tab.getByRole("textbox", { name: "Text" }).fill(`${address}\nnot an address\n`);
    await tab.getByRole("button", { name: "Look at it" }).click();
    const look = tab.getByRole("region", { name: "What it becomes" }).first();
    await tab.locator(".look[data-looked=true]").waitFor();
    await tab.locator(".look select").selectOption("ip_list");
    await look.getByText(address).waitFor();
    await tab.locator(".look").getByText(/1 line unreadable/).waitFor();
    await accessible(tab, "a look at a report");
    await fits(tab, "a look at a report");
    const before = (await (await tab.request.get(`${world.node.base}/api/v1/reports?limit=1`)).json()).items[0]?.id;
    await tab.getByRole("button", { name: "Take it in" }).click();
    await tab.getByRole("status").getByText(/^pasted\.txt: /).waitFor();
    const after = (await (await tab.request.get(`${world.node.base}/api/v1/reports?limit=1`)).json()).items[0]?.id;
    assert.notEqual(after, before);
    await tab.context().close();
  });

  test("each feed's worth stands on the Feeds page", async () => {
    const world = the_world(), tab = await world.page();
    await world.go(tab, "/feeds?view=worth");
    await tab.getByRole("region", { name: "What each feed is worth" }).locator("tbody tr").first().waitFor();
    await accessible(tab, "worth");
    await fits(tab, "worth");
    await tab.context().close();
  });
}
