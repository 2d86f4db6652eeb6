// messages_share: the sentences of the pages Partners, Agreements and Ledger.
import { count } from "./lib/format.ts";

const plural = (n: number, one: string, other: string): string => `${count(n)} ${n === 1 ? one : other}`;

export const network = {
  alone: "This node is a member of no network", alone_how: "Partners, agreements and the ledger begin when it has a name in one and a place where others reach it. Write this into tocsin.toml, and start the node anew:",
  alone_config: `[share]\nmember = "cert.example.org"            # its id, for ever\nurl = "https://tocsin.example.org"     # where partners reach it`,
  copy: "Copy", copied: "Copied", why: "Why", cancel: "Leave it", you: "you", us: "We", once: "Shown this once.",
};

export const partners = {
  title: "Partners", views: { list: "Partners", invite: "Invite and join", us: "This member" } as Record<string, string>, views_label: "What of partners",
  sentence: (n: number, agreements: number) => (n === 0 ? "You share with nobody yet." : `You share with ${plural(n, "partner", "partners")} under ${plural(agreements, "agreement", "agreements")}.`),
  sentence_compare: (n: number) => `${plural(n, "partner is", "partners are")} still to be compared.`, sentence_waits: (n: number) => `${plural(n, "statement has", "statements have")} not reached ${n === 1 ? "its partner" : "their partners"}.`,
  picture: "Who shares with whom", picture_sub: "as seen from here; width: items both ways", picture_alt: (names: string) => `This node in the middle, and around it ${names}.`, picture_more: (n: number) => `and ${count(n)} more in the table`,
  none: "No partner yet", none_how: "Invite one: the node makes a code for a person of the other side. Or join by a code that somebody gave you.", list: "Partners", list_sub: "first who needs a person, then who exchanges most",
  columns: { partner: "Partner", country: "Country", agreements: "In force", given: "We gave", received: "They gave", waits: "Waits", pulled: "Last got", state: "State" },
  state: { "to-compare": "to compare", compared: "compared", stopped: "stopped" } as Record<string, string>,
  label: "Partner", close: "Close", facts: { member: "Member id", url: "Reached at", joined: "Joined", changed: "State since", tokens: "Tokens", key: "Key", pins: "Certificates", waits: "Waits" },
  changed: (when: string, who: string) => (who ? `${when}, by ${who}` : when), key_until: (until: string) => `goes on until ${until}`, key_revoked: (when: string, why: string) => `revoked ${when}: ${why}`,
  health: {
    title: "Health", sub: "as seen from here", pull: "We ask them", no_pull: "for nothing: no agreement lets anything come", pull_state: { off: "off", "on time": "on time", late: "late", failed: "it fails", never: "nothing came yet" } as Record<string, string>, last: (when: string) => `last answer ${when}`, next: (when: string) => `next ${when}`, lag: "Lag", day: "In 24 h", events: (n: number, refused: number) => `${plural(n, "event", "events")}${refused > 0 ? `, ${count(refused)} turned away` : ""}`,
    took: "They took", took_last: (n: number, when: string) => `${plural(n, "item", "items")}, ${when}`, took_none: "nothing yet", open: (n: number) => `${plural(n, "release has", "releases have")} no receipt`, said: "Statements", balance: "Given and received", balance_sub: (percent: number | undefined) => (percent === undefined ? "as both signed it" : `${count(percent)} for 100 received`), answer: "They answer in", more: "In the ledger", push: (name: string) => `Push ${name}`, push_failed: (n: number, why: string) => `failed ${plural(n, "time", "times")}: ${why}`, push_waits: "on its way", push_all: "all has arrived",
  },
  see: {
    go: "See the node as they would", title: (name: string) => `The node as ${name} sees it`, sub: "events here, now; nothing is sent for it", filter: "Filter of events", filter_how: "as type:phishing, country:BR, or a word", look: "Look", back: "Back to the partner", may_not: "Seeing this needs the right to agree: pseudonyms stand beside what they stand for.",
    sentence: (looked: number, goes: number, stays: number, hindered: number) => (looked === 0 ? "No event fits." : `Of the newest ${plural(looked, "event", "events")}${goes === looked ? " all" : ` ${count(goes)}`} would go now${stays > 0 ? `, ${count(stays)} ${stays === 1 ? "is" : "are"} withheld by agreements` : ""}${hindered > 0 ? `, ${count(hindered)} ${hindered === 1 ? "stays" : "stay"} whatever they say` : ""}.`),
    clauses: "What withholds them", clauses_sub: "events, by the clause of the first agreement", clause: (n: number, name: string) => `Clause ${count(n)}, ${name}`, items: "Events", items_sub: "newest first; each as it is here and as they would get it", goes: "goes", goes_changed: (n: number) => `goes, changed in ${plural(n, "field", "fields")}`, stays: "stays", columns: { field: "Field", here: "Here", there: "To them" }, dropped: "not told", same: "the same", more: "More events", no_agreement: "No agreement with them is in force.",
  },
  waits: (n: number, tries: number, why: string) => `${plural(n, "statement", "statements")}${tries > 0 ? `, ${plural(tries, "try", "tries")}: ${why}` : ""}`, no_waits: "Nothing",
  compare: {
    title: "Compare by voice", sub: "only this shows that nobody stands in between", how: "Ring a person there, at a number that you know from elsewhere. Read these digits to them:", theirs: "Then type what they read to you", hint: "five groups of five digits", go: "Compare",
    form: "That is not five groups of five digits.", wrong: "These digits do not fit.", wrong_how: "Ask for them once more. If they differ again, somebody may stand in between: stop this partner, and invite it anew by another way.", no_key: "No key speaks for one of the two sides, so there are no digits to compare.",
  },
  agreements: "Agreements", no_agreements: "None: nothing goes to it and nothing is taken from it.", propose: "Propose one", acts: "What was done", act_words: { joined: "joined" } as Record<string, string>,
  stop: { go: "Stop", title: (name: string) => `Cut everything with ${name}, at once?`, how: "Tokens end, nothing is sent, nothing is taken in. To share again it has to be invited anew.", yes: "Stop it now", done: (name: string) => `${name} is stopped.` },
  revoke: { go: "Its keys are lost", title: (name: string) => `Let nothing speak for ${name} any more?`, how: "For keys that were lost or stolen, as their person told you by voice. It has to recover, and to be compared anew.", yes: "Revoke its keys" },
  token: { go: "New token", made: "A token for its programs:", how: "With it a program of theirs reads here what the agreements allow." },
  invite: {
    title: "Invite a partner", sub: "a code for a person of another member; it serves once", note: "For whom", days: "Serves for days", go: "Make a code", made: (until: string) => `The code, shown this once. It serves until ${until}:`, how: "Give it by any way. Then wait until they join, and compare the digits by voice.",
    join: "Join by a code", join_sub: "that somebody of another member gave you", code: "The code", join_go: "Join", joined: (name: string) => `${name} answered. Now compare the digits by voice.`, given: "Invitations", given_sub: "newest first", columns: { note: "For", by: "Made by", made: "Made", until: "Until", state: "State" },
    state: { open: "open", used: "used", withdrawn: "taken back", expired: "over" } as Record<string, string>, used_by: (member: string) => `used by ${member}`, withdraw: "Take back", withdraw_of: (note: string) => `Take back the invitation for ${note}`, none: "No invitation was made yet.", may_not: "Inviting needs the right to agree.",
  },
  us: {
    title: "What others know of this node", sub: "every statement and agreement of ours is signed with this key", silent: "This node cannot speak", silent_how: "Its key is missing: backups do not hold it. Bring it back by the recovery key on paper.", facts: { member: "Member id", name: "Name", country: "Country", url: "Reached at", key: "Key", pins: "Certificates" },
    recovery: "Recovery key", recovery_sub: "on paper, away from this node; ends every earlier key at once, and serves once", recovery_here: "It lies on this node still. Write it on paper, then take it away from here: whoever steals the node must not have both keys.", recovery_away: "It is not on this node, as it should be.",
    show: "Show it to be written down", shown: "Write these 64 digits on paper. Nowhere else.", hide: "Hide it", forget: "It is on paper: take it away", forgotten: "The recovery key is no longer on this node.",
    change: "New key", change_sub: "partners are told; the old one goes on for a while", days: "The old one goes on for days", change_go: "Change the key", changed: (key: string) => `The new key: ${key}`, recover: "After a loss", recover_sub: "the paper makes a new key, and every earlier key ends", paper: "Digits of the paper", recover_go: "Recover", recovered: "A new key speaks for this node. This is the next paper; write it down, it is nowhere else:",
  },
};

