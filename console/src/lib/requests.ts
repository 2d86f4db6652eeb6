// requests: what members ask of each other, and what they think of each other's items. Source: /api/v1/openapi.json
import type { Page } from "./types.ts";

export type RequestState = "open" | "accepted" | "refused" | "done" | "withdrawn";
export interface RequestAct { at: string; by?: string; act: string; refusal?: string; words?: string }
export interface Request {
  id: string; ours?: boolean; member?: string; mail_to?: string; kind: string; state: RequestState; refusal?: string; late?: boolean; finding?: string; item?: string; sort?: string; subject?: string;
  type?: string; country?: string; sector?: string; tlp?: string; pap?: string; words?: string; legal_basis?: string; deadline?: string; told?: string; agreement?: string; by: string; at: string;
  answered?: string; changed?: string; mail?: "queued" | "sent" | "failed"; mail_error?: string; acts?: RequestAct[];
}
export interface AnswerTimes { asked: number; open: number; late: number; answers: number; answer_p50_s?: number }
export interface RequestTimes { member: string; ours: AnswerTimes; theirs: AnswerTimes }
export interface RequestList extends Page<Request> { partners?: RequestTimes[] }
export interface Opinion { id: string; ours?: boolean; member: string; by: string; item: string; opinion: string; words?: string; type?: string; tlp?: string; pap?: string; agreement?: string; at: string }

export const is_over = (one: Request): boolean => one.state !== "open" && one.state !== "accepted";
// Somebody here has to do something: answer it, do what was promised by now, or ask by another way.
export const calls_us = (one: Request): boolean => !is_over(one) && (one.ours ? one.mail === "failed" : one.state === "open" || one.late === true);
// A subject, or else the item or finding that it names.
export const about = (one: Request): string => one.subject || one.item || one.finding || "";
export const dot_of = (one: Request): string => (is_over(one) ? "closed" : calls_us(one) ? "again" : one.state === "accepted" ? "quiet-s" : "open");

// What waits for somebody here stands first, then what is open, the nearest deadline first; then what is over, newest first.
const rank = (one: Request): number => (calls_us(one) ? 0 : is_over(one) ? 2 : 1);
export function by_urgency(a: Request, b: Request): number {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (rank(a) === 2) return (a.changed ?? a.at) < (b.changed ?? b.at) ? 1 : -1;
  return (a.deadline ?? "9") < (b.deadline ?? "9") ? -1 : (a.deadline ?? "9") > (b.deadline ?? "9") ? 1 : a.at < b.at ? 1 : -1;
}

// What a word names: a finding of ours, an item that both have, or a subject.
export type Named = "finding" | "item" | "subject";
export function named(word: string): Named {
  if (/^f_[0-9a-z]+$/i.test(word)) return "finding";
  return /^[a-z0-9-]+--[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(word) ? "item" : "subject";
}
