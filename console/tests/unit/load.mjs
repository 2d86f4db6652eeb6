// load: lets a test import the console's TypeScript on any Node from 20 on.
import { register } from "node:module";

const hook = `
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import ts from ${JSON.stringify(import.meta.resolve("typescript"))};
export async function load(url, context, next) {
  if (!url.endsWith(".ts")) return next(url, context);
  const source = await readFile(fileURLToPath(url), "utf8");
  const { outputText } = ts.transpileModule(source, { compilerOptions: { module: "ESNext", target: "ES2022", verbatimModuleSyntax: true } });
  return { format: "module", source: outputText, shortCircuit: true };
}`;
register("data:text/javascript," + encodeURIComponent(hook));

export const source = (path) => import(new URL("../../src/" + path, import.meta.url).href);
