// api: calls to the node's public API; the console knows no other way to data.
const base = "/api/v1";

export class Problem extends Error {
  status: number; detail: string;
  constructor(status: number, title: string, detail = "") {
    super(title);
    this.status = status;
    this.detail = detail;
  }
}

export type Params = Record<string, string | number | boolean | undefined>;

// What the session owns: the token for writing calls, and what to do when it ended.
export const session_hooks = { csrf: "", ended: () => {} };

// Milliseconds the node's clock is ahead of this browser's; its Date header tells.
export const clock_offset = { ms: 0 };

export function address(path: string, params: Params = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return base + path + (text ? "?" + text : "");
}

async function problem_of(answer: Response): Promise<Problem> {
  try {
    const body = await answer.json() as { title?: string; detail?: string };
    return new Problem(answer.status, body.title ?? answer.statusText, body.detail);
  } catch {
    return new Problem(answer.status, answer.statusText || `status ${answer.status}`);
  }
}

async function call<T>(path: string, init: RequestInit): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, { credentials: "same-origin", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "The node does not answer", String(error));
  }
  const date = Date.parse(answer.headers.get("date") ?? "");
  if (!Number.isNaN(date)) {
    const ahead = date + 500 - Date.now();
    if (Math.abs(ahead - clock_offset.ms) > 1500) clock_offset.ms = ahead; // the header has whole seconds
  }
  if (answer.status === 401 && !path.startsWith(base + "/session")) session_hooks.ended();
  if (!answer.ok) throw await problem_of(answer);
  if (answer.status === 204) return undefined as T;
  return await answer.json() as T;
}

export function get<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  return call<T>(address(path, params), signal ? { signal } : {});
}

export function send<T>(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown, params: Params = {}): Promise<T> {
  const headers: Record<string, string> = {};
  if (session_hooks.csrf) headers["X-CSRF-Token"] = session_hooks.csrf;
  const raw = body instanceof Blob;
  if (body !== undefined) headers["Content-Type"] = raw ? "application/octet-stream" : "application/json";
  const init: RequestInit = { method, headers };
  if (body !== undefined) init.body = raw ? body : JSON.stringify(body);
  return call<T>(address(path, params), init);
}
