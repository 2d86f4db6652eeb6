// session: who is signed in, and what the node says about itself.
import { get, Problem, send, session_hooks } from "./api.ts";
import { clock } from "./clock.svelte.ts";
import type { Session } from "./types.ts";

class SessionState {
  known = $state(false); // whether the node has answered at all
  value = $state.raw<Session | undefined>();
  error = $state.raw<Problem | undefined>();

  async read(): Promise<void> {
    try {
      // `optional` asks for 204 in place of 401, so that a page nobody is signed in to yet logs no failed request.
      this.#set(await get<Session | undefined>("/session", { optional: true }));
      this.error = undefined;
    } catch (error) {
      this.#set(undefined);
      this.error = error instanceof Problem && error.status !== 401 ? error : undefined;
    }
    this.known = true;
    clock.set();
  }
  async sign_in(code: string): Promise<void> {
    await send("POST", "/session", { code });
    await this.read();
  }
  async sign_out(): Promise<void> {
    await send("DELETE", "/session");
    this.#set(undefined);
  }
  #set(value: Session | undefined): void {
    this.value = value;
    session_hooks.csrf = value?.csrf ?? "";
  }
  end(): void { this.#set(undefined); }
}

export const session = new SessionState();
session_hooks.ended = () => session.end();
