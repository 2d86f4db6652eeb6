// filter: the query of Findings as tokens: field:value, field:a,b, field>=value, -field:value, and bare words.
// Source: the API's FILTER grammar; all tokens must hold.
import type { Finding } from "./types.ts";
import { guess } from "./kind.ts";

export type Operator = ":" | ">=" | "<=";
export interface Token { field: string; op: Operator; values: string[]; not: boolean }

export const fields = [
  "ip", "prefix", "asn", "country", "name", "url", "family", "type", "class", "identifier", "severity", "state",
  "feed", "port", "controller", "controller_country", "first", "last", "times", "tlp", "sector", "verdict", "assigned", "tag", "case", "is", "followed",
] as const;

export const severities = ["info", "low", "medium", "high", "critical"] as const;
export const verdict_values = ["true", "false-positive", "accepted-risk", "not-ours", "duplicate", "none"] as const;
export const marks = ["muted", "judged", "returned"] as const;
export const states = ["open", "quiet", "closed", "reopened"] as const;

const known = new Set<string>(fields);

export function parse_word(word: string): Token | null {
  const text = word.trim();
  if (!text || text === "-") return null;
  const not = text.startsWith("-") && text.length > 1;
  const body = not ? text.slice(1) : text;
  const found = /^([a-z_]+)(:|>=|<=)(.+)$/.exec(body);
  if (found && known.has(found[1]!)) {
    const values = found[3]!.match(/(?:[^,"]|"(?:\\.|[^"\\])*"?)+/g) ?? [];
    return values.length > 0 ? { field: found[1]!, op: found[2] as Operator, values, not } : null;
  }
  return { field: "", op: ":", values: [body], not };
}

// Blanks part words, but not inside quotes.
export const words_of = (query: string): string[] => query.match(/(?:[^\s"]|"(?:\\.|[^"\\])*"?)+/g) ?? [];

export function parse(query: string): Token[] {
  return words_of(query).map(parse_word).filter((token) => token !== null);
}

// What is wrong with a word that looks like a token, in a few words for the person typing; "" when nothing is.
export function fault(word: string): "unknown-field" | "no-value" | "" {
  const found = /^-?([a-z_]+)(?::|>=|<=)(.*)$/.exec(word.trim());
  if (!found || guess(word) === "address" || guess(word) === "url") return "";
  if (!known.has(found[1]!)) return "unknown-field";
  return found[2] ? "" : "no-value";
}

export function text_of(token: Token): string {
  const values = token.values.join(",");
  return (token.not ? "-" : "") + (token.field ? token.field + token.op + values : values);
}

export const query_of = (tokens: Token[]): string => tokens.map(text_of).join(" ");

// The query with one field set anew, or taken out when `values` is empty.
export function with_field(query: string, field: string, values: string[], op: Operator = ":"): string {
  const rest = parse(query).filter((token) => token.field !== field || token.not);
  if (values.length > 0) rest.push({ field, op, values, not: false });
  return query_of(rest);
}

const rank = (severity: string): number => severities.indexOf(severity as (typeof severities)[number]);

function compare(field: string, op: Operator, have: unknown, want: string): boolean {
  if (field === "severity") {
    const a = rank(String(have)), b = rank(want);
    return op === ":" ? a === b : op === ">=" ? a >= b : a <= b;
  }
  if (op === ":") return String(have ?? "").toLowerCase() === want.toLowerCase();
  const numeric = typeof have === "number";
  const a = numeric ? have : String(have ?? ""), b = numeric ? Number(want) : want;
  return op === ">=" ? a >= b : a <= b;
}

const column: Record<string, keyof Finding> = {
  ip: "subject", name: "subject", url: "subject", asn: "asn", country: "country", family: "family", type: "type",
  class: "class", identifier: "identifier", severity: "severity", state: "state", port: "port", controller: "controller",
  controller_country: "controller_country", first: "first", last: "last", times: "times", tlp: "tlp", sector: "sector",
};

// Whether a finding that just arrived belongs to the list. What cannot be judged here (a prefix) is let through:
// the next answer of the node decides.
export function holds(tokens: Token[], item: Partial<Finding>): boolean {
  return tokens.every((token) => {
    let hit: boolean;
    if (token.field === "feed") hit = token.values.some((v) => item.feeds?.includes(v));
    else if (token.field === "") hit = token.values.some((v) => item.subject?.includes(v) || item.family === v || guess(v) === "prefix");
    else if (column[token.field] === undefined) return true;
    else hit = token.values.some((v) => compare(token.field, token.op, item[column[token.field]!], v.replace(/^AS/i, token.field === "asn" ? "" : "AS")));
    return hit !== token.not;
  });
}
