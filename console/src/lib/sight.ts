// sight: events as a partner would get them, beside what they are here. Source: /api/v1/openapi.json, docs/event.md
import type { Page } from "./types.ts";

export interface Under { agreement: string; released: boolean; reason: string; clause: number; clause_name: string; sentence: string; counterfactual?: string }
export interface SightItem { event: unknown; goes: boolean; agreement?: string; told?: unknown; hindrance?: string; under?: Under[] }
export interface PartnerView extends Page<SightItem> { partner: string; looked_at: number; goes: number; hindered: number; withheld?: { clause: number; name: string; count: number }[] }

export interface Field { name: string; here?: string; there?: string }
export const changed = (field: Field): boolean => field.here !== field.there;

// Every leaf of an event by its path: source.geolocation.cc.
function leaves(value: unknown, path: string, into: Map<string, string>): Map<string, string> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    for (const [name, member] of Object.entries(value)) leaves(member, path ? `${path}.${name}` : name, into);
  } else if (value !== null && value !== undefined) into.set(path, typeof value === "string" ? value : JSON.stringify(value));
  return into;
}

// The fields of both, those that differ first. What is only a name of ours for the event is no field of it.
export function compared(event: unknown, told: unknown): Field[] {
  const here = leaves(event, "", new Map()), there = leaves(told, "", new Map());
  here.delete("id");
  const fields = [...new Set([...here.keys(), ...there.keys()])].sort().map((name): Field => {
    const a = here.get(name), b = there.get(name);
    return { name, ...(a !== undefined && { here: a }), ...(b !== undefined && { there: b }) };
  });
  return [...fields.filter(changed), ...fields.filter((field) => !changed(field))];
}

// What is said of an event on one line.
export function facts_of(event: unknown): { id: string; subject: string; type: string; at: string; tlp: string } {
  const all = leaves(event, "", new Map()), of = (...names: string[]): string => names.map((name) => all.get(name)).find(Boolean) ?? "";
  const end = (end: string): string[] => ["ip", "url", "fqdn", "account"].map((name) => `${end}.${name}`);
  return { id: of("id"), subject: of(...end("source"), ...end("destination")), type: of("classification.type"), at: of("time.source", "time.observation"), tlp: of("tlp") };
}
