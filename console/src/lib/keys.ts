// keys: which function a key calls. The newest binding of a key wins, so that a page's goes before the frame's.
import { settings } from "./settings.svelte.ts";

type Act = (event: KeyboardEvent) => void | boolean; // false: not mine, ask the next
interface Binding { key: string; act: Act }
const bindings: Binding[] = [];
let prefix_until = 0;

// Binds keys until the returned function is called. "g f" is g, then f.
export function bind(table: Record<string, Act>): () => void {
  const mine = Object.entries(table).map(([key, act]) => ({ key, act }));
  bindings.unshift(...mine);
  return () => { for (const one of mine) bindings.splice(bindings.indexOf(one), 1); };
}

function typing(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  return target.isContentEditable || target.matches("input:not([type=checkbox]), textarea, select");
}

function name_of(event: KeyboardEvent): string {
  const control = event.ctrlKey || event.metaKey ? "ctrl+" : "";
  // A capital is a key of its own only where somebody has bound it.
  const capital = event.shiftKey && bindings.some(({ key }) => key === event.key);
  return control + (event.key.length === 1 && !capital ? event.key.toLowerCase() : event.key);
}

export function on_key(event: KeyboardEvent): void {
  if (event.altKey || event.isComposing || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]")) return; // what floats has its own keys
  const name = name_of(event), single = name.length === 1;
  if (single && (typing(event) || !settings.single_keys)) return;
  const in_prefix = performance.now() < prefix_until;
  prefix_until = 0;
  for (const { key, act } of bindings) {
    if (key !== (in_prefix ? "g " + name : name)) continue;
    if (typing(event) && !name.startsWith("ctrl+") && name !== "Escape") continue;
    if (act(event) === false) continue;
    event.preventDefault();
    return;
  }
  if (single && name === "g") prefix_until = performance.now() + 1500;
}
