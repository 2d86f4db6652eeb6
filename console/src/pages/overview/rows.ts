// rows: families, networks and controllers as rows of a ranking.
import type { ClassRow, ControllerRow, FamilyRow, NetworkRow, StatsRow } from "../../lib/types.ts";
import type { Row } from "./Ranking.svelte";

const link = (token: string): string => "/findings?q=" + encodeURIComponent(token + " state:open,reopened");

export const family_rows = (rows: FamilyRow[]): Row[] => rows.map((row) => ({
  key: row.family, name: row.family, href: link(`family:${row.family}`), distinct: row.distinct, change_percent: row.change_percent, is_new: row.new,
}));

// Yesterday against the day before, for the time in which today is not compared. A class's line has whole days only.
export function yesterday(row: ClassRow): ClassRow {
  const [before, last] = (row.series ?? []).slice(-2);
  return before && last !== undefined ? { ...row, change_percent: (last / before - 1) * 100 } : row;
}

export const network_rows = (rows: NetworkRow[]): Row[] => rows.map((row) => ({
  key: String(row.asn), name: row.as_name ?? `AS${row.asn}`, aside: row.as_name ? `AS${row.asn}` : "", href: link(`asn:${row.asn}`),
  distinct: row.distinct, change_percent: row.change_percent, is_new: row.new,
}));

export const controller_rows = (rows: ControllerRow[]): Row[] => rows.map((row) => ({
  key: row.controller, name: row.controller, aside: row.country ?? "", mono: true, href: link(`controller:${row.controller}`),
  distinct: row.distinct, change_percent: row.change_percent, is_new: row.new,
}));

export function rows_of_stats(cut: "family" | "asn", rows: StatsRow[]): Row[] {
  const compared = rows.map((row) => ({ ...row.key, distinct: row.distinct, change_percent: row.change_percent, new: row.before?.distinct === 0 || row.change_percent === undefined }));
  return cut === "family" ? family_rows(compared as unknown as FamilyRow[]) : network_rows(compared as unknown as NetworkRow[]);
}