export const agreements = {
  title: "Agreements", views: { list: "Agreements", new: "New", text: "From a text", ask: "May they have this?" } as Record<string, string>, views_label: "What of agreements",
  to_sign: "to sign", none: "No agreement yet", none_how: "Nothing goes to a partner without one. Compare a partner first, then answer six questions under New.", none_partner: "There is no compared partner to agree with.", to_partners: "Go to Partners", list: "Agreements",
  columns: { title: "Agreement", partner: "With", version: "Version", until: "Valid until", signs: "Signatures", state: "State" },
  standing: { proposed: "proposed", active: "in force", suspended: "suspended", ended: "ended", expired: "over", later: "not yet" } as Record<string, string>,
  version: (n: number) => `Version ${count(n)}`, valid: (from: string, until: string) => `${from} to ${until}`, with: "With", and: "and",
  signed: (who: string, when: string) => `${who} signed ${when}`, not_signed: (who: string) => `${who} has not signed`, you_not: "You have not signed", signs: (n: number, all: number) => `${count(n)} of ${count(all)}`,
  wanted: (who: string) => `Here ${who} ${who.includes(",") ? "want" : "wants"} it.`, second: "Because it widens what leaves, a second person here has to want it too.", two: "Because it widens what leaves, two persons here have to want it.", one: "One person here has to want it.", you_want: "You want it already.", waits_them: (who: string) => `Now ${who} has to sign.`,
  effect_wider: "It lets more pass than what is in force.", effect_first: "It is a first agreement: without it nothing passes.", effect_not: "It lets nothing pass that does not pass already.",
  clauses: "Clauses", clauses_sub: (n: number) => (n === 0 ? "as all parties read them" : `${plural(n, "change", "changes")} against what it replaces`), modes: { changes: "Changes in words", clean: "Clean", toml: "TOML" } as Record<string, string>, modes_label: "How it is shown", widens: "lets more pass", heading: "Name and version",
  clause_names: {} as Record<string, string>,
  sign: "Sign", sign_ask: (version: number, who: string) => `Sign version ${count(version)} with ${who}? Your wish is kept with your name; once enough want it, the node signs and tells them.`, sign_yes: "Sign it", sign_no: "Not now", resume: "Resume", suspend: { go: "Suspend", title: "Stop what goes and comes under it?", how: "Until this side resumes it. The other side is told why.", yes: "Suspend it" },
  end: { go: "End", title: "End it for good?", how: "The other side is told why. What came under it is then deleted where the agreement says so.", yes: "End it" }, deleted: "We deleted what came", deleted_by: (who: string, when: string) => `${who} said that what came is deleted, ${when}. A claim, not a proof.`,
  renew: "Renew", renew_until: "The same terms until", renew_go: "Propose the renewal", suspended_by: (who: string, why: string) => `${who} suspended it: ${why}`, ended_by: (who: string, when: string, why: string) => `Ended by ${who} ${when}: ${why}`,
  life: "Its life", life_sub: "newest first", address: "Content address", proposed_by: (who: string, when: string) => `proposed by ${who} ${when}`, print: "Save as TOML", done: "Done.",
  wizard: {
    title: "A new agreement", sub: "six plain questions; nothing is sent before you have read it", partner: "With whom?", template: "What is it for?", first: (ours: string, theirs: string) => `You are the ${ours}, they are the ${theirs}`, side: "Who is which?", id: "A short name", id_how: "small letters, digits, points and hyphens; an existing name makes its next version", from: "From", until: "Until, no longer on that day", go: "Write it", what: "What it says",
    templates: { open: "What is clear or green, both ways", "cert-cert": "CERT with CERT: equals, up to TLP:AMBER+STRICT", "sector-body": "A sector body and its member", "company-authority": "A company comments for an authority, and sees no address", "statistics-only": "Counts and what rises, nothing about anybody", "addresses-stay": "The first one's law forbids that addresses go abroad" } as Record<string, string>,
    as: { party: "party", body: "sector body", member: "member", authority: "authority", company: "company", restricted: "side whose addresses stay", partner: "other side" } as Record<string, string>,
  },
  text: { title: "From a text", sub: "TOML or JSON, as docs/agreements.md has it", lead: "Drop a file here, paste the text, or", choose: "Choose a file", label: "Text of the agreement", check: "Read it", change: "Change the text", },
  draft: { title: (id: string, version: number) => `${id}, version ${count(version)}`, sub: "as it would be proposed; nothing was sent", propose: "Propose it", ask: (who: string) => `Propose it to ${who}? They get it once enough persons here want it; you want it herewith.`, yes: "Propose it now", hindrance: "It cannot be proposed:" },
  ask: {
    title: "May they have this?", sub: "what the agreements say of one item, now", partner: "Whom", item: "What", item_how: "A finding's id (f_…), or an event as JSON", way: "Which way", ways: { out: "From us to them", in: "From them to us" } as Record<string, string>, feed: "Its feed lets it be passed on", feeds: { "": "not said", yes: "yes", no: "no" } as Record<string, string>, go: "Ask",
    yes: "Yes", yes_changed: (n: number) => `Yes, changed in ${plural(n, "field", "fields")}`, no: "No", none: "No agreement with them says anything.", under: (id: string, version: number) => `${id}, version ${count(version)}`, clause: (n: number) => `Clause ${count(n)}`, rule: (n: number) => `Rule ${count(n)}`, also: "Also", kept: (days: number) => `kept for ${plural(days, "day", "days")}`,
    onward: { none: "to nobody else", "with-consent": "on with the originator's consent", "same-terms": "on under the same terms", anonymised: "on without names" } as Record<string, string>, tell: { yes: "those affected may be told", no: "those affected are not told" }, unmarked: "It has no marking, which counts as TLP:RED.", looked: (facts: string) => `Looked at: ${facts}.`,
    actions: { drop: "dropped", generalise: "made coarser", pseudonymise: "given a pseudonym", hash: "hashed with the agreement's key" } as Record<string, string>, coarse: (v4: number, v6: number) => `to /${count(v4)} and /${count(v6)}`, then: ", then ", unsigned: "as it would run; not everybody has signed it",
  },
};

