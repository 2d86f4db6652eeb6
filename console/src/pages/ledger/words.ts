// words: an entry of the ledger in a few words.
import { count } from "../../lib/format.ts";
import type { LedgerRow } from "../../lib/share.ts";
import { m } from "../../messages.ts";

export function words_of(row: LedgerRow): string {
  const { leaf } = row, w = m.ledger.what;
  switch (row.kind) {
    case "opening": return w.opening;
    case "release": return w.release(leaf.count ?? 0, Object.entries(leaf.counts ?? {}).map(([what, n]) => `${count(n)} ${what}`).join(", "), leaf.via ?? "");
    case "denial": return w.denial(leaf.count ?? 0, leaf.clause ?? 0);
    case "outcome": return w.outcome(leaf.of ?? 0, m.ledger.outcomes[leaf.outcome ?? ""] ?? leaf.outcome ?? "");
    case "receipt": return w.receipt(leaf.taken ?? 0, Object.values(leaf.refused ?? {}).reduce((sum, n) => sum + n, 0));
    case "policy": return m.ledger.acts[leaf.what ?? ""] ?? leaf.what ?? "";
    case "key": return w.key;
    default: return w.dropped;
  }
}
