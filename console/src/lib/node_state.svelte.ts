// node_state: whether the node is paused after a restore and an exercise is on; every page says so.
import { get, send } from "./api.ts";

export interface NodeState { paused?: { since?: string; why: string }; exercises?: string[] }

const ask_again_ms = 30_000;

class State {
  value = $state.raw<NodeState>({});

  async read(): Promise<void> {
    try {
      this.value = await get<NodeState>("/state");
    } catch {
      // what was known stays; the bar tells a lost connection by itself
    }
  }
  follow(): () => void {
    void this.read();
    const timer = setInterval(() => { if (!document.hidden) void this.read(); }, ask_again_ms);
    return () => clearInterval(timer);
  }
  async resume(): Promise<void> {
    this.value = await send<NodeState>("POST", "/resume", {});
  }
}

export const node_state = new State();
