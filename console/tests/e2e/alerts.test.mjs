// Constituents and alerts in a real browser, against a node of the program TOCSIN_BIN with a mail server on loopback: import,
// look, switch on, and read the mail that came.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessible, fits, open, screens } from "./browser.mjs";
import { mailbox, parts_of } from "./mailbox.mjs";
import { made, run_node } from "./node.mjs";

const program = process.env.TOCSIN_BIN, skip = program ? false : "needs TOCSIN_BIN";
const now = new Date().toISOString().slice(0, 19) + "Z";
const evil = `<img src=x onerror=alert(1)>`;
let world, box, folder;

before(async () => {
  if (skip) return;
  box = await mailbox();
  folder = await mkdtemp(join(tmpdir(), "tocsin-alerts-"));
  const home = join(folder, "node"), report = join(folder, `${now.slice(0, 10)}-report.jsonl`);
  await mkdir(home, { mode: 0o700 });
  await writeFile(join(home, "tocsin.toml"), `[node]\nname = "CERT Example"\n[alert.mail]\nserver = "smtp://127.0.0.1:${box.port}"\nfrom = "CERT Example <cert@example.org>"\ntls = "none"\n`);
  await writeFile(join(folder, "constituents.csv"), `name,sector,prefixes,contacts\nBank,finance,192.0.2.0/27,soc@bank.example.org\n"${evil}",,192.0.2.64/26,evil@example.org\n`);
  await writeFile(join(folder, "wrong.csv"), "name,prefixes,contacts\nGood,198.51.100.0/24,good@example.org\nBad,300.1.2.3/8,nobody\n");
  await writeFile(report, ["192.0.2.7", "192.0.2.70"].map((ip) => JSON.stringify({ "classification.type": "infected-system", "malware.name": "mirai", severity: "critical", "source.ip": ip, "time.source": now })).join("\n") + "\n");
  const node = await run_node(program, [], folder);
  try { world = await open({ kind: "alerts", ...node, home: undefined, data: home }); } catch (error) { await node.close(); throw error; }
  await (await world.sign_in()).context().close();
});
after(async () => {
  if (skip) return;
  await world?.close();
  box.close();
  await rm(folder, { recursive: true, force: true });
});

async function picture(tab, name) { await tab.screenshot({ path: join(screens, name + ".png") }); }

test("constituents: a file is dropped, what it would change is shown, and then taken in", { skip }, async () => {
  const tab = await world.page();
  await world.go(tab, "/constituents");
  await tab.getByText("No constituents yet").waitFor();
  await tab.locator("input[type=file]").setInputFiles(join(folder, "wrong.csv"));
  await tab.getByText("1 line is wrong and left out").waitFor();
  await tab.getByText("line 3").waitFor();
  await tab.getByRole("button", { name: "Leave it" }).click();
  await tab.locator("input[type=file]").setInputFiles(join(folder, "constituents.csv"));
  await tab.getByText("2 new, 0 changed, 0 removed, 0 as they are. Nothing is changed yet.").waitFor();
  assert.equal((await (await tab.request.get(`${world.node.base}/api/v1/constituents`)).json()).total, 0);
  await accessible(tab, "constituents, a plan");
  await picture(tab, "constituents-plan-1440-light");
  await tab.getByRole("button", { name: "Take in 2 changes" }).click();
  await tab.getByRole("link", { name: "Bank" }).waitFor();
  assert.equal(await tab.locator("img[src='x']").count(), 0);
  await tab.getByLabel("Find a constituent").fill("192.0.2.7");
  await tab.getByRole("link", { name: evil }).waitFor({ state: "detached" });
  await tab.getByRole("link", { name: "Bank" }).click();
  await tab.getByRole("region", { name: "Bank" }).getByText("192.0.2.0/27").waitFor();
  await accessible(tab, "constituents");
  await fits(tab, "constituents");
  await picture(tab, "constituents-1440-light");
  await tab.context().close();
});

test("alerts: a dry run shows each mail as it will be read; switched on, it arrives in the mailbox", { skip }, async () => {
  await made(program, ["ingest", "--feed", "sinkhole", "--format", "intelmq", "--tlp", "green", join(folder, `${now.slice(0, 10)}-report.jsonl`), "--home", world.node.data]);
  const tab = await world.page();
  await world.go(tab, "/alerts");
  await tab.getByText("Alerts are off: nothing is sent.").waitFor();
  await tab.getByRole("button", { name: "Dry run" }).last().click();
  await tab.getByText("2 messages about 2 findings to 2 constituents would be sent.").waitFor();
  await tab.getByRole("button", { name: "Bank" }).click();
  await tab.getByRole("article", { name: "Message" }).getByText("TLP:GREEN URGENT: 1 problem in your networks").waitFor();
  await tab.locator(".letter-text", { hasText: "192.0.2.7" }).waitFor();
  const previewed = await tab.locator(".letter-text").innerText();
  await accessible(tab, "alerts, a dry run");
  await picture(tab, "alerts-dry-run-1440-light");
  assert.equal(box.mails.length, 0);
  await tab.getByRole("button", { name: "Switch on" }).click();
  await tab.getByText("Send from now on, 2 findings that wait included?").waitFor();
  await tab.getByRole("button", { name: "Send from now on" }).click();
  await tab.getByText("Alerts are on.", { exact: true }).waitFor();
  for (const end = Date.now() + 40_000; box.mails.length < 2; await tab.waitForTimeout(200)) assert.ok(Date.now() < end, `${box.mails.length} mails came`);
  assert.deepEqual(box.mails.map((mail) => mail.to).sort(), ["evil@example.org", "soc@bank.example.org"]);
  const bank = box.mails.find((mail) => mail.to === "soc@bank.example.org").text;
  assert.match(bank, /^Subject: TLP:GREEN URGENT: 1 problem/m);
  assert.doesNotMatch(bank, /192\.0\.2\.70/);
  const parts = parts_of(bank), words = (text) => text.split(/\s+/).filter(Boolean);
  assert.deepEqual(parts.map(({ type, name }) => [type, name]), [["text/plain", ""], ["text/csv", "findings.csv"], ["application/x-ndjson", "findings.xarf.jsonl"]]);
  assert.deepEqual(words(parts[0].text), words(previewed)); // what was looked at is what came
  for (const { text, name } of parts) assert.match(text, /192\.0\.2\.7\b/, name);
  assert.doesNotMatch(parts.map((part) => part.text).join("\n"), /192\.0\.2\.70/);
  assert.doesNotMatch(box.mails.map((mail) => mail.text).join("\n"), /^Content-Type: text\/html/m);
  await world.go(tab, "/alerts");
  await tab.getByRole("button", { name: "Bank" }).waitFor();
  await tab.getByText("sent, at once").first().waitFor();
  assert.equal(await tab.locator("img[src='x']").count(), 0);
  await accessible(tab, "alerts");
  await fits(tab, "alerts");
  await picture(tab, "alerts-1440-light");
  await tab.getByRole("button", { name: "Morning mail" }).click();
  await tab.getByText("New findings: 2").waitFor();
  await tab.getByRole("button", { name: "Switch off" }).click();
  await tab.getByText("Alerts are off: nothing is sent.").waitFor();
  await tab.context().close();
});

test("nothing went wrong behind the pages", { skip }, async () => assert.deepEqual(await world.noticed(), []));
