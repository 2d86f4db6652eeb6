// types: the shapes the API answers with. Everything may be absent when the node has nothing to say.
// Source: /api/v1/openapi.json

import type { Opinion } from "./requests.ts";

export interface Page<T> { items: T[]; next?: string; total?: number; offset?: number; as_of?: string; took_ms?: number }

export interface Session {
  user: string; user_id?: string; role: string; rights?: string[]; csrf: string; how?: string; must_change_password?: boolean; simulated?: boolean; in_network?: boolean; version: string;
  node: { name: string; host?: string; country?: string };
  geo_database?: { date: string; age_days: number; old?: boolean };
}

export interface Situation {
  id: string; period: string; country?: string; constituent?: string; audience: string; as_of?: string; supersedes?: string;
  unchanged?: boolean; changes?: string[]; reasons?: string[];
}

export interface Period { since: string; until: string }
export interface Compared { distinct: number; before?: number; change_percent?: number; new?: boolean }

export interface Headline {
  distinct: number; before?: number; change_percent?: number; same_feeds_points?: number; feeds_changed_points?: number;
  feeds_new?: string[]; abroad?: number; home?: number; unknown?: number; sentence?: string;
}
export interface Tile { id: string; value: number; unit?: "count" | "percent"; change_percent?: number; change_label?: string; spark?: number[] }
export interface Week { start: string; distinct?: number; before?: number; so_far?: boolean }
export interface MapRow { country: string; affected?: number; affected_per_100k?: number; controllers?: number }
export interface ClassRow { id: string; title: string; value: number; change_percent?: number; series?: number[]; before?: number[] }
export interface FamilyRow extends Compared { family: string }
export interface NetworkRow extends Compared { asn: number; as_name?: string }
export interface ControllerRow extends Compared { controller: string; country?: string }
export interface Note { text: string; since?: string; href?: string; kind?: string; feed?: string }

export interface Overview {
  as_of?: string; took_ms?: number; period?: Period; before?: Period; country?: string; headline?: Headline;
  tiles?: Tile[]; weekly?: Week[]; map?: MapRow[]; classes?: ClassRow[]; families?: FamilyRow[]; networks?: NetworkRow[];
  controllers?: ControllerRow[]; needs?: Note[]; changes?: Note[];
}

export interface StatsRow { key: Record<string, string | number>; distinct: number; events?: number; before?: { distinct: number }; change_percent?: number }
export interface Stats { rows: StatsRow[]; definition?: string; took_ms?: number }

export type State = "open" | "quiet" | "closed" | "reopened";
export interface Finding {
  id: string; state: State; severity: string; subject: string; subject_kind?: string; type: string; class?: string; family?: string;
  identifier?: string; port?: number; protocol?: string; asn?: number; as_name?: string; country?: string; controller?: string;
  controller_country?: string; controller_reason?: string; first: string; last: string; times: number; feeds?: string[]; tlp?: string; sector?: string; triage?: Triage;
}
export interface Summary {
  total: number; subjects?: number; states?: Record<string, number>; types?: { type: string; count: number }[];
  histogram?: { start: string; day_counts: number[] }; tabs?: Record<string, number>; took_ms?: number; definition?: string;
}
export interface HistoryEntry { at: string; what: string; detail?: string; feed?: string; user?: string; act?: number }
export interface FindingDetail extends Finding {
  history?: HistoryEntry[]; days?: { day: string; events: number }[]; near?: { same_network?: number; same_controller?: number };
  explanation?: { what: string; meaning: string; first_step: string }; database_date?: string; prefix?: string; registered_domain?: string; opinions?: Opinion[];
}
export interface Why { rows?: unknown[]; feeds?: unknown[]; rules?: string[] }
export type NativeEvent = Record<string, unknown>;

export interface Terms { text?: string; redistribution?: string; commercial?: string; interval_least_s?: number; url?: string }
export interface Feed {
  name: string; title?: string; collector?: string; format?: string; state: "off" | "on time" | "late" | "failed" | "never"; enabled?: boolean;
  schedule?: string; last_success?: string; next?: string; notices?: Note[]; lag_s?: number; events_24h?: number; events_total?: number; rejected_24h?: number;
  last_error?: { at: string; text: string; recovered?: string }; tlp?: string; hours?: number[]; usual_hour?: number; simulated?: boolean; terms?: Terms;
  delay?: { p50_s?: number; p90_s?: number; p99_s?: number; curve?: { s: number; share: number }[] };
}
export interface CatalogueEntry {
  name: string; title?: string; provider?: string; url?: string; format?: string; key_needed?: boolean; key_name?: string;
  username_needed?: boolean; terms?: Terms; state?: string; state_date?: string; enabled?: boolean;
}
export interface QuarantineGroup { feed: string; reason: string; count: number; first?: string; last?: string }
export interface QuarantineLine { id: string; feed: string; report?: string; line?: number; reason: string; bytes?: string; at?: string; state: string }
export interface Report {
  id: string; feed: string; name?: string; received?: string; size_bytes?: number; sha256?: string; state: string; events?: number;
  duplicates?: number; rejected?: number; error?: string; type?: string; format?: string; replaces?: string; raw?: boolean;
  withdrawal?: Withdrawal;
}
export interface Withdrawal {
  report: string; at: string; by: string; reason: string; events: number; days: number; others?: string[]; replaced_by?: string;
  told?: { what: string; whom: string; where?: string; at?: string }[]; already: boolean; visible: boolean;
}
export interface Replacement { report: Report; withdrawal: Withdrawal }
export interface ReportOutcome { report?: string; events?: number; duplicates?: number; rejected?: number; seq?: number; state: string; error?: string }
export interface Health {
  state: string; checks?: { name: string; state: string; text: string; what_to_do?: string }[];
  followers?: { name: string; seq: number; lag_s?: number }[]; disk_free_bytes?: number; memory_bytes?: number;
}
export interface SearchHit { kind: string; text: string; detail?: string; href: string }
export interface LineHit { line: string; kind: string; findings: number; href?: string }

