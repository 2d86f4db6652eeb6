// export: gives the browser a file made of what it already has.
import type { Finding } from "./types.ts";

const columns: (keyof Finding)[] = ["id", "state", "severity", "subject", "type", "family", "identifier", "port", "asn", "as_name", "country", "controller", "controller_country", "first", "last", "times", "feeds", "tlp"];

// A cell that a spreadsheet would take for a formula is made text.
function cell(value: unknown): string {
  const text = value === undefined ? "" : Array.isArray(value) ? value.join(" ") : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csv_of(items: Finding[]): string {
  return [columns.join(","), ...items.map((item) => columns.map((column) => cell(item[column])).join(","))].join("\r\n") + "\r\n";
}

export function save(name: string, text: string, type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
