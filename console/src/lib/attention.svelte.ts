// attention: what needs a person right now; the mark, the favicon and the rail follow it.
import { get } from "./api.ts";
import { live } from "./live.svelte.ts";
import { calls_us } from "./requests.ts";
import type { Request, RequestList } from "./requests.ts";
import { session } from "./session.svelte.ts";
import { read_network, waits_for_us } from "./share.ts";
import type { Network } from "./share.ts";
import type { Feed, Health, Page, Summary } from "./types.ts";
import * as warn from "./warnings.ts";
import type { WarningList } from "./warnings.ts";

const warnings_every_ms = 60_000;

class Attention {
  feeds = $state.raw<Feed[]>([]);
  known = $state(false); // whether the node has told its feeds
  health_wrong = $state(0);
  findings = $state<number | undefined>();
  needs = $state(0);
  to_compare = $state(0); // partners
  to_sign = $state(0); // agreements
  rising = $state(0); // warnings
  requests = $state.raw<Request[]>([]); // all that are not over

  get failed_feeds(): number { return this.feeds.filter((feed) => feed.state === "failed").length; }
  get to_answer(): number { return this.requests.filter(calls_us).length; }
  get any(): boolean { return this.failed_feeds + this.health_wrong + this.needs + this.to_compare + this.to_sign + this.to_answer + this.rising > 0 || live.calls; }

  async read(): Promise<void> {
    if (session.value?.in_network) { void read_network().then((network) => this.network(network), () => {}); void this.read_requests(); }
    void this.read_warnings();
    const [feeds, health, open] = await Promise.allSettled([
      get<Page<Feed>>("/feeds", { limit: 1000 }), get<Health>("/health"), get<Summary>("/findings/summary", { q: "state:open,reopened" }),
    ]);
    if (feeds.status === "fulfilled") { this.feeds = feeds.value.items; this.known = true; }
    if (health.status === "fulfilled") this.#health(health.value);
    if (open.status === "fulfilled") this.findings = open.value.total;
  }
  network({ partners, self, agreements }: Network): void {
    this.to_compare = partners.filter((partner) => partner.state === "to-compare").length;
    this.to_sign = agreements.filter((one) => waits_for_us(one, self?.member ?? "")).length;
  }
  async read_requests(): Promise<void> {
    try { this.requests = (await get<RequestList>("/requests", { which: "open" })).items; } catch { /* the page that lists them says so */ }
  }
  async read_warnings(): Promise<void> {
    try { this.rising = (await get<WarningList>("/warnings", { limit: 1000 })).items.filter(warn.calls_us).length; } catch { /* the page that lists them says so */ }
  }
  #health(health: Health): void { this.health_wrong = health.checks?.filter((check) => check.state === "wrong").length ?? 0; }

  follow(): () => void {
    const every = setInterval(() => void this.read_warnings(), warnings_every_ms);
    const stops = [
      () => clearInterval(every),
      live.on("feed", (feed) => {
        const at = this.feeds.findIndex((f) => f.name === feed.name);
        this.feeds = at < 0 ? [...this.feeds, feed] : this.feeds.with(at, feed);
      }),
      live.on("health", (health) => this.#health(health)),
      live.on("counters", (counters) => { if (counters.findings_open !== undefined) this.findings = counters.findings_open; }),
    ];
    return () => stops.forEach((stop) => stop());
  }
}

export const attention = new Attention();
