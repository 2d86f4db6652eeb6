// xss: texts that a page must show as text, a walk over every page that opens whatever opens, and what each answer must forbid.
import assert from "node:assert/strict";

const act = "globalThis.xss_ran=1";
export const payloads = [
  `<img src=x data-xss onerror="${act}">`,
  `<script data-xss>${act}</script>`,
  `"><svg data-xss onload="${act}">`,
  `'><b data-xss onmouseover='${act}'>x</b>`,
  `<a data-xss href="javascript:${act}">x</a>`,
  `javascript:${act}//`,
  `<iframe data-xss srcdoc="<script>parent.xss_ran=1</script>"></iframe>`,
  `<details data-xss open ontoggle="${act}">`,
  `{@html "<i data-xss>"}{{constructor.constructor('${act}')()}}`,
  `<math><mi data-xss xlink:href="data:x,<script>${act}</script>">`,
  `</title></textarea></style><i data-xss>`,
  `\u202e<i data-xss>gpj.exe`,
  `&lt;i data-xss&gt;`,
  `%3Ci%20data-xss%3E`,
];

// By these a page that shows a field is known: ~room.field~.
export const marks = /~[a-z]+(?:\.[a-z-]+)*~/g;

const opened_max = 150, settles_ms = 60;
const openers = "[aria-expanded=false], details:not([open]) > summary, .feed-row button.link:not([aria-expanded])", everywhere = ["main", "header"], drawer = [".drawer"];

// Opens one thing after another within some elements, and tells what of a payload became a part of the page and which marks were to be read.
async function look(tab, seen, where, within = drawer) {
  const found = await tab.evaluate(async ([openers, opened_max, settles_ms]) => {
    const done = new WeakSet(), texts = new Set(), wrong = new Set();
    const read = () => {
      for (const element of document.querySelectorAll("[data-xss]")) wrong.add(`<${element.localName} data-xss>`);
      for (const link of document.querySelectorAll("a[href]")) if (!/^(https?|mailto|blob):$/.test(link.protocol)) wrong.add(link.href);
      if ("xss_ran" in globalThis) wrong.add("a script ran");
      texts.add(document.documentElement.outerHTML);
      for (const field of document.querySelectorAll("input, textarea")) texts.add(field.value);
    };
    const settled = () => new Promise((resolve) => setTimeout(resolve, settles_ms));
    await settled();
    read();
    for (let n = 0; n < opened_max; n += 1) {
      const next = [...document.querySelectorAll(openers)].find((element) => !done.has(element));
      if (!next) break;
      done.add(next);
      next.click();
      await settled();
      read();
    }
    return { wrong: [...wrong], text: [...texts].join("\n") };
  }, [within.map((one) => `${one} :is(${openers})`).join(), opened_max, settles_ms]);
  for (const [mark] of found.text.matchAll(marks)) seen.add(mark);
  assert.deepEqual(found.wrong, [], where);
}

// A page that a key moves through its rows, each opened; `on_each` does what else there is to open.
const each_row = (key, on_each = async () => {}) => async (tab, look_here) => {
  for (let at = "", n = 0; n < opened_max; n += 1) {
    await tab.keyboard.press(key);
    await tab.waitForTimeout(80);
    if (tab.url() === at) return;
    at = tab.url();
    await look_here();
    await on_each(tab, look_here);
  }
};
const pressed = (...keys) => async (tab, look_here) => { for (const key of keys) { await tab.keyboard.press(key); await tab.waitForTimeout(120); await look_here(); } };
const typed = encodeURIComponent(payloads.join(" ")), in_path = encodeURIComponent(payloads[10]); // a path with a dot is a file's
const bad_rows = `name,country,prefixes,asns,names,contacts,sure,provider\n${payloads.map((one) => Array(8).fill(`"${one.replaceAll('"', '""')}~plan.cell~"`).join(",")).join("\n")}\n`;
const given_file = (text, name) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) });

