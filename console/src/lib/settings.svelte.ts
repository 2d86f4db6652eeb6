// settings: what a person chose for this browser: theme, density, single keys. ?theme= and ?density= win, for screenshots and walls.
const asked = new URLSearchParams(location.search);

function kept(name: string): string {
  try { return localStorage.getItem(name) ?? ""; } catch { return ""; }
}
function keep(name: string, value: string): void {
  try { localStorage.setItem(name, value); } catch { /* a browser that keeps nothing still works */ }
}

class Settings {
  theme = $state(asked.get("theme") ?? kept("theme"));
  density = $state(asked.get("density") ?? kept("density"));
  single_keys = $state(kept("single_keys") !== "off");

  apply(): void {
    document.documentElement.dataset.theme = this.theme;
    document.documentElement.dataset.density = this.density;
  }
  get dark(): boolean {
    return this.theme ? this.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }
  toggle_theme(): void {
    this.theme = this.dark ? "light" : "dark";
    keep("theme", this.theme);
    this.apply();
  }
  set_density(density: string): void {
    this.density = density;
    keep("density", density);
    this.apply();
  }
  toggle_single_keys(): void {
    this.single_keys = !this.single_keys;
    keep("single_keys", this.single_keys ? "on" : "off");
  }
}

export const settings = new Settings();

// When this browser last looked at the overview; "" the first time. One visit is what lies more than 30 minutes apart.
const visit_gap_ms = 30 * 60_000;
export function last_look(now: number): string {
  const seen = Number(kept("looked_last")), before = kept("looked_before");
  if (seen && now - seen > visit_gap_ms) keep("looked_before", new Date(seen).toISOString());
  keep("looked_last", String(now));
  return seen && now - seen > visit_gap_ms ? new Date(seen).toISOString() : before;
}
export function still_looking(now: number): void { keep("looked_last", String(now)); }
