// due: how far a deadline is, as words; nothing where it no longer matters.
import { duration } from "../../lib/format.ts";
import { is_over } from "../../lib/requests.ts";
import type { Request } from "../../lib/requests.ts";
import { m } from "../../messages.ts";

export function due(one: Request, now: number): string {
  if (!one.deadline || is_over(one)) return "";
  const left_s = (Date.parse(one.deadline) - now) / 1000;
  return left_s < 0 ? m.requests.late(duration(-left_s)) : m.requests.left(duration(left_s));
}
