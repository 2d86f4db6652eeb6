// The pictures of README that the demo's world leaves empty: a node of the program TOCSIN_BIN with a small team's day in it, drawn
// into build/screens, and with TOCSIN_SCREENS into that folder.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { open, picture } from "./browser.mjs";
import { mailbox } from "./mailbox.mjs";
import { run_node } from "./node.mjs";

const program = process.env.TOCSIN_BIN, skip = program ? false : "needs the program TOCSIN_BIN";
const constituents = `name,sector,country,prefixes,names,contacts,provider
Example Bank,finance,BR,192.0.2.0/27,bank.example.org,soc@bank.example.org,
Example Hospital,health,BR,192.0.2.32/27,hospital.example.org,it@hospital.example.org,
Example University,education,BR,198.51.100.0/25,example.net,cert@example.net,
Example Telecom,telecom,BR,203.0.113.0/24,,abuse@telecom.example.org,yes
`;
const problems = [ // type, family or identifier, severity, addresses
  ["infected-system", { "malware.name": "mirai" }, "critical", ["192.0.2.41", "192.0.2.44", "192.0.2.50", "198.51.100.20", "203.0.113.9"]],
  ["infected-system", { "malware.name": "emotet" }, "high", ["192.0.2.7", "198.51.100.61"]],
  ["vulnerable-system", { "classification.identifier": "open-rdp", "protocol.transport": "tcp", "source.port": 3389 }, "medium", ["192.0.2.40", "198.51.100.7", "203.0.113.70"]],
];
let world, box, folder;

before(async () => {
  if (skip) return;
  box = await mailbox();
  folder = await mkdtemp(join(tmpdir(), "tocsin-pictures-"));
  await mkdir(join(folder, "node"), { mode: 0o700 });
  await writeFile(join(folder, "node", "tocsin.toml"), `[node]\nname = "CERT Example"\ncountry = "BR"\n[alert.mail]\nserver = "smtp://127.0.0.1:${box.port}"\nfrom = "CERT Example <cert@example.org>"\ntls = "none"\n`);
  world = await open({ kind: "real", ...await run_node(program, [], folder), home: undefined });
  await (await world.sign_in()).context().close();
});
after(async () => {
  if (skip) return;
  await world?.close();
  box.close();
  await rm(folder, { recursive: true, force: true });
});

test("a team's day is drawn: constituents, alerts, cases, people, audit", { skip }, async () => {
  const tab = await world.page(), { csrf } = await (await tab.request.get(`${world.node.base}/api/v1/session`)).json();
  const ask = async (path, data) => {
    const answer = await tab.request.post(`${world.node.base}/api/v1${path}`, { data, headers: { "x-csrf-token": csrf, "content-type": typeof data === "string" ? "application/octet-stream" : "application/json" } });
    assert.ok(answer.ok(), `${path}: ${await answer.text()}`);
    return answer.json();
  };
  const hours_ago = (h) => new Date(Date.now() - h * 3_600_000).toISOString();
  const rows = problems.flatMap(([type, what, severity, addresses]) => addresses.map((ip, i) => JSON.stringify({ "classification.type": type, ...what, severity, "source.ip": ip, "time.source": hours_ago(i + 1) })));
  await ask("/constituents/import", constituents);
  await ask("/reports?feed=shadowserver&format=intelmq&tlp=green&name=report.jsonl", rows.join("\n") + "\n");
  for (const [name, role] of [["ana", "administrator"], ["bo", "analyst"], ["eva", "analyst"], ["kim", "viewer"]]) await ask("/users", { name, role });
  const { items } = await (await tab.request.get(`${world.node.base}/api/v1/findings?q=family:mirai+ip:192.0.2.32/27`)).json();
  const one = await ask("/cases", { title: "Mirai in hospital cameras", text: "The cameras of two buildings answer to the same controller." });
  await ask("/cases", { title: "Open remote desktops at the university" });
  await ask("/triage", { findings: items.map((finding) => finding.id), verdict: "true", assign: "bo", tag: ["cameras"], case: one.id });
  await ask(`/cases/${one.id}/notes`, { text: "Called them: the supplier changes the passwords tomorrow." });

  const draw = async (name, path, ready) => {
    await world.go(tab, path);
    await ready();
    await tab.evaluate(() => document.fonts.ready);
    await picture(tab, name);
  };
  await draw("constituents-light", "/constituents", () => tab.getByRole("link", { name: "Example Hospital" }).click());
  await world.go(tab, "/alerts");
  await tab.getByRole("button", { name: "Dry run" }).last().click();
  await tab.getByRole("button", { name: "Example Hospital" }).first().click();
  await tab.locator(".letter-text", { hasText: "192.0.2.41" }).waitFor();
  await picture(tab, "alerts-light");
  await draw("cases-light", "/cases", () => tab.getByRole("link", { name: "Mirai in hospital cameras" }).click().then(() => tab.getByText("the supplier changes").waitFor()));
  await draw("people-light", "/people", () => tab.getByRole("cell", { name: "kim", exact: true }).waitFor());
  await draw("audit-light", "/audit", () => tab.getByText("POST /api/v1/cases").first().waitFor());
  await tab.context().close();
  assert.equal(box.mails.length, 0);
});

test("nothing went wrong behind the pages", { skip }, async () => assert.deepEqual(await world.noticed(), []));
