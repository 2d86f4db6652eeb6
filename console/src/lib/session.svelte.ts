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
  // What is needed besides, or nothing when signed in.
  async sign_in(credentials: { code: string } | { user: string; password: string; totp?: string }): Promise<string | undefined> {
    const answer = await send<{ next?: string } | undefined>("POST", "/session", credentials);
    if (answer?.next) return answer.next;
    await this.read();
    return undefined;
  }
  may(right: string): boolean {
    const { role, rights } = this.value ?? {};
    return rights ? rights.includes(right) : role === "administrator";
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
