// share: what the node says of partners, of agreements with them, and of the ledger. Source: /api/v1/openapi.json
import { get, Problem } from "./api.ts";
import type { Page } from "./types.ts";

export interface PartnerKey { key: string; from?: string; until?: string; revoked?: string; why?: string }
export interface PartnerAct { at: string; by?: string; act: string; words?: string }
export interface Partner {
  member: string; name: string; country?: string; url: string; state: "to-compare" | "compared" | "stopped"; fingerprint?: string; joined?: string; changed?: string;
  by?: string; why?: string; tokens: number; pins?: string[]; keys?: PartnerKey[]; waiting?: number; waiting_tries?: number; waiting_why?: string; pushes?: PartnerPush[]; acts?: PartnerAct[];
}
export interface PartnerPush { name: string; url: string; dialect: string; sent?: string; waits: boolean; failures: number; next?: string; error?: string }
export interface PartnerSelf { member: string; name: string; country?: string; url: string; key: string; pins?: string[]; recovery_here?: boolean }
export interface PartnerList extends Page<Partner> { self?: PartnerSelf }
export interface Invitation { id: string; note?: string; by: string; made: string; until: string; state: "open" | "used" | "withdrawn" | "expired"; member?: string }

export interface Clause { clause: number; name: string; words?: string[] }
export interface Change { clause?: string; widens?: boolean; words: string }
export interface Agreement {
  address: string; id: string; title?: string; version: number; replaces?: string; standing: "proposed" | "active" | "suspended" | "ended"; from?: string; until?: string;
  proposed_by?: string; proposed?: string; widens?: boolean; wanted_by?: string[]; parties?: { member: string; signed?: string; why?: string }[];
  suspended?: { member: string; why?: string }[]; ended?: string; ended_by?: string; why?: string; deleted?: { member: string; at: string }[];
}
export interface AgreementShown extends Agreement { changes?: Change[]; clauses?: Clause[]; acts?: PartnerAct[]; toml: string }
export interface Draft extends Agreement { changes?: Change[]; clauses?: Clause[]; hindrance?: string; toml: string }
export interface Template { name: string; summary: string; first: string; second: string; clauses?: Clause[] }
export interface Treatment { field: string; action: string[]; v4_bits?: number; v6_bits?: number; step_s?: number }
export interface Decision {
  released: boolean; reason: string; clause: number; clause_name: string; rule?: number; sentence: string; counterfactual?: string; also?: string[]; treatments?: Treatment[];
  onward?: string; may_tell_affected?: boolean; retention_days?: number;
}
export interface MayGo {
  released: boolean; hindrance?: string; item: { kind: string; type?: string; sector?: string; country?: string; tlp?: string; confidence?: number };
  items: { address: string; id: string; title?: string; version: number; standing: string; purpose: string; rule?: string; decision: Decision }[];
}

export interface LedgerHead { at: string; key: string; log: string; node: string; root: string; signature: string; size: number }
export interface Leaf {
  at: string; kind: string; to?: string; from?: string | number; with?: string; via?: string; agreement?: string; count?: number; counts?: Record<string, number>; clause?: number; of?: number; outcome?: string;
  taken?: number; refused?: Record<string, number>; what?: string; key?: string; node?: string; release?: { index: number; log: string };
}
export interface LedgerRow { index: number; at: string; kind: string; partner?: string; hash: string; leaf: Leaf; details?: string; acknowledged?: boolean }
export interface LedgerEntry extends LedgerRow { head: LedgerHead; proof: string[]; receipt?: unknown; shown?: unknown }
export interface LedgerState { head: LedgerHead; witnesses?: { by: string; key: string }[] }
export interface SeenHead { head: LedgerHead; via: string; state: "proved" | "unproved" | "split" | "went-back"; what?: string }
export interface LedgerVerdict { good: boolean; wrong?: string; logs?: { log: string; size: number; root: string; heads: number; releases: number; acknowledged: number; unknown: number; masked: number }[]; seen: number }
export interface LedgerComparison { good: boolean; partner: string; differences?: { member: string; index: number; what: string }[]; notes?: string[]; agreed: number; open: number }
export interface Side { acts: number; items: number; taken: number; sightings: number; confirmed: number; refuted: number; counts?: Record<string, number>; refused?: Record<string, number>; answers: number; answer_p50_s?: number }
export interface Balance { partner: string; given: Side; received: Side; open: number; percent?: number }

// What there is of the network, as pages of it begin.
export interface Network { partners: Partner[]; self: PartnerSelf | undefined; agreements: Agreement[] }
export async function read_network(signal?: AbortSignal): Promise<Network> {
  const [partners, agreements] = await Promise.all([get<PartnerList>("/partners", {}, signal), get<Page<Agreement>>("/agreements", {}, signal)]);
  return { partners: partners.items, self: partners.self, agreements: agreements.items };
}

export const is_in_force = (one: Agreement, now: number): boolean => one.standing === "active" && Date.parse(one.from ?? "") <= now && now < Date.parse(one.until ?? "");
export const is_party = (one: Agreement, member: string): boolean => (one.parties ?? []).some((party) => party.member === member);
export const others_of = (one: Agreement, self: string): string[] => (one.parties ?? []).map((party) => party.member).filter((member) => member !== self);
// Not signed by us, and not over: somebody here has to say yes or no.
export const waits_for_us = (one: Agreement, self: string): boolean => one.standing === "proposed" && (one.parties ?? []).some((party) => party.member === self && !party.signed);

// The other side's own words, where it has some.
export const said_of = (error: unknown): string => (error instanceof Problem ? error.detail || error.message : String(error));