// --- constituents and alerts

export interface Constituent {
  id: string; name: string; sector?: string; language?: string; country?: string; provider?: boolean; whole_country?: boolean; sure: number;
  prefixes?: string[]; asns?: number[]; names?: string[]; contacts?: string[];
}
export interface ImportPlan {
  read: number; added: number; changed: number; unchanged: number; removed: number; done: boolean; disputed?: string[]; without_letters?: string[];
  changes: { name: string; what: "added" | "changed" | "removed"; detail?: string }[]; errors: { line: number; text: string }[];
}
export interface AlertsState {
  on: boolean; on_by?: string; on_since?: string; dry_run_at?: string; dry_run_by?: string; unready?: string; next_digest: string; simulated: boolean;
  waiting: number; queued: number; sent: number; dead: number; withheld: number; bounced: number; languages: string[]; letters?: string[]; without_letters?: string[];
}
export interface Alert {
  id: string; constituent: string; constituent_name?: string; contact: string; channel: string; state: "queued" | "sent" | "dead" | "withheld" | "bounced";
  tries: number; findings: number; day: string; made: string; done?: string; next?: string; error?: string; message_id: string; at_once?: boolean;
}
export interface AlertPreview {
  constituent_name: string; contact: string; channel: string; subject?: string; text?: string; csv?: string; xarf?: string; raw?: string; findings: number; withheld: number;
}
export interface DryRun {
  items: { constituent: string; constituent_name: string; contact: string; channel: string; subject?: string; findings: number; at_once?: boolean }[];
  total: number; constituents: number; findings: number; not_told: number; problems?: string[];
}
export interface SignInWays { password: boolean; proxy: boolean; provider?: string }
export interface User {
  id: string; name: string; role: string; origin: string; disabled?: boolean; must_change_password?: boolean; totp?: boolean; created?: string;
  signed_in?: string; sessions?: number; tokens?: number;
}
export interface Profile extends User { rights: string[]; recovery_codes_left?: number }
export interface BrowserSession { id: string; user: string; user_id: string; how: string; address?: string; agent?: string; since: string; used: string; current: boolean }
export interface Token { id: string; name: string; role: string; rights: string[]; owner?: string; owner_id?: string; created: string; expires?: string; last_used?: string }
export interface AuditRow {
  id: number; at: string; who?: string; role?: string; by?: string; address?: string; call: string; object?: string; outcome?: string; ended?: string;
  details?: unknown; hash: string;
}
export interface Triage {
  version: number; verdict?: string; duplicate_of?: string; judged_by?: string; judged_at?: string; returned?: boolean; assigned?: string; tags?: string[];
  followers?: string[]; cases?: number[]; muted?: { until: string; reason: string; by: string; rule?: number }; mute_over?: string; changed_by?: string; changed_at?: string;
}
export interface TriageDone { act: number; findings: number; finding?: Finding }
export interface Act { id: number; at: string; user: string; what: string[]; filter?: string; findings: number; undone_at?: string; undone_by?: string }
export interface Mute { id: number; subject?: string; type?: string; feed?: string; until: string; reason: string; user: string; at: string; ended_at?: string; ended_by?: string; holds: boolean }
export interface View { id: number; owner: string; name: string; query?: string; shared: boolean; at: string }
export interface CaseNote { id: number; at: string; user: string; text: string }
export interface CaseFile { sha256: string; name: string; size_bytes: number; at: string; user: string }
export interface Case {
  id: number; title: string; text?: string; state: "open" | "closed"; opened_by: string; opened_at: string; closed_by?: string; closed_at?: string;
  changed_by: string; changed_at: string; version: number; findings?: number; notes?: CaseNote[]; files?: CaseFile[];
}
export interface FeedScore {
  feed: string; title?: string; findings: number; open: number; unique: number; unique_percent?: number; judged: number; false_positive: number; false_percent?: number;
  overlaps?: { feed: string; findings: number; percent: number }[]; delay_p50_s?: number; advice?: string;
}
export interface Preview {
  format?: string; detected: boolean; error?: string; events: NativeEvent[]; events_total: number; rejected: number; rejects?: { line: number; reason: string }[];
}
