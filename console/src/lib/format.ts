// format: numbers, times and sizes as text, the way LOOK section 4 asks: narrow blanks, true minus, UTC.
const narrow = "\u202f", nbsp = "\u00a0", minus = "\u2212";
const locale = "en";

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

const signed = (text: string, value: number): string => (value < 0 ? minus + text : text);
const groups = (value: number): string => grouped.format(Math.abs(value)).replaceAll(",", narrow);

// All digits: 8 012 447.
export function count(value: number): string {
  return signed(groups(Math.round(value)), Math.round(value));
}

// At most three significant digits, for prose and labels: 8.0 M, 230 k, 41 220.
export function short(value: number): string {
  const size = Math.abs(value);
  const unit = (scale: number, name: string): string => {
    const scaled = size / scale;
    return signed((scaled < 99.95 ? scaled.toFixed(1) : scaled.toFixed(0)) + nbsp + name, value);
  };
  if (size >= 999_500_000) return unit(1e9, "bn");
  if (size >= 999_500) return unit(1e6, "M");
  if (size >= 100_000) return signed(Math.round(size / 1000) + nbsp + "k", value);
  return count(value);
}

// An axis label: 240 k, 1.5 M; no decimals where none are needed.
export function axis(value: number): string {
  const size = Math.abs(value);
  const trim = (x: number): string => String(Math.round(x * 100) / 100);
  if (size >= 1e6) return signed(trim(size / 1e6) + nbsp + "M", value);
  if (size >= 1e4) return signed(trim(size / 1e3) + nbsp + "k", value);
  return Number.isInteger(value) ? count(value) : signed(trim(size), value);
}

// The labels of one axis, rising: all in the unit of the highest, which alone writes it out.
export function axis_labels(values: number[]): string[] {
  const high = Math.max(...values.map(Math.abs));
  const [size, unit] = high >= 1e6 ? [1e6, nbsp + "M"] : high >= 1e4 ? [1e3, nbsp + "k"] : [1, ""];
  return values.map((value, i) => {
    const text = size === 1 && Number.isInteger(value) ? count(value) : signed(String(Math.abs(Math.round((value / size) * 100) / 100)), value);
    return i === values.length - 1 ? text + unit : text;
  });
}

export function percent(value: number, digits = 1): string {
  return signed(Math.abs(value).toFixed(digits) + nbsp + "%", Math.abs(value) < 0.5 / 10 ** digits ? 0 : value);
}

// A change beside a value: +14 %, −2.1 %, ×12 when it is more than tenfold.
export function change(value: number, digits = 0): string {
  if (value >= 900) return "×" + Math.round(value / 100 + 1);
  const text = percent(value, digits);
  const zero = Math.abs(value) < 0.5 / 10 ** digits;
  return value > 0 && !zero ? "+" + text : text;
}

export function points(value: number): string {
  const text = signed(Math.abs(value).toFixed(1), Math.abs(value) < 0.05 ? 0 : value);
  return value >= 0.05 ? "+" + text : text;
}

export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let step = 0, size = value;
  while (size >= 999.5 && step < units.length - 1) { size /= 1000; step += 1; }
  return (step > 0 && size < 99.95 ? size.toFixed(1) : size.toFixed(0)) + nbsp + units[step];
}

const pattern = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options });
const weekday = pattern({ weekday: "short" }), month = pattern({ month: "short" }), month_long = pattern({ month: "long" });

type When = string | number | Date;
const date_of = (when: When): Date => new Date(when);
const two = (n: number): string => String(n).padStart(2, "0");
const valid = (d: Date): boolean => !Number.isNaN(d.getTime());

// 09:42 or 09:42:17
export function time(when: When, seconds = false): string {
  const d = date_of(when);
  if (!valid(d)) return "";
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}${seconds ? ":" + two(d.getUTCSeconds()) : ""}`;
}

// 1 Sep; with the year when it is not the year of `now`.
export function day(when: When, now: When = Date.now()): string {
  const d = date_of(when);
  if (!valid(d)) return "";
  const year = d.getUTCFullYear();
  return `${d.getUTCDate()} ${month.format(d)}${year === date_of(now).getUTCFullYear() ? "" : " " + year}`;
}

// Tue 1 Sep, 09:42
export function stamp(when: When, seconds = false, now: When = Date.now()): string {
  const d = date_of(when);
  return valid(d) ? `${weekday.format(d)} ${day(d, now)}, ${time(d, seconds)}` : "";
}

export const weekday_day = (when: When): string => `${weekday.format(date_of(when))} ${date_of(when).getUTCDate()}`;
export const month_name = (when: When): string => month.format(date_of(when));
export const month_name_long = (when: When): string => month_long.format(date_of(when));

// A length of time in one unit: 38 s, 4 min, 6 h, 2 days.
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s}${nbsp}s`;
  if (s < 3600) return `${Math.floor(s / 60)}${nbsp}min`;
  if (s < 48 * 3600) return `${Math.floor(s / 3600)}${nbsp}h`;
  return `${Math.floor(s / 86400)}${nbsp}days`;
}

// How long ago, within the day; before that the day.
export function ago(when: When, now: When, just_now: string): string {
  const seconds = (date_of(now).getTime() - date_of(when).getTime()) / 1000;
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return just_now;
  return seconds < 86400 ? duration(seconds) : day(when, now);
}

// today 09:36, or 3 Aug 12:00
export function moment(when: When, now: When, today: string): string {
  const same = date_of(when).toISOString().slice(0, 10) === date_of(now).toISOString().slice(0, 10);
  return `${same ? today : day(when, now)} ${time(when)}`;
}

export const iso = (when: When): string => date_of(when).toISOString().replace(/\.\d+Z$/, "Z");
export const iso_day = (when: When): string => date_of(when).toISOString().slice(0, 10);
