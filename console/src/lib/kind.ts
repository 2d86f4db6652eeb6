// kind: guesses what a word is, so that one box takes an address, a prefix, an AS, a name, a hash or a family.
export type Kind = "address" | "prefix" | "as" | "url" | "mail" | "hash" | "name" | "family";

function is_v4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((p) => /^(0|[1-9]\d{0,2})$/.test(p) && Number(p) <= 255);
}

function is_v6(text: string): boolean {
  if (!text.includes(":") || !/^[0-9a-f:.]+$/i.test(text) || /:::/.test(text)) return false;
  const halves = text.split("::");
  if (halves.length > 2) return false;
  let groups = 0;
  for (const half of halves) {
    if (half === "") continue;
    const parts = half.split(":");
    for (const [i, part] of parts.entries()) {
      const last = i === parts.length - 1;
      if (last && part.includes(".")) { if (!is_v4(part)) return false; groups += 2; continue; }
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return false;
      groups += 1;
    }
  }
  return halves.length === 2 ? groups <= 7 : groups === 8;
}

export function guess(word: string): Kind {
  const text = word.trim();
  if (is_v4(text) || is_v6(text)) return "address";
  const slash = text.lastIndexOf("/");
  if (slash > 0 && /^\d{1,3}$/.test(text.slice(slash + 1))) {
    const base = text.slice(0, slash), length = Number(text.slice(slash + 1));
    if ((is_v4(base) && length <= 32) || (is_v6(base) && length <= 128)) return "prefix";
  }
  if (/^asn?\s?\d{1,10}$/i.test(text)) return "as";
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return "url";
  if (/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(text)) return "mail";
  if (/^([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text)) return "hash";
  if (/^(?=.{1,253}$)([\p{L}\p{N}_]([\p{L}\p{N}_-]{0,61}[\p{L}\p{N}_])?\.)+\p{L}[\p{L}\p{N}-]*\.?$/u.test(text)) return "name";
  return "family";
}

// The lines of a paste, without blanks; at most `max`.
export function lines_of(text: string, max = 500): string[] {
  return text.split(/\r?\n/).map((line) => line.trim()).filter(Boolean).slice(0, max);
}
