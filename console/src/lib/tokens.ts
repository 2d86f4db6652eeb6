// tokens: a design token as the colour it has now. The custom property itself reads `light-dark(…)`, so it is
// set as `color` on a hidden element and read back.
let probe: HTMLElement | undefined;

export function colour(token: string): string {
  if (!probe) {
    probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(--${token})`;
  return getComputedStyle(probe).color;
}