// Every page there is, and what is done on it beside opening what opens.
export const pages = [
  ["/"], ["/?period=24h"],
  ["/findings?q=is:real", async (tab, look_here) => {
    await tab.keyboard.press("j");
    for (const key of ["v", "a", "t", "n", "m", "c"]) { await tab.keyboard.press(key); await tab.getByRole("dialog").waitFor(); await look_here(); await tab.keyboard.press("Escape"); await tab.getByRole("dialog").waitFor({ state: "detached" }); }
    await tab.keyboard.press("Enter");
    await tab.waitForURL(/\/findings\/f_/);
    await each_row("]", pressed("e", "w"))(tab, look_here);
  }],
  [`/findings?q=${typed}`], [`/findings/${in_path}`], ["/feeds", each_row("j")], [`/feeds/${in_path}`], ["/feeds?view=catalogue"], ["/feeds?view=quarantine"], ["/feeds?view=worth"],
  ["/feeds?view=reports", async (tab, look_here) => {
    await tab.locator("input[type=file]").setInputFiles(payloads.map((payload, n) => given_file(`{"source.ip":"192.0.2.${n}","classification.type":"scanner","malware.name":${JSON.stringify(payload + "~look.family~")}}\n${payload}~look.line~\n`, `${payload}~look.name~`)));
    for (const _ of payloads) {
      await tab.locator(".look[data-looked=true]").waitFor();
      await look_here();
      await tab.locator(".look").getByRole("button", { name: "Leave it" }).click();
    }
  }],
  ["/cases", each_row("j")], ["/cases?view=closed"], ["/cases?view=mutes"], ["/cases?view=acts"],
  ["/constituents", async (tab, look_here) => {
    await each_row("j", async () => { await tab.getByRole("button", { name: "What would it be told now" }).click(); await tab.waitForTimeout(120); await look_here(); })(tab, look_here);
    await tab.locator("input[type=file]").setInputFiles(given_file(bad_rows, `${payloads[0]}~plan.name~.csv`));
    await tab.getByRole("region", { name: "What would change" }).waitFor();
    await look_here();
  }],
  [`/constituents?q=${typed}`], ["/alerts"], ["/alerts?view=dead"], ["/alerts?view=morning"], ["/alerts?view=dry-run", async (tab, look_here) => { await tab.getByRole("button", { name: "Dry run" }).last().click(); await tab.locator(".scroll").waitFor(); await look_here(); }],
  ["/situation", async (tab, look_here) => {
    for (const payload of payloads) {
      await tab.getByLabel("Constituent", { exact: true }).fill(payload);
      await tab.getByRole("button", { name: "Count and issue" }).click();
      await tab.getByRole("alert").waitFor();
      await look_here();
    }
  }],
  ["/partners", each_row("j")], ["/partners?view=invite"], ["/partners?view=us"], [`/partners?member=${typed}`], ["/agreements", async (tab, look_here) => {
    const links = await tab.locator("tbody tr a").evaluateAll((all) => all.map((one) => one.getAttribute("href")));
    for (const path of links) {
      await tab.goto(new URL(path, tab.url()).href);
      await tab.locator(".clause").first().waitFor();
      await look_here();
    }
  }],
  ["/agreements?view=text", async (tab, look_here) => {
    for (const payload of payloads) {
      await tab.getByLabel("Text of the agreement").fill(payload);
      await tab.getByRole("button", { name: "Read it" }).click();
      await tab.getByRole("alert").waitFor();
      await look_here();
    }
  }],
  ["/agreements?view=ask", async (tab, look_here) => {
    for (const payload of payloads) {
      await tab.getByLabel("What", { exact: true }).fill(JSON.stringify({ sector: payload }));
      await tab.getByRole("button", { name: "Ask", exact: true }).click();
      await tab.locator(".verdict").waitFor();
      await look_here();
    }
  }],
  ["/agreements?view=new"], [`/agreements/${in_path}`], ["/partners?member=two.example.org&view=see"], [`/partners?member=two.example.org&view=see&q=${typed}`],
  ["/requests", each_row("j")], ["/requests?view=out", each_row("j")], [`/requests?view=new&about=${typed}&words=${typed}&partner=${typed}`], ["/requests?view=times"], ["/requests?view=said"], [`/requests?view=said&item=${typed}`], [`/requests/${in_path}`],
  ["/indicators", each_row("j")], [`/indicators?q=${typed}`], [`/indicators/${in_path}`],
  ["/indicators?view=import", async (tab, look_here) => {
    await tab.getByLabel("One value a line").fill(payloads.map((payload) => `${payload}~import.line~`).join("\n"));
    await tab.getByRole("button", { name: "Take them in" }).click();
    await tab.getByRole("status").or(tab.getByRole("alert")).first().waitFor();
    await look_here();
  }],
  ["/series?what=family&resolution=1d", each_row("j")], ["/series?where=constituent"], [`/series?family=${typed}&what=family&feed=${typed}`], ["/warnings"], ["/warnings?view=all"], [`/warnings/${in_path}`],
  ["/ledger", each_row("j")], [`/ledger?partner=${typed}`], ["/ledger?view=balance"], ["/ledger?view=proof"],
  ["/health"], ["/people?view=users"], ["/people?view=me"], ["/people?view=sessions"], ["/people?view=tokens"], ["/audit"], [`/audit?what=${typed}`], ["/no-such-page"], [`/${in_path}`],
];

