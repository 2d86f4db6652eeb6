// What operations add to the console: the situation page, and what every page says of exercises and of a pause.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessible, becomes, fits, open, picture, screens } from "./browser.mjs";
import { made, run_node } from "./node.mjs";

let world;
before(async () => { world = await open(); await (await world.sign_in()).context().close(); });
after(async () => { await world.close(); });

test("a situation report is issued, a second time it is the same, and a wrong period is told", async () => {
  const tab = await world.page();
  await world.go(tab, "/situation");
  await tab.getByLabel("Period", { exact: true }).fill("2026-W99");
  await tab.getByRole("button", { name: "Count and issue" }).click();
  if (process.env.TOCSIN_BIN) await tab.getByRole("alert").waitFor();
  await tab.getByLabel("Period", { exact: true }).fill("2026");
  await tab.getByRole("combobox", { name: /^For/ }).selectOption("public");
  await tab.getByRole("button", { name: "Count and issue" }).click();
  await tab.getByText(/S-2026-.*public-1 is issued/).waitFor();
  await tab.getByRole("button", { name: "Count and issue" }).click();
  await tab.getByText("no figure has changed since").waitFor();
  const link = tab.getByRole("link", { name: /^S-2026-.*public-1$/ });
  await becomes(() => link.count(), 1);
  if (process.env.TOCSIN_BIN) { // the page itself, whole, as a picture in build/screens
    const page = await world.page({ width: 1024, height: 1400 });
    await page.goto(world.node.base + await link.getAttribute("href"));
    await page.getByRole("heading", { name: "Feeds and method" }).waitFor();
    await fits(page, "the report");
    await page.screenshot({ path: `${screens}situation-report.png`, fullPage: true });
    // README's: this month for the team.
    await tab.getByLabel("Period", { exact: true }).fill(new Date().toISOString().slice(0, 7));
    await tab.getByRole("combobox", { name: /^For/ }).selectOption("");
    await tab.getByRole("button", { name: "Count and issue" }).click();
    const team = tab.getByRole("link", { name: /team-1$/ });
    await team.waitFor();
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(world.node.base + await team.getAttribute("href"));
    await picture(page, "situation-light");
    await page.context().close();
  }
  await accessible(tab, "situation");
  await fits(tab, "situation");
  await tab.context().close();
});

test("every page says that an exercise is on, whoever marked it", async () => {
  const tab = await world.page({ made_up: world.mock });
  if (world.mock) await tab.route("**/api/v1/state", (route) => route.fulfill({ json: { exercises: ["drop"] } }));
  else {
    const banner = async () => { await world.go(tab, "/health"); return tab.getByText(/^Exercise: /).count(); };
    assert.equal(await banner(), 0);
    const event = { classification: { type: "scanner" }, exercise: true, source: { ip: "192.0.2.77" }, time: { source: new Date().toISOString() } };
    await writeFile(join(world.node.drop, "drill.jsonl"), JSON.stringify(event) + "\n");
    await becomes(banner, 1);
  }
  for (const path of ["/", "/findings", "/feeds"]) {
    await world.go(tab, path);
    await tab.getByRole("link", { name: "Exercise: drop" }).waitFor();
  }
  await accessible(tab, "an exercise");
  await tab.getByRole("link", { name: "Exercise: drop" }).click();
  await tab.waitForURL(/q=is:exercise|q=is%3Aexercise/);
  if (!world.mock) await tab.getByText("192.0.2.77").first().waitFor();
  await tab.context().close();
});

test("a restored node says that it is paused until somebody resumes it", { skip: process.env.TOCSIN_BIN ? false : "needs the program TOCSIN_BIN" }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "tocsin-restored-")), program = process.env.TOCSIN_BIN;
  await writeFile(join(folder, "list.txt"), "192.0.2.1\n");
  await made(program, ["ingest", "--feed", "list", "--format", "ip_list", join(folder, "list.txt"), "--home", join(folder, "first")]);
  await made(program, ["backup", join(folder, "backup"), "--home", join(folder, "first")]);
  await made(program, ["restore", join(folder, "backup"), "--home", join(folder, "node")]);
  const restored = await open({ kind: "real", ...await run_node(program, [], folder), home: undefined });
  try {
    const tab = await restored.sign_in();
    const paused = async () => (await (await tab.request.get(`${restored.node.base}/api/v1/state`)).json()).paused !== undefined;
    assert.equal(await paused(), true);
    for (const path of ["/", "/feeds", "/health"]) {
      await restored.go(tab, path);
      await tab.getByRole("status").getByText("Paused after a restore").waitFor();
    }
    await accessible(tab, "paused");
    await fits(tab, "paused");
    await tab.getByRole("button", { name: "Resume" }).click();
    await tab.getByText("Paused after a restore").waitFor({ state: "detached" });
    assert.equal(await paused(), false);
    await restored.go(tab, "/");
    assert.equal(await tab.getByText("Paused after a restore").count(), 0);
    assert.deepEqual(await restored.noticed(), []);
  } finally {
    await restored.close();
    await rm(folder, { recursive: true, force: true });
  }
});

test("no page logged an error, broke the policy, or asked another host", async () => {
  assert.deepEqual((await world.noticed()).filter((text) => !/POST \/api\/v1\/situations answered 400|status of 400/.test(text)), []); // the wrong period
});
