// browser: Debian's Chromium, a node to look at, and what every page must keep.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serve } from "../../dev/mock.mjs";

const args = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const axe_source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const screens = fileURLToPath(new URL("../../../build/screens/", import.meta.url));

// A node: the one whose sign-in link TOCSIN_URL holds, else the mock.
export async function open() {
  mkdirSync(screens, { recursive: true });
  const link = process.env.TOCSIN_URL;
  const node = link ? { link, base: new URL(link).origin, close: async () => {} } : await serve();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args });
  const wrong = []; // console errors, exceptions, requests to other hosts
  let signed_in; // the link works once: later pages use its cookie

  async function page(options = {}) {
    const { width = 1440, height = 900, dark = false } = options;
    const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light", reducedMotion: "reduce", acceptDownloads: true, ...(options.anonymous ? {} : { storageState: signed_in }) });
    const tab = await context.newPage();
    tab.setDefaultTimeout(10_000);
    tab.on("console", (message) => { if (message.type() === "error" || /content security policy/i.test(message.text())) wrong.push(`${tab.url()}: ${message.text()}`); });
    tab.on("pageerror", (error) => wrong.push(`${tab.url()}: ${error.stack}`));
    tab.on("request", (request) => { if (!request.url().startsWith(node.base) && !request.url().startsWith("blob:")) wrong.push(`asks another host: ${request.url()}`); });
    return tab;
  }
  async function sign_in() {
    const tab = await page({ anonymous: true });
    await tab.goto(node.link);
    await tab.waitForSelector("[data-ready=true]");
    signed_in = await tab.context().storageState();
    return tab;
  }
  const go = async (tab, path) => { await tab.goto(node.base + path); await tab.waitForSelector("[data-ready=true]"); };
  const close = async () => { await browser.close(); await node.close(); };
  return { node, mock: !link, wrong, page, sign_in, go, close };
}

// No violation of WCAG 2.2 A and AA that axe can see. The page's own policy stands, so axe comes in over the debugger.
export async function accessible(tab, what) {
  await tab.evaluate(axe_source);
  const found = await tab.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  const said = found.violations.map((v) => `${v.id} (${v.impact}): ${v.nodes.slice(0, 3).map((n) => `${n.html.slice(0, 160)} ${n.failureSummary?.replaceAll("\n", " ").slice(0, 200)}`).join(" | ")}`);
  assert.deepEqual(said, [], what);
}

// Nothing is wider than the window.
export async function fits(tab, what) {
  const [have, room] = await tab.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(have <= room, `${what}: ${have} px wide in ${room}`);
}
