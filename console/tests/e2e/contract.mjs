// contract: whether an answer is what docs/openapi.json says of its call. For the node and for the mock alike.
import { readFileSync } from "node:fs";

const document = JSON.parse(readFileSync(new URL("../../../docs/openapi.json", import.meta.url), "utf8"));
const paths = Object.entries(document.paths).map(([path, calls]) => ({ calls, fits: new RegExp(`^${path.replace(/[.]/g, "\\.").replace(/\{[a-z]+\}/g, "[^/]+")}$`), exact: !path.includes("{") }))
  .sort((a, b) => Number(b.exact) - Number(a.exact));
const formats = { "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, date: /^\d{4}-\d\d-\d\d$/ };
const faults_max = 5;

function type_of(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

function faults_of(schema, value, at, faults) {
  if (faults.length >= faults_max) return faults;
  if (schema.$ref) return faults_of(document.components.schemas[schema.$ref.split("/").at(-1)], value, at, faults);
  const type = type_of(value);
  if (schema.type && type !== schema.type && !(schema.type === "number" && type === "integer")) faults.push(`${at} is ${type}, not ${schema.type}`);
  else if (schema.enum && !schema.enum.includes(value)) faults.push(`${at} is ${JSON.stringify(value)}, not one of ${schema.enum.join(", ")}`);
  else if (type === "string" && formats[schema.format] && !formats[schema.format].test(value)) faults.push(`${at} is ${JSON.stringify(value)}, no ${schema.format}`);
  else if (type === "array" && schema.items) value.forEach((item, i) => faults_of(schema.items, item, `${at}[${i}]`, faults));
  else if (type === "object" && schema.properties) {
    for (const name of schema.required ?? []) if (!(name in value)) faults.push(`${at} has no ${name}`);
    for (const [name, member] of Object.entries(value)) {
      if (schema.properties[name]) faults_of(schema.properties[name], member, `${at}.${name}`, faults);
      else if (schema.additionalProperties === undefined) faults.push(`${at}.${name} is not described`);
    }
  } else if (type === "object" && typeof schema.additionalProperties === "object") {
    for (const [name, member] of Object.entries(value)) faults_of(schema.additionalProperties, member, `${at}.${name}`, faults);
  }
  return faults;
}

// What is wrong with an answer's body; nothing where the document says nothing of it.
export function breaches(method, path, status, body) {
  const found = paths.find((p) => p.fits.test(path));
  const call = found?.calls[method.toLowerCase()];
  if (!call) return [`${method} ${path} is not described`];
  const schema = call.responses[status]?.content?.["application/json"]?.schema;
  return schema ? faults_of(schema, body, `${method} ${path}`, []) : [];
}
