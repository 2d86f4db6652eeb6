// standing: how an agreement stands at a time: its state, or that its time is over or has not begun.
import type { Agreement } from "../../lib/share.ts";

export function state_of(one: Agreement, now: number): string {
  if (one.standing === "ended" || one.standing === "suspended") return one.standing;
  if (now >= Date.parse(one.until ?? "")) return "expired";
  return one.standing === "active" && now < Date.parse(one.from ?? "") ? "later" : one.standing;
}
