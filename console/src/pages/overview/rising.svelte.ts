// rising: what rises most, which the node is asked apart. An answer stays while its period does; newer figures replace it.
import type { Row } from "./Ranking.svelte";

export class Rising {
  on = $state(false);
  #kept = $state.raw<{ period: string; as_of: string; rows: Row[] } | undefined>();
  #asked = "";

  rows(period: string): Row[] | undefined { return this.#kept?.period === period ? this.#kept.rows : undefined; }

  // Asks once for each state of the figures; where the node does not answer, the largest stand again.
  async want(period: string, as_of: string, ask: () => Promise<Row[]>): Promise<void> {
    const state = `${period} ${as_of}`;
    if (this.#asked === state) return;
    this.#asked = state;
    try {
      const rows = await ask();
      if (this.#asked === state) this.#kept = { period, as_of, rows };
    } catch {
      if (this.#asked !== state) return;
      this.#asked = "";
      if (this.rows(period) === undefined) this.on = false;
    }
  }
}
