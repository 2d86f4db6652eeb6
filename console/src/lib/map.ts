// map: shades and labels of the world map.
import type { MapRow } from "./types.ts";
import type { Picture } from "./world.svelte.ts";

// Fixed breaks of the rate, so that today compares with yesterday.
export const breaks = [0, 10, 30, 100, 200, 400, 800] as const;

// Shade 1 to 7; 0 when no feed reports the country.
export function shade(rate: number | undefined): number {
  if (rate === undefined) return 0;
  let step = 0;
  while (step < breaks.length && rate >= breaks[step]!) step += 1;
  return Math.max(1, step);
}

export interface Ring { code: string; x: number; y: number; r: number; value: number }
export interface MapLabel { x: number; y: number; anchor: "start" | "end"; name: string; value: string }

const largest_ring = 15.7, least_ring = 2.6, rings_max = 40;

// Rings, area in proportion to the count, the largest first.
export function rings(rows: MapRow[], at: Picture["at"]): Ring[] {
  const counted = rows.filter((row) => (row.controllers ?? 0) > 0 && at.has(row.country)).sort((a, b) => b.controllers! - a.controllers!).slice(0, rings_max);
  const most = counted[0]?.controllers ?? 1;
  return counted.map((row) => {
    const [x, y] = at.get(row.country)!;
    return { code: row.country, x, y, value: row.controllers!, r: Math.max(least_ring, largest_ring * Math.sqrt(row.controllers! / most)) };
  });
}

interface Box { left: number; right: number; top: number; bottom: number }
const apart = (a: Box, b: Box): boolean => a.right < b.left || b.right < a.left || a.bottom < b.top || b.bottom < a.top;

// Places names beside their rings where they hide no other ring and no other name; a name without a place is left out.
export function place(wanted: { ring: Ring; name: string; value: string }[], all: Ring[], taken: Box[], width: number): MapLabel[] {
  const labels: MapLabel[] = [], boxes = [...taken];
  const circles = all.map((o) => ({ code: o.code, left: o.x - o.r, right: o.x + o.r, top: o.y - o.r, bottom: o.y + o.r }));
  for (const { ring, name, value } of wanted) {
    const length = (name.length + value.length + 1) * 5.1;
    const tries = ([["start", 0], ["end", 0], ["end", -6], ["start", -9], ["end", 9], ["start", 12], ["end", -14]] as const).map(([anchor, dy]) => {
      const x = anchor === "start" ? ring.x + ring.r + 4 : ring.x - ring.r - 4, y = ring.y + 3 + dy;
      return { anchor, x, y, left: anchor === "start" ? x : x - length, right: anchor === "start" ? x + length : x, top: y - 8, bottom: y + 2 };
    });
    const free = tries.find((t) => t.left > 0 && t.right < width && boxes.every((b) => apart(t, b)) && circles.every((c) => c.code === ring.code || apart(t, c)));
    if (!free) continue;
    boxes.push(free);
    labels.push({ x: free.x, y: free.y, anchor: free.anchor, name, value });
  }
  return labels;
}