const kinds = { opening: "opening", release: "release", denial: "denial", outcome: "outcome", receipt: "receipt", policy: "policy", key: "key", dropped: "dropped" };

export const ledger = {
  title: "Ledger", views: { acts: "Acts", balance: "Given and received", proof: "Proof" } as Record<string, string>, views_label: "What of the ledger", partner: "Partner", kind: "Kind", any_partner: "any partner", any: "any kind", show: "Show",
  kinds: { opening: "log opened", release: "released", denial: "withheld", outcome: "outcome", receipt: "received", policy: "decided", key: "key changed", dropped: "erased" } satisfies Record<keyof typeof kinds, string> as Record<string, string>,
  columns: { index: "Entry", at: "When", kind: "Kind", partner: "Partner", what: "What", signed: "Signed for" }, acknowledged: "yes", open: "not yet", list: "Acts of the ledger", none: "No act fits this filter", none_how: "Take partner or kind out of it.", more: "Older acts",
  what: {
    opening: "This log begins", release: (n: number, counts: string, via: string) => `${plural(n, "item", "items")}${counts ? `: ${counts}` : ""}${via ? `; by ${via}` : ""}`, denial: (n: number, clause: number) => `${plural(n, "item", "items")} withheld by clause ${count(clause)}`, outcome: (of: number, what: string) => `entry ${count(of)}: ${what}`,
    receipt: (taken: number, refused: number) => `${plural(taken, "item", "items")} taken in${refused > 0 ? `, ${count(refused)} refused` : ""}`, key: "A new key signs from here on", dropped: "What was kept beside entries is gone",
  },
  outcomes: { sent: "sent", received: "received", failed: "not sent", unknown: "not known" } as Record<string, string>, acts: { signed: "signed", suspended: "suspended", resumed: "resumed", ended: "ended", stopped: "partner stopped", emergency: "emergency release" } as Record<string, string>,
  entry: { label: "Act", title: (n: number) => `Entry ${count(n)}`, close: "Close", at: "When", kind: "Kind", partner: "Partner", hash: "Leaf hash", agreement: "Agreement", details: "Who and why", leaf: "What is hashed", leaf_sub: "canonical JSON, RFC 8785", proof: "Proof", proof_text: (n: number, size: number, node: string) => `${plural(n, "hash leads", "hashes lead")} from this entry to the head over ${plural(size, "entry", "entries")}, which ${node} signed.`, root: "Root", signature: "Signature", path: "Path", receipt: "What the recipient signed", shown: "What the sender signed", prev: "Older", next: "Newer" },
  balance: {
    title: "Given and received", sub: "counted from what both signed, so both sides get the same figures", none: "Nothing went or came yet", columns: { partner: "Partner", given: "We gave", received: "They gave", percent: "For 100 received", open: "Without receipt", answer: "They answer in" }, of: (name: string) => `With ${name}`, we: "We gave", they: "They gave", all: "all", taken: "taken in", sightings: "sightings", confirmed: "confirmed", refuted: "proved false", refused: "refused", answers: "answers", none_kind: "No items yet.", account: "Account as a file", account_how: "Give it to the partner: its node compares it with its own log.",
    compare: "Compare a partner's account", compare_how: "Choose the file that the partner saved of its exchange with you.", choose: "Choose a file", same: (who: string, n: number) => `${who} has the same: ${plural(n, "release agrees", "releases agree")}.`, differ: (who: string, n: number) => `${plural(n, "entry does", "entries do")} not fit with ${who}:`, still_open: (n: number) => `${plural(n, "release has", "releases have")} no receipt yet.`, at: (member: string, index: number) => `${member}, entry ${count(index)}`,
  },
  proof: {
    head: "Newest head", head_sub: "signed over all entries; note it elsewhere, on paper or with a partner", size: "Entries", signed_at: "Signed", key: "Key", note: "To be noted", witnesses: "Witnesses", no_witness: "No partner signed it yet.", verify: "Check the whole log", verify_sub: "is every entry as it was when it was signed", known: "Heads that you noted, SIZE:ROOT, a line each", go: "Check it", busy: "Reading every entry",
    good: (entries: number, heads: number, known: number) => `${plural(entries, "entry is", "entries are")} as written, under ${plural(heads, "signed head", "signed heads")}${known > 0 ? `; ${plural(known, "noted head fits", "noted heads fit")}` : ""}.`, releases: (n: number, acknowledged: number, unknown: number) => `Of ${plural(n, "release", "releases")} ${count(acknowledged)} are signed for by their recipient${unknown > 0 ? `, and of ${count(unknown)} nobody knows whether they went` : ""}.`, wrong: (why: string) => `The ledger is not as it was written. ${why}`,
    without: "What this does not prove: that nothing else was sent, that the time is right, or that something was deleted.", save: "Save the log", save_how: "Anybody checks the file without this node: tools/verify_ledger.py FILE", others: "Heads of others", others_sub: "what keeps a partner from showing two logs", none: "No head of another member has come yet.", columns: { node: "Member", size: "Entries", at: "Signed", via: "From", root: "Root", state: "State" },
    state: { proved: "goes on from before", unproved: "not proved yet", split: "two logs under one name", "went-back": "became shorter" } as Record<string, string>, may_not: "Checking and saving need the right to audit.",
  },
};
