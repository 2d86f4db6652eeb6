// live: the one stream of server-sent events of this browser; everything that moves by itself comes from here.
import { address } from "./api.ts";
import { clock } from "./clock.svelte.ts";
import type { Feed, Finding, Health, Report } from "./types.ts";

export interface Counters { events_per_s?: number; events_today?: number; findings_open?: number; at?: string }
export interface SampleItem { at: string; subject: string; text: string; network?: string }
export interface Sample { items: SampleItem[]; share?: number }
export interface Messages { counters: Counters; sample: Sample; finding: Partial<Finding> & { skipped?: number }; feed: Feed; report: Report; health: Health }
type Listener<K extends keyof Messages> = (message: Messages[K]) => void;

const kinds = ["counters", "sample", "finding", "feed", "report", "health"] as const;
const needs_person_after_ms = 60_000;

class Live {
  connected = $state(false);
  lost_at = $state<number | undefined>(); // since when nothing comes, by the node's clock
  counters = $state.raw<Counters>({});
  #source: EventSource | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #retry_ms = 1000;
  #last_seen = 0;
  #listeners = new Map<string, Set<(message: never) => void>>();

  get calls(): boolean { return this.lost_at !== undefined && clock.now - this.lost_at > needs_person_after_ms; }

  start(): void {
    if (this.#source) return;
    const source = (this.#source = new EventSource(address("/stream")));
    source.onopen = () => { this.#alive(); };
    source.onerror = () => { this.#lost(); };
    for (const kind of kinds) {
      source.addEventListener(kind, (event) => {
        this.#alive();
        const message = JSON.parse((event as MessageEvent<string>).data) as never;
        if (kind === "counters") this.counters = message;
        for (const listener of this.#listeners.get(kind) ?? []) listener(message);
      });
    }
  }
  #alive(): void {
    this.#last_seen = clock.now;
    this.connected = true;
    this.lost_at = undefined;
    this.#retry_ms = 1000;
  }
  #lost(): void {
    this.lost_at ??= this.#last_seen || clock.now;
    this.connected = false;
    this.#source?.close();
    this.#source = undefined;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.start(), this.#retry_ms);
    this.#retry_ms = Math.min(15_000, this.#retry_ms * 2);
  }
  stop(): void {
    this.#source?.close();
    this.#source = undefined;
    clearTimeout(this.#retry);
    this.connected = false;
    this.lost_at = undefined;
  }
  // Listens until the returned function is called.
  on<K extends keyof Messages>(kind: K, listener: Listener<K>): () => void {
    const set = this.#listeners.get(kind) ?? new Set();
    this.#listeners.set(kind, set);
    set.add(listener as (message: never) => void);
    return () => set.delete(listener as (message: never) => void);
  }
}

export const live = new Live();
