// rows: a list of any length as pages that are fetched when they come into sight.
// A node that takes `offset` lets the scrollbar jump anywhere; one that does not is read on by its cursor.
import { get, Problem } from "./api.ts";
import type { Params } from "./api.ts";
import type { Finding, Page } from "./types.ts";

const page_rows = 200, pages_kept = 60;

export class Rows {
  total = $state(0);
  loaded = $state(false);
  slow = $state(false);
  error = $state.raw<Problem | undefined>();
  shown = $state(""); // the filter whose rows are on the screen
  version = $state(0); // counts every change of what can be seen
  #params: Params = {};
  #pages = new Map<number, Finding[]>();
  #asked = new Map<number, AbortController>();
  #cursors = new Map<number, string>();
  #offsets = true; // until an answer shows that the node knows cursors only

  at(index: number): Finding | undefined {
    void this.version;
    return this.#pages.get(Math.floor(index / page_rows))?.[index % page_rows];
  }
  index_of(id: string): number {
    for (const [page, items] of this.#pages) {
      const at = items.findIndex((item) => item.id === id);
      if (at >= 0) return page * page_rows + at;
    }
    return -1;
  }
  // Begins anew; what stands on the screen stays until the answer comes.
  async start(params: Params): Promise<void> {
    for (const abort of this.#asked.values()) abort.abort();
    this.#asked.clear();
    this.#params = params;
    this.#cursors.clear();
    const timer = setTimeout(() => { this.slow = true; }, 150);
    await this.#fetch(0, true);
    clearTimeout(timer);
    this.slow = false;
  }
  // Makes sure that the rows from first to last are there or on their way.
  want(first: number, last: number): void {
    for (let page = Math.floor(first / page_rows); page <= Math.floor(last / page_rows); page += 1) {
      if (page >= 0 && page * page_rows < this.total && !this.#pages.has(page)) void this.#fetch(page, false);
    }
  }
  async #fetch(page: number, anew: boolean): Promise<void> {
    if (this.#asked.has(page)) return;
    if (!this.#offsets && page > 0 && !this.#cursors.has(page)) {
      const before = Math.max(0, ...[...this.#cursors.keys()].filter((p) => p < page));
      if (before !== page) await this.#fetch(this.#pages.has(before) ? before + 1 : before, false);
      if (!this.#cursors.has(page)) return;
    }
    const abort = new AbortController();
    this.#asked.set(page, abort);
    const from: Params = this.#offsets ? { offset: page * page_rows || undefined } : { cursor: this.#cursors.get(page) };
    try {
      const answer = await get<Page<Finding>>("/findings", { ...this.#params, ...from, limit: page_rows }, abort.signal);
      if (anew) { this.#pages.clear(); this.shown = String(this.#params.q ?? ""); }
      if (this.#offsets && page > 0 && answer.offset === undefined) { this.#offsets = false; this.#asked.delete(page); return; }
      this.#pages.set(page, answer.items);
      if (answer.next) this.#cursors.set(page + 1, answer.next);
      if (answer.total !== undefined) this.total = answer.total;
      else if (!answer.next) this.total = page * page_rows + answer.items.length;
      else this.total = Math.max(this.total, (page + 1) * page_rows + 1);
      for (const old of this.#pages.keys()) {
        if (this.#pages.size <= pages_kept) break;
        if (Math.abs(old - page) > pages_kept / 2) this.#pages.delete(old);
      }
      this.error = undefined;
      this.loaded = true;
      this.version += 1;
    } catch (error) {
      if (error instanceof Problem) this.error = error;
    } finally {
      if (this.#asked.get(page) === abort) this.#asked.delete(page);
    }
  }
  // Puts a change of a finding that is on the list in its place; false when it is not there.
  update(change: Partial<Finding>): boolean {
    for (const items of this.#pages.values()) {
      const at = items.findIndex((item) => item.id === change.id);
      if (at < 0) continue;
      items[at] = { ...items[at]!, ...change };
      this.version += 1;
      return true;
    }
    return false;
  }
}
