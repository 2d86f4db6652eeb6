// clock: the node's time, once a second.
import { clock_offset } from "./api.ts";

class Clock {
  now = $state(Date.now());
  constructor() {
    setInterval(() => { this.now = Date.now() + clock_offset.ms; }, 1000);
  }
  set(): void { this.now = Date.now() + clock_offset.ms; }
}

export const clock = new Clock();
