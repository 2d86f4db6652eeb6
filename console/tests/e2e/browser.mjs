// browser: Debian's Chromium, a node to look at, and what every page must keep.
import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { chromium } from "playwright-core";
import { serve } from "../../dev/mock.mjs";
import { breaches } from "./contract.mjs";
import { demo_node } from "./node.mjs";

const args = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const axe_source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const screens = fileURLToPath(new URL("../../../build/screens/", import.meta.url));

const types = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json", ".woff2": "font/woff2" };
// The console of the folder TOCSIN_CONSOLE (console/dist) in place of the one in the program, under the program's own headers.
async function other_console(context, base) {
  const folder = process.env.TOCSIN_CONSOLE;
  if (!folder) return;
  const { headers } = await fetch(base);
  await context.route((url) => url.origin === base && !/^\/(api|signin|metrics)\b/.test(url.pathname), (route) => {
    const { pathname } = new URL(route.request().url()), type = types[extname(pathname)], path = join(folder, type ? pathname : "index.html");
    if (!existsSync(path)) return route.continue(); // of the page that the sign-in leads to
    return route.fulfill({ path, headers: { "content-security-policy": headers.get("content-security-policy"), "x-content-type-options": "nosniff", "content-type": type ?? "text/html; charset=utf-8" } });
  });
}

// A node: a demo of the program that TOCSIN_BIN names; else the one whose sign-in link TOCSIN_URL holds; else the mock.
async function some_node() {
  const { TOCSIN_BIN: program, TOCSIN_URL: link } = process.env;
  if (program) return { kind: "real", ...await demo_node(program) };
  return link ? { kind: "other", link, base: new URL(link).origin, close: async () => {} } : { kind: "mock", ...await serve() };
}

export async function open(given = undefined, demo_within_ms = 120_000) {
  mkdirSync(screens, { recursive: true });
  const node = given ?? await some_node();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
  const wrong = []; // console errors, exceptions, failed requests, requests to other hosts, answers against the contract
  const reading = new Set(); // answers whose bodies are still on their way
  let signed_in; // the link works once: later pages use its cookie

  async function page(options = {}) {
    const { width = 1440, height = 900, dark = false } = options;
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light", reducedMotion: "reduce", acceptDownloads: true, ignoreHTTPSErrors: options.any_certificate === true, ...(options.anonymous ? {} : { storageState: signed_in }) });
    await other_console(context, new URL(options.base ?? node.base).origin);
    const tab = await context.newPage();
    tab.setDefaultTimeout(30_000); // no figure: a busy machine may take long
    tab.on("console", (message) => { if (message.type() === "error" || /content security policy/i.test(message.text())) wrong.push(`${tab.url()}: ${message.text()}`); });
    tab.on("pageerror", (error) => wrong.push(`${tab.url()}: ${error.stack}`));
    tab.on("requestfailed", (request) => { const why = request.failure()?.errorText ?? ""; if (why !== "net::ERR_ABORTED") wrong.push(`${tab.url()}: ${request.url()} failed: ${why}`); });
    tab.on("response", (answer) => {
      const { pathname } = new URL(answer.url()), type = answer.headers()["content-type"] ?? "";
      if (answer.status() >= 400) wrong.push(`${tab.url()}: ${answer.request().method()} ${pathname} answered ${answer.status()}`);
      if (!pathname.startsWith("/api/v1/") || !type.startsWith("application/json") || options.made_up) return;
      const read = answer.json().then((body) => { wrong.push(...breaches(answer.request().method(), pathname, answer.status(), body)); }, () => {}); // gone with its page
      reading.add(read);
      void read.finally(() => reading.delete(read));
    });
    tab.on("request", (request) => { if (!request.url().startsWith(options.base ?? node.base) && !request.url().startsWith("blob:")) wrong.push(`asks another host: ${request.url()}`); });
    return tab;
  }
  // Until the demo's reports are in, and every store has them.
  async function taken_in(tab) {
    const files = (await readdir(join(node.home, "demo"), { recursive: true })).filter((name) => /\.(csv|jsonl|txt)(\.gz)?$/.test(name)).length;
    const ask = async (path) => (await tab.request.get(`${node.base}/api/v1${path}`)).json();
    for (const end = Date.now() + demo_within_ms; ; await new Promise((resolve) => setTimeout(resolve, 200))) {
      const [{ items }, { followers }] = await Promise.all([ask("/reports?limit=100"), ask("/health")]);
      const seqs = followers.map((follower) => follower.seq);
      const begun = Number(items[0]?.id.slice(2) ?? 0); // reports are numbered
      if (begun >= files && items.every((report) => report.state !== "reading") && Math.min(...seqs) === Math.max(...seqs)) return;
      assert.ok(Date.now() < end, `the demo's ${files} reports are not in: ${begun} begun, stores at ${seqs}`);
    }
  }
  async function sign_in() {
    const tab = await page({ anonymous: true });
    await tab.goto(node.link);
    await tab.waitForSelector("[data-ready=true]");
    signed_in = await tab.context().storageState();
    if (node.home) await taken_in(tab);
    return tab;
  }
  // Everything that was noticed so far.
  const noticed = async () => { await Promise.all(reading); return [...new Set(wrong)]; };
  const go = async (tab, path) => { await tab.goto(node.base + path); await tab.waitForSelector("[data-ready=true]"); };
  const close = async () => { await browser.close(); await node.close(); };
  return { node, mock: node.kind === "mock", wrong, noticed, page, sign_in, go, close };
}

// No violation of WCAG 2.2 A and AA that axe can see. The page's own policy stands, so axe comes in over the debugger.
export async function accessible(tab, what) {
  await tab.evaluate(axe_source);
  const found = await tab.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  const said = found.violations.map((v) => `${v.id} (${v.impact}): ${v.nodes.slice(0, 3).map((n) => `${n.html.slice(0, 160)} ${n.failureSummary?.replaceAll("\n", " ").slice(0, 200)}`).join(" | ")}`);
  assert.deepEqual(said, [], what);
}

// What is read of a page becomes what is wanted, in 30 s: a page draws an answer some time after it was asked.
export async function becomes(read, wanted, what) {
  for (const end = Date.now() + 30_000; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const have = await read();
    if (isDeepStrictEqual(have, wanted) || Date.now() > end) return assert.deepEqual(have, wanted, what);
  }
}

// A picture that README shows: into build/screens, and with TOCSIN_SCREENS into that folder too.
export async function picture(tab, name, options = {}) {
  const path = `${screens}${name}.png`, { length } = await tab.screenshot({ path, ...options });
  assert.ok(length > 10_000, `${name}: a picture of ${length} bytes`);
  if (process.env.TOCSIN_SCREENS) copyFileSync(path, join(process.env.TOCSIN_SCREENS, `${name}.png`));
}

// Nothing is wider than the window.
export async function fits(tab, what) {
  const [have, room] = await tab.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(have <= room, `${what}: ${have} px wide in ${room}`);
}
