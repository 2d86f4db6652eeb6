// Warnings and series in a real browser: against the mock, which has a world that rises; and against a node of the program
// TOCSIN_BIN, whose figures the page must repeat.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve } from "../../dev/mock.mjs";
import { accessible, becomes, fits, open, picture } from "./browser.mjs";
import { run_node } from "./node.mjs";

const program = process.env.TOCSIN_BIN, skip = program ? false : "needs the program TOCSIN_BIN", rises = "/warnings/w_00000000000000a1";
let world, node;
before(async () => {
  world = await open({ kind: "mock", ...await serve() });
  await (await world.sign_in()).context().close();
  if (!program) return;
  node = await open({ kind: "real", ...await run_node(program, []), home: undefined });
  await (await node.sign_in()).context().close();
});
after(async () => { await world?.close(); await node?.close(); });

const digits = (text) => Number(text.replace(/[^\d]/g, ""));
const chosen = (tab) => tab.locator(".series-list button[aria-pressed=true] > .cut");
const drawn = (tab) => tab.locator(".line-chart svg path").first().waitFor({ state: "attached" });

test("each warning is a card that says how grave, since when, and how much more than expected", async () => {
  for (const options of [{}, { dark: true }, { width: 390, height: 844 }, { width: 1100 }]) {
    const tab = await world.page(options);
    await world.go(tab, "/warnings");
    const cards = tab.locator(".w-card");
    assert.equal(await cards.count(), 2);
    const first = await cards.first().innerText();
    for (const words of ["high severity", "still growing", "Three times as many events as expected: infected system mirai", "61\u202f218 events came where 22\u202f904 were expected", "once in 32 years", "Read with care"]) assert.ok(first.includes(words), `${words} is not in: ${first}`);
    assert.ok((await cards.nth(1).innerText()).includes("peaked, not over"));
    await tab.locator(".mini-chart svg").nth(1).waitFor();
    await accessible(tab, "warnings");
    await fits(tab, "warnings");
    await tab.getByRole("button", { name: "Also closed" }).click();
    await becomes(() => cards.count(), 3);
    await tab.context().close();
  }
});

test("the rail counts what still rises, and the mark follows", async () => {
  const tab = await world.page();
  await world.go(tab, "/warnings");
  await becomes(() => tab.locator(".rail a[href='/warnings'] .count.calls").innerText().then((text) => text.replace(/\s+/g, " ").trim()), "1 rising");
  await tab.context().close();
});

test("a warning has a page: chart, life, where it comes from, how sure, what to look at", async () => {
  for (const options of [{}, { dark: true }, { width: 390, height: 844 }]) {
    const tab = await world.page(options);
    await world.go(tab, rises);
    await tab.getByRole("heading", { name: "Three times as many events as expected: infected system mirai" }).waitFor();
    await drawn(tab);
    await tab.getByText(/^Opened Mon 31 Aug/).first().waitFor();
    assert.deepEqual(await tab.locator(".moments b").allInnerTexts(), ["Opened", "New height", "Now"]);
    await tab.locator(".adds li", { hasText: "AS64499" }).getByText(/^\+/).waitFor();
    assert.deepEqual(await tab.locator(".adds h3").allInnerTexts(), ["Networks", "Countries", "Sectors", "Constituents concerned"]);
    const sure = await tab.locator(".w-side .facts").innerText();
    for (const words of ["1\u202f080", "281 to 437, 95 %", "3.0×", "p = 3 · 10⁻¹¹", "81 of 100"]) assert.ok(sure.includes(words), `${words} is not in: ${sure}`);
    const care = await tab.locator(".w-side .notes").innerText();
    assert.match(care, /in doubt[^]*sinkhole-a tells 1\.8 times as many events[^]*1 more series rises with it: infected system/);
    await accessible(tab, "a warning");
    await fits(tab, "a warning");
    await tab.context().close();
  }
});

