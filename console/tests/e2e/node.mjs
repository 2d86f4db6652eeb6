// node: a real node for the tests, `tocsin run` with a made-up world in a folder of its own; ended by its process id.
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const start_max_ms = 120_000, stop_max_ms = 30_000;
const sign_in = /https?:\/\/\S+[?&]code=\S+/;

// For a node whose address must be known before it starts.
export const free_port = () => new Promise((resolve) => { const server = createServer().listen(0, "127.0.0.1", () => { const { port } = server.address(); server.close(() => resolve(port)); }); });

function ended(child, within_ms) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(true);
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(false), within_ms);
    child.once("exit", () => { clearTimeout(late); resolve(true); });
  });
}

// Starts `tocsin run` with these arguments, --home aside, and --port unless it is one of them. `home` is where its data lies, new unless given.
export async function run_node(tocsin, args = ["--demo", "--alone"], given = undefined) {
  const folder = given ?? await mkdtemp(join(tmpdir(), "tocsin-console-"));
  const child = spawn(tocsin, ["run", "--home", join(folder, "node"), ...(args.includes("--port") ? [] : ["--port", "0"]), ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  // A test run that is broken off takes its node with it.
  const orphaned = () => child.kill("SIGKILL");
  process.once("exit", orphaned);

  async function close() {
    child.kill("SIGTERM");
    if (!(await ended(child, stop_max_ms))) { child.kill("SIGKILL"); await ended(child, stop_max_ms); }
    process.removeListener("exit", orphaned);
    if (!given) await rm(folder, { recursive: true, force: true });
    return child.exitCode;
  }
  const link = await new Promise((resolve) => {
    const late = setTimeout(() => resolve(undefined), start_max_ms);
    const hear = (text) => {
      said += text;
      const found = sign_in.exec(said);
      if (found) { clearTimeout(late); resolve(found[0]); }
    };
    child.stdout.setEncoding("utf8").on("data", hear);
    child.stderr.setEncoding("utf8").on("data", hear);
    child.once("error", (error) => { said += String(error); resolve(undefined); });
    child.once("exit", () => resolve(undefined));
  });
  if (!link) {
    await close();
    throw new Error(`${tocsin} gave no sign-in link; it said:\n${said}`);
  }
  return { link, base: new URL(link).origin, home: join(folder, args.includes("--demo") ? "node-demo" : "node"), said: () => said, close };
}

// A verb of the program, to its end.
export async function made(program, args) {
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => { said += text; });
  if (!(await ended(child, start_max_ms)) || child.exitCode !== 0) { child.kill("SIGKILL"); throw new Error(`${program} ${args.join(" ")}: ${said}`); }
}

// How a partner's list is read, when its times look like this.
export const partner_mapping = (time) => `summary = "a partner's list"
input = "csv"
header = true
zone = "UTC"
required = ["source.ip", "time.source"]

[fields]
"source.ip" = "address"
"time.source" = {column = "seen", time = "${time}"}

[constants]
"classification.type" = "scanner"
`;

// A demo node that has, beside its made-up world, a feed whose mapping is wrong at first.
export async function demo_node(program) {
  const folder = await mkdtemp(join(tmpdir(), "tocsin-console-")), home = join(folder, "node-demo"), partner = join(folder, "partner"), mapping = join(folder, "partner.toml");
  await Promise.all([mkdir(home, { mode: 0o700 }), mkdir(partner)]);
  await writeFile(mapping, partner_mapping("%d.%m.%Y %H:%M:%S"));
  await writeFile(join(home, "tocsin.toml"), `[feed.partner-list]\ncollector = "directory"\npath = ${JSON.stringify(partner)}\nformat = "csv"\nmapping = ${JSON.stringify(mapping)}\n`);
  const gone = () => rm(folder, { recursive: true, force: true });
  try {
    // The whole demo is thousands of files; for its pictures it is made whole, for the tests a smaller one of the same kind.
    if (!process.env.TOCSIN_SCREENS) await made(program, ["simulate", "demo", "--members", "4", "--days", "24", "--out", join(home, "demo")]);
    const node = await run_node(program, ["--demo", "--alone"], folder);
    return { ...node, drop: join(home, "drop"), mapping, close: async () => { await node.close(); await gone(); } };
  } catch (error) {
    await gone();
    throw error;
  }
}
