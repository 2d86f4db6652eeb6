// load: one answer of the node as state: the value, the error, and whether it takes longer than a blink.
import { Problem } from "./api.ts";

const blink_ms = 150; // under this nothing is shown as loading

export class Loaded<T> {
  value = $state.raw<T | undefined>();
  error = $state.raw<Problem | undefined>();
  failed_since = $state<number | undefined>();
  slow = $state(false);
  busy = $state(false);
  #abort: AbortController | undefined;

  // Runs `ask`; an earlier call that is still on its way is dropped.
  async run(ask: (signal: AbortSignal) => Promise<T>): Promise<void> {
    this.#abort?.abort();
    const abort = (this.#abort = new AbortController());
    this.busy = true;
    const timer = setTimeout(() => { if (this.#abort === abort) this.slow = true; }, blink_ms);
    try {
      const value = await ask(abort.signal);
      if (this.#abort !== abort) return;
      this.value = value;
      this.error = undefined;
      this.failed_since = undefined;
    } catch (error) {
      if (this.#abort !== abort) return;
      this.error = error instanceof Problem ? error : new Problem(0, String(error));
      this.failed_since ??= Date.now();
    } finally {
      clearTimeout(timer);
      if (this.#abort === abort) { this.busy = false; this.slow = false; }
    }
  }

  stop(): void { this.#abort?.abort(); this.#abort = undefined; }
}