test("a warning leads to its findings, its constituents and its series", async () => {
  const tab = await world.page();
  await world.go(tab, rises);
  assert.equal(decodeURIComponent(await tab.getByRole("link", { name: "The findings behind it" }).getAttribute("href")), "/findings?q=type:infected-system family:mirai");
  await tab.getByRole("link", { name: "The constituent Hospital São Exemplo" }).waitFor();
  await tab.getByRole("link", { name: "The series, with its past" }).click();
  await drawn(tab);
  await becomes(() => chosen(tab).innerText(), "infected system mirai");
  assert.equal(await tab.getByLabel("Feed", { exact: true }).inputValue(), "sinkhole-a");
  await tab.context().close();
});

test("warnings are walked with the keyboard, and one that is gone says so", async () => {
  const tab = await world.page();
  await world.go(tab, "/");
  await tab.keyboard.press("g");
  await tab.keyboard.press("w");
  await tab.locator(".w-card").first().waitFor();
  await tab.keyboard.press("j");
  await tab.keyboard.press("j");
  assert.match(await tab.evaluate(() => document.activeElement.textContent), /^More events than expected: scanner 2323\/tcp, Brazil/);
  await tab.keyboard.press("Enter");
  await tab.locator(".w-head h2", { hasText: "scanner 2323/tcp" }).waitFor();
  await tab.keyboard.press("[");
  await tab.locator(".w-head h2", { hasText: "mirai" }).waitFor();
  await tab.keyboard.press("Escape");
  await tab.locator(".w-card").first().waitFor();
  const noticed = world.wrong.length;
  await world.go(tab, "/warnings/w_none");
  await tab.getByRole("alert").getByText("no warning 'w_none'").waitFor();
  world.wrong.splice(noticed);
  await tab.context().close();
});

test("with nothing rising the page is quiet and says what would stand there", async () => {
  const tab = await world.page();
  await tab.route("**/api/v1/warnings?*", (route) => route.fulfill({ json: { items: [], as_of: "2026-09-01T09:42:17Z", took_ms: 1 } }));
  await world.go(tab, "/warnings");
  await tab.getByText("Nothing is rising", { exact: true }).waitFor();
  assert.equal(await tab.locator(".rail a[href='/warnings'] .count").count(), 0);
  await accessible(tab, "no warnings");
  await tab.context().close();
});

test("any cut is shown at any resolution, with the band, the year before, and partial ticks hollow", async () => {
  for (const options of [{}, { dark: true }, { width: 390, height: 844 }, { width: 1100 }]) {
    const tab = await world.page(options);
    await world.go(tab, "/series?what=family&resolution=1h");
    await drawn(tab);
    assert.deepEqual(await tab.locator(".series-list li .cut").allInnerTexts(), ["infected system mirai", "infected system android.badbox2"]);
    assert.ok(await tab.locator(".part-dot").count() >= 1, "no tick is hollow");
    assert.ok(await tab.locator(".part-range").count() >= 1, "no tick says what it may become");
    assert.match(await tab.locator(".series-one .sub").innerText(), /^events an hour, UTC; band: expected, 95 %; hollow: not all there yet$/);
    for (const line of ["observed", "expected", "year before"]) assert.equal(await tab.locator(".line-chart .end", { hasText: line }).count(), 1, line);
    await accessible(tab, "series");
    await fits(tab, "series");
    await tab.context().close();
  }
});

