// triage: what people do to findings from the keyboard: one thing asked at a time, sent, told, undone.
import { get, Problem, send } from "./api.ts";
import { count } from "./format.ts";
import type { Act, Finding, TriageDone } from "./types.ts";
import { m } from "../messages.ts";

export type Asked = "verdict" | "assign" | "tag" | "note" | "mute" | "case" | "view";
export const verdicts = ["true", "false-positive", "accepted-risk", "not-ours", "duplicate"] as const;

// What the list has under the keys: some findings, or all that its filter selects.
export interface Target { items: Finding[]; ids: string[]; q?: string; without?: string; total: number }
export type Change = Record<string, unknown>;

interface Done { text: string; undo?: () => Promise<string> }
interface Conflict { detail: string; again: () => Promise<void> }

class TriageState {
  asked = $state<Asked | undefined>();
  target = $state.raw<Target | undefined>();
  said = $state.raw<{ text: string; bad: boolean; undo: boolean } | undefined>();
  error = $state("");
  conflict = $state.raw<Conflict | undefined>();
  busy = $state(false);
  tags = $state.raw<string[]>([]);
  people = $state.raw<string[]>([]);
  #done: Done[] = []; // the last is taken back first
  changed = (_finding?: Finding): void => {}; // the page's: rows have other words now

  ask(what: Asked, target: Target): void {
    if (target.total === 0 && what !== "view") return;
    this.error = "";
    this.conflict = undefined;
    this.target = target;
    this.asked = what;
    void get<{ tags: string[]; people: string[] }>("/triage/words").then((words) => { this.tags = words.tags; this.people = words.people; }).catch(() => undefined);
  }
  close(): void {
    this.asked = undefined;
    this.error = "";
    this.conflict = undefined;
  }
  // Sends a change; what went wrong stands in the sheet that asked, or in the foot.
  async act(change: Change, words: string, target = this.target): Promise<void> {
    if (!target || this.busy) return;
    const one = target.q === undefined && target.ids.length === 1 ? target.items.find((item) => item.id === target.ids[0]) : undefined;
    const versioned = "verdict" in change || "assign" in change || "mute_until" in change;
    await this.#run(async () => {
      const done = target.q === undefined && target.ids.length === 1
        ? await send<TriageDone>("POST", `/findings/${target.ids[0]}/triage`, { ...change, ...(one && versioned ? { version: one.triage?.version ?? 0 } : {}) })
        : await send<TriageDone>("POST", "/triage", { ...change, ...(target.q === undefined ? { findings: target.ids } : { q: target.q, ...(target.without && { without: target.without }) }) });
      this.#remember({ text: m.triage.did(done.findings, words), undo: async () => {
        const undone = await send<{ findings: number; kept: number }>("POST", `/triage/acts/${done.act}/undo`, {});
        return m.triage.undone(undone.findings, undone.kept);
      } });
      this.changed(done.finding);
    }, async () => {
      // What stands now is what the person has just been shown.
      const fresh = await get<Finding>(`/findings/${target.ids[0]}`);
      await this.act(change, words, { ...target, items: [fresh] });
    });
  }
  async act_in_new_case(title: string): Promise<void> {
    const target = this.target;
    if (!target) return;
    let id = 0;
    await this.#run(async () => { id = (await send<{ id: number }>("POST", "/cases", { title })).id; });
    if (id > 0) await this.act({ case: id }, m.triage.words.cased(title), target);
  }
  // A rule: a mute of a subject, a type, a feed.
  async mute(wish: Change, words: string): Promise<void> {
    await this.#run(async () => {
      const made = await send<{ id: number }>("POST", "/mutes", wish);
      this.#remember({ text: words, undo: async () => { await send("DELETE", `/mutes/${made.id}`); return m.triage.mute_ended; } });
      this.changed();
    });
  }
  async keep_view(name: string, query: string, shared: boolean): Promise<void> {
    await this.#run(async () => {
      await send("POST", "/views", { name, query, shared });
      this.said = { text: m.triage.view_kept(name), bad: false, undo: false };
      this.changed();
    });
  }
  async undo(): Promise<void> {
    const last = this.#done.at(-1);
    if (!last?.undo || this.busy) return;
    this.busy = true;
    try {
      const text = await last.undo();
      this.#done.pop();
      this.said = { text, bad: false, undo: this.#done.length > 0 };
      this.changed();
    } catch (error) {
      this.#done.pop();
      this.said = { text: error instanceof Problem ? error.detail || error.message : String(error), bad: true, undo: this.#done.length > 0 };
    }
    this.busy = false;
  }
  #remember(done: Done): void {
    this.#done = [...this.#done, done].slice(-50);
    this.said = { text: done.text, bad: false, undo: true };
  }
  async #run(does: () => Promise<void>, again?: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.error = "";
    this.conflict = undefined;
    try {
      await does();
      this.asked = undefined;
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem(0, String(error));
      const text = problem.detail || problem.message;
      if (problem.status === 409 && again) this.conflict = { detail: text, again };
      if (this.asked) this.error = text;
      else this.said = { text, bad: true, undo: false };
    }
    this.busy = false;
  }
}

export const triage = new TriageState();

export const who_did = (act: Act): string => act.what.join("; ");
export const of_findings = (n: number): string => `${count(n)} ${n === 1 ? "finding" : "findings"}`;
