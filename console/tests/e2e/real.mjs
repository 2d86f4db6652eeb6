// real: what only a real node shows: reports that arrive, rows that are read again, counts that agree with each other.
import assert from "node:assert/strict";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { accessible, becomes } from "./browser.mjs";
import { partner_mapping } from "./node.mjs";

const digits = (text) => Number(text.replace(/\D/g, ""));
const token = "country:BR type:infected-system";

// One report of the sinkhole kind, with documentation addresses; dropped as a person would: under another name, then renamed.
async function drop_report(folder, name, addresses) {
  const now = new Date().toISOString().slice(0, 19).replace("T", " ");
  const rows = addresses.map((ip, i) => `"${now}","${ip}",${20_000 + i},64496,"BR","bot-example"`);
  await writeFile(join(folder, `.${name}.part`), ['"timestamp","ip","port","asn","geo","infection"', ...rows, ""].join("\n"));
  await rename(join(folder, `.${name}.part`), join(folder, name));
}

export function real_tests(the_world) {
  test("the sign-in link serves once", async () => {
    const again = await fetch(the_world().node.link, { redirect: "manual" });
    assert.ok(again.status >= 400, `the used link got ${again.status}`);
  });

  test("a report dropped into the folder appears live on the overview and among the findings", async () => {
    const world = the_world(), overview = await world.page(), findings = await world.page();
    await Promise.all([world.go(overview, "/"), world.go(findings, "/findings?q=asn:64496")]);
    const infected = () => overview.locator(".mult", { hasText: "Infected" }).locator(".fig-s").innerText().then((text) => digits(text.split("\u2002")[0]));
    const before = await infected(), known = digits(await findings.locator(".tally b").first().innerText());
    const addresses = Array.from({ length: 9 }, (_, i) => `192.0.2.${100 + i}`);
    await drop_report(world.node.drop, `${new Date().toISOString().slice(0, 10)}-event4_sinkhole-brazil.csv`, addresses);
    await findings.locator(".list .subj", { hasText: addresses[0] }).waitFor({ timeout: 30_000 });
    await findings.waitForFunction((least) => Number(document.querySelector(".tally b")?.textContent.replace(/\D/g, "")) >= least, known + addresses.length, { timeout: 30_000 });
    await overview.locator(".tick li a", { hasText: "192.0.2.1" }).first().waitFor({ timeout: 30_000 });
    assert.match(await overview.locator(".tick li", { hasText: "192.0.2.1" }).first().innerText(), /infected, bot-example/);
    for (const end = Date.now() + 30_000; (await infected()) !== before + addresses.length; await overview.waitForTimeout(200)) assert.ok(Date.now() < end, `${await infected()} infected, and not ${before + addresses.length}`);
    const { value } = (await (await overview.request.get(`${world.node.base}/api/v1/overview`)).json()).tiles.find((tile) => tile.id === "findings-open");
    await overview.waitForFunction((open) => document.querySelector(".counter .fig")?.textContent.replace(/\D/g, "") === open, String(value), { timeout: 30_000 });
    await overview.context().close();
    await findings.context().close();
  });

  test("every page says that its world is simulated", async () => {
    const world = the_world(), tab = await world.page();
    for (const path of ["/", "/findings", "/feeds", "/feeds?view=catalogue", "/feeds?view=quarantine", "/feeds?view=reports", "/health"]) {
      await world.go(tab, path);
      assert.equal(await tab.locator(".bar .made-up").isVisible(), true, path);
    }
    await tab.context().close();
  });

  test("the figures of the overview agree with each other and with the lists they lead to", async () => {
    const world = the_world(), tab = await world.page();
    await world.go(tab, "/");
    const api = async (path) => (await tab.request.get(world.node.base + "/api/v1" + path)).json();
    const { headline, weekly, map, networks, needs } = await api("/overview"), stats = await api("/stats?cut=country&type=infected-system&country=BR&compare=year");
    assert.equal(headline.distinct, stats.rows[0].controllers.abroad);
    await becomes(async () => digits(await tab.locator(".banner .figure").innerText()), headline.distinct);
    // Weeks overlap in addresses: none has more than the whole, and together they have at least that many.
    const weeks = weekly.filter((week) => week.distinct !== undefined);
    assert.ok(weeks.length >= 2 && weeks.every((week) => week.distinct <= headline.distinct), "a week has more than the year");
    const all = await api("/stats?cut=type&type=infected-system&country=BR&per=week");
    for (const week of weeks) assert.ok(week.distinct < all.series.find((s) => s.start === week.start).distinct, `${week.start}: controlled from abroad is a part of all`);
    // Its networks are the country's own.
    const asns = await api(`/stats?cut=asn&country=BR&top=10`);
    assert.deepEqual(networks.map((row) => row.asn), asns.rows.map((row) => row.key.asn).filter(Boolean).slice(0, networks.length));
    // The table beside the map is sorted, and is the map's.
    await tab.getByRole("button", { name: /^Table/ }).first().click();
    const rates = (await tab.locator(".chart-table").first().locator("tbody tr td:nth-child(2)").allInnerTexts()).map((text) => (/\d/.test(text) ? digits(text) : -1));
    assert.ok(rates.length === map.length && rates.every((rate, i) => i === 0 || rates[i - 1] >= rate), `the map's table is not sorted: ${rates}`);
    await becomes(() => tab.locator(".needs li").count(), Math.min(4, needs.length));
    await tab.context().close();
  });

  test("views and tokens show what they count", async () => {
    const world = the_world(), tab = await world.page();
    await world.go(tab, "/findings");
    for (const name of ["New today", "Reopened", "Plants"]) {
      const view = tab.locator(".views button", { hasText: name }), said = digits(await view.locator("span").innerText());
      await view.click();
      await tab.waitForFunction((total) => document.querySelector(".list table")?.getAttribute("aria-rowcount") === String(total + 1) || (total === 0 && document.querySelector(".list .empty")), said);
      await tab.locator(".views button", { hasText: "All" }).click();
    }
    const some = (await (await tab.request.get(`${world.node.base}/api/v1/findings?limit=1&q=${encodeURIComponent(`${token} family:* asn:*`)}`)).json()).items[0];
    const tokens = [`country:${some.country}`, `asn:${some.asn}`, `family:${some.family}`, `type:${some.type}`, `class:${some.class}`, `severity:${some.severity}`, `state:${some.state}`, `feed:${some.feeds[0]}`, `ip:${some.subject}`,
      `first<=${some.first.slice(0, 10)}`, `last>=${some.last.slice(0, 10)}`, `times>=${some.times}`, `tlp:${some.tlp}`, some.subject];
    for (const one of tokens) {
      await world.go(tab, `/findings?q=${encodeURIComponent(`${one} ip:${some.subject} type:${some.type}`)}`);
      await tab.locator(".list .subj", { hasText: some.subject }).first().waitFor();
      await world.go(tab, `/findings?q=${encodeURIComponent(`-${one} ip:${some.subject} type:${some.type} family:${some.family}`)}`);
      await tab.getByText("Nothing matches").waitFor();
    }
    await tab.context().close();
  });

  test("an export holds every finding of the filter", async () => {
    const world = the_world(), tab = await world.page();
    await world.go(tab, `/findings?q=${encodeURIComponent(token)}`);
    const total = digits(await tab.locator(".tally b").first().innerText());
    for (const [name, head] of [["CSV table", 1], ["JSON lines", 0]]) {
      await tab.getByRole("button", { name: "Export" }).click();
      const [download] = await Promise.all([tab.waitForEvent("download"), tab.getByRole("link", { name }).click()]);
      assert.equal((await readFile(await download.path(), "utf8")).trimEnd().split("\n").length - head, total, name);
    }
    await tab.context().close();
  });

  test("one box knows an address, a prefix, an AS, a name, a hash and a family of the node's own data", async () => {
    const world = the_world(), tab = await world.page(), api = async (path) => (await tab.request.get(world.node.base + "/api/v1" + path)).json();
    const [bot] = (await api(`/findings?limit=1&q=${encodeURIComponent(`${token} -family:unknown -ip:2000::/3`)}`)).items, [site] = (await api("/findings?limit=1&q=type:unauthorised-information-modification")).items;
    await world.go(tab, "/");
    const wanted = [[bot.subject, "address"], [bot.subject.replace(/\.\d+$/, ".0/24"), "prefix"], [`AS${bot.asn}`, "AS"], [site.subject, "name"], [bot.family, "family"], ["d41d8cd98f00b204e9800998ecf8427e", "hash"]];
    for (const [text, kind] of wanted) {
      await tab.keyboard.press("Control+k");
      await tab.getByRole("combobox", { name: "Search or jump to" }).fill(text);
      await tab.getByRole("option", { name: `Findings of this ${kind}` }).waitFor();
      await tab.getByRole("option", { name: /\d findings?/ }).first().waitFor(); // the node's own answer
      await tab.keyboard.press("Enter");
      await tab.waitForURL(/\/findings\?q=/);
      if (kind === "hash") await tab.getByText("Nothing matches").waitFor();
      else await tab.locator(".list .subj").first().waitFor();
    }
    await tab.context().close();
  });

  test("500 pasted lines are looked up at once, and lead to all their findings", async () => {
    const world = the_world(), tab = await world.page();
    const known = (await (await tab.request.get(`${world.node.base}/api/v1/findings?limit=200&q=${encodeURIComponent(`${token} -ip:2000::/3`)}`)).json()).items.map((item) => item.subject);
    const lines = [...new Set(known), ...Array.from({ length: 500 }, (_, i) => `203.0.113.${i % 256}`)].slice(0, 500);
    await world.go(tab, "/");
    await tab.keyboard.press("Control+k");
    await tab.getByRole("combobox", { name: "Search or jump to" }).evaluate((input, text) => {
      const data = new DataTransfer();
      data.setData("text", text);
      input.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    }, lines.join("\n"));
    const hits = new Set(known).size;
    await tab.getByText(new RegExp(`^${hits} of 500 lines have findings`)).waitFor();
    await accessible(tab, "pasted lines");
    await tab.getByRole("link", { name: "Show all their findings" }).click();
    await tab.locator(".list .subj").first().waitFor();
    await becomes(async () => digits(await tab.locator(".tally b").nth(1).innerText()), hits);
    assert.ok(digits(await tab.locator(".tally b").first().innerText()) >= hits);
    await tab.context().close();
  });

  test("rows that a wrong mapping rejected are read again after it is mended", async () => {
    const world = the_world(), tab = await world.page(), partner = () => tab.locator(".groups tbody tr", { hasText: "partner-list" });
    await world.go(tab, "/feeds?view=reports");
    await tab.getByRole("textbox", { name: "Source" }).fill("partner-list");
    await tab.locator("input[type=file]").setInputFiles({ name: "partner.csv", mimeType: "text/csv", buffer: Buffer.from("address,seen\n203.0.113.7,2026-08-31 10:02:03\n203.0.113.8,2026-08-31 10:02:04\n203.0.113.9,2026-08-31 10:02:05\n") });
    await tab.locator(".look[data-looked=true]").waitFor();
    await tab.getByRole("button", { name: "Take it in" }).click();
    await tab.getByRole("status").getByText("partner.csv: 0 events, 0 repeated, 3 rejected").waitFor();
    await tab.getByRole("button", { name: "Quarantine" }).click();
    await partner().first().locator("button[aria-expanded]").click();
    await tab.getByText("203.0.113.7,2026-08-31 10:02:03").first().waitFor();
    await accessible(tab, "kept lines");
    await writeFile(world.node.mapping, partner_mapping("%Y-%m-%d %H:%M:%S"));
    await tab.getByRole("button", { name: "Replay the lines of partner-list" }).first().click();
    await tab.getByRole("status").getByText("3 lines were read.").waitFor();
    await partner().first().waitFor({ state: "detached" });
    await world.go(tab, "/findings?q=feed:partner-list");
    await tab.locator(".list .subj", { hasText: "203.0.113.8" }).waitFor();
    await tab.context().close();
  });

  test("a record that stays unreadable is told as rejected again, and is not lost", async () => {
    const world = the_world(), tab = await world.page();
    await world.go(tab, "/feeds?view=quarantine");
    const row = tab.locator(".groups tbody tr", { hasText: "not an IP address: …" }).first(), kept = digits(await row.locator("td.n").first().innerText());
    await row.getByRole("button", { name: /^Replay/ }).click();
    await tab.getByRole("status").getByText(/^0 lines were read, \d+ rejected again/).waitFor();
    await becomes(async () => digits(await row.locator("td.n").first().innerText()), kept);
    await tab.context().close();
  });
}
