// scale: round axis values, and paths in a box of 1000 by 1000.

// Round values that cover low to high, at most `most` of them. Bars start at zero; a line may start higher.
export function ticks(low: number, high: number, from_zero: boolean, most = 6): number[] {
  if (!(high > 0)) return [0, 1];
  const start = from_zero || low < high * 0.4 ? 0 : low;
  const raw = Math.max(high - start, high * 1e-6) / (most - 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((f) => f * power).find((s) => {
    const first = Math.floor(start / s) * s;
    return first + s * (most - 1) >= high - s * 1e-9;
  }) ?? 10 * power;
  const first = Math.floor(start / step + 1e-9) * step;
  const values: number[] = [];
  for (let i = 0; ; i += 1) {
    const value = Number((first + i * step).toPrecision(12));
    values.push(value);
    if (value >= high - step * 1e-9) return values;
  }
}

// The axis of a line chart; with marks there is room for their words above the line.
export function line_ticks(values: number[], from_zero: boolean, with_marks: boolean): number[] {
  return values.length > 0 ? ticks(Math.min(...values), Math.max(...values) * (with_marks ? 1.07 : 1), from_zero) : [0, 1];
}

// A line through evenly spaced values; a gap (NaN) stays a gap.
export function line_path(values: number[], low: number, high: number, length = values.length): string {
  const span = high - low || 1, step = 1000 / Math.max(1, length - 1);
  let path = "", pen = "M";
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) { pen = "M"; return; }
    path += `${pen}${Math.round(i * step * 10) / 10} ${Math.round(1000 - ((value - low) / span) * 1000)}`;
    pen = "L";
  });
  return path;
}
