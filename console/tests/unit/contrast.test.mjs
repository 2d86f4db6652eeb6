// Every pair of text and ground reaches 4.5:1, lines of charts 3:1, in light and dark.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const css = readFileSync(new URL("../../src/styles/tokens.css", import.meta.url), "utf8");
const tokens = new Map();
for (const [, name, light, dark] of css.matchAll(/--([\w-]+):\s*light-dark\((#[0-9A-F]{6}),\s*(#[0-9A-F]{6})\)/gi)) tokens.set(name, [light, dark]);
for (const [, name, both] of css.matchAll(/--([\w-]+):\s*(#[0-9A-F]{6});/gi)) tokens.set(name, [both, both]);

function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
const contrast = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
const grounds = ["paper", "sheet", "well", "lift"];
const text_pairs = [
  ...["ink", "ink-2", "ink-3", "accent"].flatMap((text) => grounds.map((ground) => [text, ground])),
  ...["ink", "ink-2", "accent"].map((text) => [text, "accent-wash"]), ["signal", "sheet"], ["signal", "paper"], ["signal", "lift"], ["signal", "accent-wash"], ["signal", "signal-wash"], ["ink", "signal-wash"], ["ink-2", "signal-wash"],
  ["on-signal", "signal"], ["on-ink", "ink"], ...["red", "amber", "green", "clear"].map((tlp) => [`tlp-${tlp}`, "tlp-ground"]),
];
const line_pairs = [...Array.from({ length: 8 }, (_, i) => [`cat-${i + 1}`, "sheet"]), ["ink", "sheet"], ["accent", "sheet"], ["signal", "sheet"], ["focus", "sheet"], ["focus", "paper"], ["focus", "lift"]];

for (const [theme, i] of [["light", 0], ["dark", 1]]) {
  test(`text reaches 4.5:1 on its ground, ${theme}`, () => {
    for (const [text, ground] of text_pairs) {
      assert.ok(tokens.has(text) && tokens.has(ground), `${text} or ${ground} is no token`);
      const ratio = contrast(tokens.get(text)[i], tokens.get(ground)[i]);
      assert.ok(ratio >= 4.5, `${text} on ${ground}: ${ratio.toFixed(2)}`);
    }
  });
  test(`lines reach 3:1 on the sheet, ${theme}`, () => {
    for (const [line, ground] of line_pairs) {
      const ratio = contrast(tokens.get(line)[i], tokens.get(ground)[i]);
      assert.ok(ratio >= 3, `${line} on ${ground}: ${ratio.toFixed(2)}`);
    }
  });
}
test("no component names a colour of its own", () => {
  for (const file of ["console.css", "pages.css"]) {
    const text = readFileSync(new URL(`../../src/styles/${file}`, import.meta.url), "utf8");
    assert.deepEqual(text.match(/#[0-9a-f]{3,8}\b(?![^{]*\{)/gi) ?? [], []);
  }
});