test("values are read by keys, as a table too, and the keys walk the series", async () => {
  const tab = await world.page();
  await world.go(tab, "/");
  await tab.keyboard.press("g");
  await tab.keyboard.press("t");
  await tab.locator(".series-list li").first().waitFor();
  await world.go(tab, "/series?what=port&where=country&resolution=1d");
  await drawn(tab);
  await tab.getByRole("slider", { name: "Read values" }).focus();
  await tab.keyboard.press("End");
  await tab.locator(".series-one .sub", { hasText: /so far; will be [\d\u202f]+ to [\d\u202f]+; expected/ }).waitFor();
  await tab.keyboard.press("ArrowLeft");
  await tab.locator(".series-one .sub", { hasText: /^Mon 31 Aug, 00:00; [\d\u202f]+; expected [\d\u202f]+, [\d\u202f]+ to [\d\u202f]+; year before/ }).waitFor();
  await tab.keyboard.press("j");
  await becomes(() => chosen(tab).innerText(), "scanner 22/tcp, Brazil");
  await tab.locator(".panel h2", { hasText: "scanner 22/tcp, Brazil" }).waitFor();
  await tab.keyboard.press("t");
  assert.deepEqual(await tab.locator(".chart-table th").allInnerTexts(), ["From", "Count", "Will be", "Expected", "95 %", "Year before"]);
  await tab.getByRole("button", { name: "1 week" }).click();
  await tab.waitForURL(/resolution=1w/);
  await tab.getByLabel("Country", { exact: true }).fill("PT");
  await tab.keyboard.press("Enter");
  await becomes(() => tab.locator(".series-list li .cut").allInnerTexts(), ["scanner 2323/tcp, Portugal", "scanner 22/tcp, Portugal", "open service 3389/tcp, Portugal"]);
  await tab.getByRole("button", { name: "Subjects" }).click();
  await tab.locator(".series-one .sub", { hasText: "distinct subjects a week" }).waitFor();
  await tab.context().close();
});

test("a cut that nothing fits says so", async () => {
  const tab = await world.page();
  await world.go(tab, "/series?what=family&family=nobody");
  await tab.getByText("Nothing was counted like that").waitFor();
  await accessible(tab, "no series");
  await tab.context().close();
});

test("pictures of both pages are drawn", async () => {
  for (const dark of [false, true]) {
    const tab = await world.page({ dark }), name = dark ? "dark" : "light";
    await world.go(tab, rises);
    await drawn(tab);
    await tab.locator(".adds li", { hasText: "AS64499" }).getByText(/^\+/).waitFor();
    await picture(tab, `warning-${name}`);
    await world.go(tab, "/series?what=family&resolution=1h");
    await drawn(tab);
    await picture(tab, `series-${name}`);
    await tab.context().close();
  }
});

test("a node's own counts stand on the page as the API gives them", { skip }, async () => {
  const tab = await node.page(), { csrf } = await (await tab.request.get(`${node.node.base}/api/v1/session`)).json(), families = { mirai: 5, emotet: 2 };
  const rows = Object.entries(families).flatMap(([family, n]) => Array.from({ length: n }, (_, i) => JSON.stringify({ "classification.type": "infected-system", "malware.name": family, "source.ip": `192.0.2.${i + 1}`, "time.source": new Date(Date.now() - (i + 1) * 3_600_000).toISOString() })));
  const taken = await tab.request.post(`${node.node.base}/api/v1/reports?feed=sinkhole&format=intelmq&tlp=green&name=report.jsonl`, { data: rows.join("\n") + "\n", headers: { "x-csrf-token": csrf, "content-type": "application/octet-stream" } });
  assert.ok(taken.ok(), await taken.text());
  const counted = async () => (await (await tab.request.get(`${node.node.base}/api/v1/series?what=family&resolution=1h`)).json()).rows.map((row) => [row.key.family, row.events]);
  await becomes(counted, Object.entries(families));
  await node.go(tab, "/series?what=family&resolution=1h");
  await becomes(() => tab.locator(".series-list li .n").allInnerTexts().then((texts) => texts.map(digits)), Object.values(families));
  assert.deepEqual(await tab.locator(".series-list li .cut").allInnerTexts(), ["infected system mirai", "infected system emotet"]);
  await drawn(tab);
  await tab.locator(".notes li", { hasText: "Too little past to expect anything" }).waitFor();
  await tab.locator(".notes li", { hasText: "Nothing was counted in the same weeks a year before" }).waitFor();
  await tab.keyboard.press("t");
  const column = await tab.locator(".chart-table tbody tr td:nth-child(2)").allInnerTexts();
  assert.equal(column.reduce((sum, text) => sum + digits(text), 0), families.mirai);
  await accessible(tab, "series of a node");
  await node.go(tab, "/warnings");
  await tab.getByText("Nothing is rising", { exact: true }).waitFor();
  await accessible(tab, "no warnings of a node");
  await tab.context().close();
});

test("nothing went wrong behind the pages", async () => {
  assert.deepEqual(await world.noticed(), []);
  if (node) assert.deepEqual(await node.noticed(), []);
});
