// source: who claims or saw something, in words: "feed:urlhaus", "member:cert.example.org", "person:ana", "node".
import { m } from "../../messages.ts";

export function source_words(source: string): string {
  const at = source.indexOf(":"), kind = at < 0 ? source : source.slice(0, at);
  return m.indicators.sources[kind]?.(at < 0 ? "" : source.slice(at + 1)) ?? source;
}
