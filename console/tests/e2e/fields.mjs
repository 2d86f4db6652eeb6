// fields: every text that a writing call of docs/openapi.json takes, and which of them a request gives.
import { readFileSync } from "node:fs";

const { paths, components } = JSON.parse(readFileSync(new URL("../../../docs/openapi.json", import.meta.url), "utf8"));
const whole = (schema) => (schema?.$ref ? components.schemas[schema.$ref.split("/").at(-1)] : schema);
const is_text = (schema) => { const full = whole(schema); return full?.type === "string" || (full?.type === "array" && is_text(full.items)); };

// Texts in a body's schema, those within its members too: "name", "terms.url".
function texts_of(schema, before = "") {
  return Object.entries(whole(schema)?.properties ?? {}).flatMap(([name, member]) => (is_text(member) ? [before + name] : texts_of(whole(member).items ?? member, `${before}${name}.`)));
}

// Each: {method, path, fits, in_path, query, json, body, bytes}; `bytes`: the body is the caller's own, whatever it is.
export const calls = Object.entries(paths).flatMap(([path, of_path]) => Object.entries(of_path).map(([method, call]) => {
  const params = (of) => (call.parameters ?? []).filter((one) => one.in === of && is_text(one.schema)).map((one) => one.name), content = call.requestBody?.content ?? {};
  return {
    method: method.toUpperCase(), path, fits: new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{([a-z]+)\}/g, "(?<$1>[^/]+)")}$`), in_path: params("path"), query: params("query"),
    json: "application/json" in content, body: texts_of(content["application/json"]?.schema), bytes: "application/octet-stream" in content,
  };
})).sort((a, b) => Number(a.path.includes("{")) - Number(b.path.includes("{")));

export const writing = calls.filter((call) => call.method !== "GET");
const named = (call, names) => names.map((name) => `${call.method} ${call.path.replace("/api/v1", "")} ${name}`);
export const fields = writing.flatMap((call) => named(call, [...call.in_path, ...call.query, ...call.body, ...(call.bytes ? ["(bytes)"] : [])]));

const at = (value, name) => name.split(".").reduce((inner, key) => (Array.isArray(inner) ? inner.map((one) => one?.[key]) : inner?.[key]), value);

// The fields of a request in which `part` stands.
export function fields_with(part, method, url, data) {
  const { pathname, searchParams } = new URL(url, "http://node"), call = calls.find((one) => one.method === method && one.fits.test(pathname));
  if (!call) return [];
  const has = (value) => [value].flat(9).some((one) => typeof one === "string" && one.includes(part)), within = call.fits.exec(pathname).groups ?? {};
  return named(call, [
    ...call.in_path.filter((name) => has(decodeURIComponent(within[name]))), ...call.query.filter((name) => has(searchParams.getAll(name))),
    ...(call.bytes ? (has(data) ? ["(bytes)"] : []) : call.body.filter((name) => has(at(data, name)))),
  ]);
}