// The search box: each payload typed, and all of them pasted.
async function search(tab, look_here) {
  await tab.keyboard.press("Control+k");
  const box = tab.getByRole("combobox", { name: "Search or jump to" });
  for (const payload of payloads) { await box.fill(payload); await tab.waitForTimeout(200); await look_here(); }
  await box.evaluate((input, text) => {
    const data = new DataTransfer();
    data.setData("text", text);
    input.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, payloads.map((payload) => `${payload}~search.line~`).join("\n"));
  await tab.locator(".palette table").waitFor();
  await look_here();
}

// Walks all pages; answers the marks that were to be read.
export async function walk(tab, base) {
  const dialogs = [], seen = new Set();
  tab.on("dialog", (dialog) => { dialogs.push(dialog.message()); void dialog.dismiss(); });
  for (const [path, also] of pages) {
    await tab.goto(base + path);
    await tab.locator("main").waitFor();
    await tab.waitForTimeout(300);
    const where = decodeURIComponent(path), read = path.startsWith("/audit") ? new Set() : seen; // the audit shows what every call was given
    await look(tab, read, where, everywhere);
    await also?.(tab, () => look(tab, read, where));
  }
  await tab.goto(base);
  await tab.locator("main").waitFor();
  await search(tab, () => look(tab, seen, "the search box"));
  assert.deepEqual(dialogs, []);
  return seen;
}

// A page that the node itself writes, in which no script runs, not even one that waits.
export async function look_at_document(tab, url, seen) {
  await tab.goto(url);
  assert.equal(await tab.locator("[data-xss], script, [href^='javascript:'], [onload], [onerror]").count(), 0, url);
  for (const [mark] of (await tab.content()).matchAll(marks)) seen.add(mark);
}

// What the policy of an answer lets be a script or a style beyond files of its own; "" stands for nothing.
export function lets(headers) {
  const policy = new Map((headers["content-security-policy"] ?? "").split(";").map((part) => part.trim().split(/\s+/)).map(([name, ...sources]) => [name, sources]));
  const of = (...names) => names.map((name) => policy.get(name)).find(Boolean) ?? ["*"];
  const beyond = (sources) => sources.filter((source) => source !== "'self'" && source !== "'none'").join(" ");
  return { script: [of("script-src-elem", "script-src", "default-src"), of("script-src-attr", "script-src", "default-src"), of("object-src", "default-src")].map(beyond).filter(Boolean).join(" "), style: beyond(of("style-src", "default-src")) };
}
