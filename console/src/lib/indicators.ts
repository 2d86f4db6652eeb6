// indicators: values to look for, what each source claims of them, and where they were seen. Source: /api/v1/openapi.json
import type { Page } from "./types.ts";

export const kinds = ["ip", "network", "domain", "url", "mail", "asn", "md5", "sha1", "sha256", "sha512", "file-name", "mutex", "registry-key", "mac", "pattern"];
export interface Indicator {
  id: string; kind: string; value: string; state: "upcoming" | "active" | "expired"; added: string; valid_from?: string; valid_until?: string; types?: string[]; families?: string[]; sources?: string[];
  corroboration: number; severity?: string; tlp?: string; confidence?: number; known_good?: string; sightings: number; false_positives: number; looked_up: boolean; expired?: string; expired_by?: string; expired_why?: string;
}
export interface Claim { source: string; object?: string; type: string; family?: string; techniques?: string[]; confidence?: number; severity?: string; tlp?: string; pap?: string; valid_from?: string; valid_until?: string; text?: string; told: string; revoked?: boolean }
export interface IndicatorSighting { id: number; source: string; first?: string; last?: string; count: number; types?: string[]; text?: string; told: string; false_positive?: boolean }
export interface IndicatorShown extends Indicator { claims?: Claim[]; seen?: IndicatorSighting[] }
export interface IndicatorList extends Page<Indicator> { due: number }
export interface IndicatorImport {
  format: string; read: number; observables: number; patterns: number; added: number; claims: number; unchanged: number; known_good: number; erased: number; beyond_limit: number; skipped: number; rejected: number;
  rejects?: { line?: number; reason: string }[]; unknown_columns?: string[]; due: number;
}

export const dot_of = (state: Indicator["state"]): string => ({ active: "open", upcoming: "quiet-s", expired: "closed" })[state];
// The findings that have this value at an end, where the search takes such a value.
export const findings_of = (one: Indicator): string => (["ip", "network", "domain", "url", "asn"].includes(one.kind) ? `/findings?q=${encodeURIComponent(one.kind === "asn" && /^\d+$/.test(one.value) ? `AS${one.value}` : one.value)}` : "");
