// types: the shapes the API answers with. Everything may be absent when the node has nothing to say.
// Source: /api/v1/openapi.json

export interface Page<T> { items: T[]; next?: string; total?: number; offset?: number; as_of?: string; took_ms?: number }

export interface Session {
  user: string; role: string; csrf: string; simulated?: boolean; version: string;
  node: { name: string; host?: string; country?: string };
  geo_database?: { date: string; age_days: number; old?: boolean };
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
  controller_country?: string; controller_reason?: string; first: string; last: string; times: number; feeds?: string[]; tlp?: string; sector?: string;
}
export interface Summary {
  total: number; subjects?: number; states?: Record<string, number>; types?: { type: string; count: number }[];
  histogram?: { start: string; day_counts: number[] }; tabs?: Record<string, number>; took_ms?: number;
}
export interface HistoryEntry { at: string; what: string; detail?: string; feed?: string }
export interface FindingDetail extends Finding {
  history?: HistoryEntry[]; days?: { day: string; events: number }[]; near?: { same_network?: number; same_controller?: number };
  explanation?: { what: string; meaning: string; first_step: string }; database_date?: string; prefix?: string; registered_domain?: string;
}
export interface Why { rows?: unknown[]; feeds?: unknown[]; rules?: string[] }
export type NativeEvent = Record<string, unknown>;

export interface Terms { text?: string; redistribution?: string; commercial?: string; interval_least_s?: number; url?: string }
export interface Feed {
  name: string; title?: string; collector?: string; format?: string; state: "off" | "on time" | "late" | "failed" | "never"; enabled?: boolean;
  schedule?: string; last_success?: string; next?: string; lag_s?: number; events_24h?: number; events_total?: number; rejected_24h?: number;
  last_error?: { at: string; text: string; recovered?: string }; tlp?: string; hours?: number[]; usual_hour?: number; simulated?: boolean; terms?: Terms;
  delay?: { p50_s?: number; p90_s?: number; p99_s?: number; curve?: { s: number; share: number }[] };
}
export interface CatalogueEntry {
  name: string; title?: string; provider?: string; url?: string; format?: string; key_needed?: boolean; key_name?: string;
  terms?: Terms; state?: string; enabled?: boolean;
}
export interface QuarantineGroup { feed: string; reason: string; count: number; first?: string; last?: string }
export interface QuarantineLine { id: string; feed: string; report?: string; line?: number; reason: string; bytes?: string; at?: string; state: string }
export interface Report {
  id: string; feed: string; name?: string; received?: string; size_bytes?: number; sha256?: string; state: string; events?: number;
  duplicates?: number; rejected?: number; error?: string; type?: string;
}
export interface ReportOutcome { report?: string; events?: number; duplicates?: number; rejected?: number; seq?: number; state: string; error?: string }
export interface Health {
  state: string; checks?: { name: string; state: string; text: string; what_to_do?: string }[];
  followers?: { name: string; seq: number; lag_s?: number }[]; disk_free_bytes?: number; memory_bytes?: number;
}
export interface SearchHit { kind: string; text: string; detail?: string; href: string }
export interface LineHit { line: string; kind: string; findings: number; href?: string }
