// feed: whether a feed is on, and how long ago it delivered, as the word beside its name.
import { duration } from "./format.ts";
import type { Feed } from "./types.ts";
import { m } from "../messages.ts";

const live_s = 10;

// Reports handed in belong to feeds that nothing collects: they are neither on nor off.
export const is_on = (feed: Feed): boolean => feed.enabled !== false && feed.state !== "off";

export function age_of(feed: Feed, now: number): string {
  if (feed.state === "never" || feed.state === "off") return m.feed_state[feed.state]!;
  const seconds = feed.last_success ? Math.max(0, (now - Date.parse(feed.last_success)) / 1000) : (feed.lag_s ?? 0);
  if (feed.state === "failed" || feed.state === "late") return feed.last_success ? m.feed_age.late(duration(seconds)) : m.feed_state[feed.state]!;
  return (feed.lag_s ?? seconds) <= live_s ? m.feed_age.live : duration(seconds);
}
