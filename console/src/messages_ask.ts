// messages_ask: the sentences of the pages Requests and Indicators.
import { count } from "./lib/format.ts";

const plural = (n: number, one: string, other: string): string => `${count(n)} ${n === 1 ? one : other}`;
const most = (n: number, shown: number): string => (n > shown ? `, the first ${count(shown)}` : "");

export const requests = {
  title: "Requests", views: { in: "Asked of us", out: "Asked by us", new: "Ask", times: "Time to answer", said: "Opinions and notes" } as Record<string, string>, views_label: "What of requests", to_answer: "to answer",
  sentence: (answer: number, late: number) => (answer === 0 ? "No request waits for you." : `${plural(answer, "request waits", "requests wait")} for you${late > 0 ? `, ${late === answer ? "" : `${count(late)} of them `}past ${late === 1 ? "its" : "their"} deadline` : ""}.`),
  sentence_ours: (open: number, late: number) => (open === 0 ? "Nothing that you asked is open." : `${plural(open, "request of yours is", "requests of yours are")} open${late > 0 ? `, ${count(late)} past ${late === 1 ? "its" : "their"} deadline` : ""}.`), sentence_mail: (n: number) => `${plural(n, "mail", "mails")} did not go.`,
  list: "Requests", partner: "Partner", any_partner: "anybody", state_label: "State", any: "open or over", which: { "not-over": "not over", late: "past the deadline" } as Record<string, string>,
  none: { in: "Nobody has asked you for anything", out: "You have asked for nothing" } as Record<string, string>, none_how: { in: "What a partner asks under an agreement that lets requests pass stands here.", out: "Ask a partner, or by mail who is no member, to take something down, to keep evidence, to confirm, or to tell an owner." } as Record<string, string>, none_fit: "No request fits this filter",
  columns: { about: "About", kind: "What", from: "From", to: "To", asked: "Asked", deadline: "Deadline", state: "State" },
  kinds: { "take-down": "take down", preserve: "keep evidence", confirm: "confirm", "tell-owner": "tell the owner" } as Record<string, string>, kind_says: { "take-down": "Take it down", preserve: "Keep the evidence", confirm: "Say whether it is so", "tell-owner": "Tell its owner for us" } as Record<string, string>,
  states: { open: "open", accepted: "accepted", refused: "refused", done: "done", withdrawn: "withdrawn" } as Record<string, string>,
  refusals: { "no-mandate": "no mandate", "not-illegal-here": "not illegal here", "not-ours": "not ours", "not-found": "not found", "not-enough-evidence": "not enough evidence", "too-late": "too late", other: "another reason", "no-agreement": "no agreement lets it in" } as Record<string, string>,
  left: (time: string) => `${time} left`, late: (time: string) => `${time} late`, no_deadline: "none", us: "us", nobody: "somebody", mails: { queued: "on its way by mail", sent: "sent by mail", failed: "the mail did not go" } as Record<string, string>,
  detail: {
    label: "Request", close: "Close", asks: (who: string, what: string) => `${who} asks: ${what}`, we_ask: (who: string, what: string) => `We ask ${who}: ${what}`, answered: (how: string) => `after ${how}`, findings: "Findings of it", said: "What was said of it",
    facts: { with: "With", mail: "By mail", finding: "Our finding", item: "Item", subject: "Subject", type: "Type", country: "Country", sector: "Sector", marking: "Marking", basis: "Legal basis", deadline: "Deadline", asked: "Asked", answered: "Answered", told: "What went", agreement: "Under", refusal: "Refused because" }, told_none: "not the subject: the item alone",
    acts: "What was done", act_words: { ask: "Asked", accept: "Accepted", refuse: "Refused", done: "Done", withdraw: "Withdrawn", comment: "Comment" } as Record<string, string>,
    go: { accept: "Accept", refuse: "Refuse", done: "It is done", comment: "Comment", withdraw: "Withdraw" } as Record<string, string>, note: { accept: "They accept", refuse: "They refuse", done: "It is done", comment: "Comment", withdraw: "Withdraw" } as Record<string, string>, again: "Ask anew",
    ask: { accept: (who: string) => `Tell ${who} that it will be done?`, refuse: (who: string) => `Tell ${who} that it will not be done, and why?`, done: (who: string) => `Tell ${who} that it is done?`, comment: (who: string) => `Words to ${who}`, withdraw: (who: string) => `Take it back from ${who}?` } as Record<string, (who: string) => string>,
    noting: (who: string) => `What ${who} answered; it is only written down here.`, reason: "Reason", words: "Words to them", words_noted: "What they said", may_be_empty: "may stay empty",
  },
  ask: {
    title: "Ask", sub: "a partner under an agreement, or anybody by mail", whom: "Whom?", whoms: { member: "A partner", mail: "By mail", constituent: "A constituent" } as Record<string, string>, member: "Partner", mail: "Mail address", affected: "It is of those affected, not of their provider", constituent: "Its name", none_partner: "There is no compared partner.",
    kind: "What for?", about: "About what?", about_how: "A finding's id (f_…), an address, name, URL or account, or the STIX id of an item that both have", named: { finding: "A finding of ours: its subject goes, its id never does.", item: "An item that both have.", subject: "A subject." } as Record<string, string>,
    type: "Type", type_none: "not said", country: "Country, two letters", sector: "Sector", tlp: "Marking", tlp_usual: "as the finding, else TLP:AMBER", pap: "PAP", pap_none: "not said", more: "More about it", words: "Words to them", basis: "Legal basis", deadline: "Deadline, UTC",
    go: "Read it once more", ask: (who: string, what: string, whom: string) => `Ask ${who}: ${what}, about ${whom}? One item leaves, at once.`, yes: "Ask now", no: "Not now",
  },
  times: { title: "Time to answer", sub: "from a request to the first answer by a person, half are faster; both sides compute the same", none: "Nobody has asked anybody yet", who: "Partner", ours: "We asked", theirs: "They asked", columns: { asked: "Asked", open: "Open", late: "Late", answers: "Answered", p50: "In" } },
  said: {
    title: "Say what you think", sub: "of an item of a partner; it goes to them, signed", member: "Of whom", item: "Item, its STIX id", opinion: "Opinion", words: "Words", go: "Say it", done: (who: string) => `Said to ${who}.`, list: "What was said", list_sub: "newest first; nothing is ever changed", none: "Nobody has said anything of an item yet.", none_item: "Nobody has said anything of this item.", all: "All items",
    columns: { at: "When", by: "Who", item: "Item", opinion: "Opinion", words: "Words" }, by: (person: string) => `we (${person})`, more: (n: number, shown: number) => `${plural(n, "opinion", "opinions")}${most(n, shown)}`,
  },
  opinions: { note: "a note", "strongly-disagree": "strongly disagrees", disagree: "disagrees", neutral: "neutral", agree: "agrees", "strongly-agree": "strongly agrees" } as Record<string, string>, on_finding: "What partners say", on_finding_sub: "of the items it came from", none_on_finding: "No partner has said anything of it.", ask_about: "Ask a partner about it",
};

export const indicators = {
  title: "Indicators", views: { list: "Indicators", import: "Import" } as Record<string, string>, views_label: "What of indicators", list: "Indicators", find: "Find an indicator", find_how: "A value in any spelling, or how it begins",
  kind: "Kind", any_kind: "any kind", type: "Type", any_type: "any type", state: "State", any_state: "any state", source: "Source", source_how: "any source, or feed:NAME",
  kinds: { ip: "address", network: "network", domain: "domain", url: "URL", mail: "mail address", asn: "AS", md5: "MD5", sha1: "SHA-1", sha256: "SHA-256", sha512: "SHA-512", "file-name": "file name", mutex: "mutex", "registry-key": "registry key", mac: "MAC address", pattern: "STIX pattern" } as Record<string, string>,
  states: { active: "active", upcoming: "upcoming", expired: "expired" } as Record<string, string>, columns: { value: "Value", kind: "Kind", says: "Signals", sources: "Sources", seen: "Seen", added: "Added", until: "Valid until", state: "State" },
  none: "No indicator yet", none_how: "Import a list, a table, STIX or MISP; feeds of such formats bring them too.", none_fit: "No indicator fits", none_fit_how: "Take one of the filters out, or write less of the value.", more: "More", sifting: "None among those looked through so far.",
  due: (n: number) => `${plural(n, "indicator is", "indicators are")} still to be looked up in stored events.`, known_good: "known good", disputed: (n: number) => plural(n, "false positive report", "false positive reports"), disputed_short: "disputed", for_ever: "no end", not_yet: "not looked up yet",
  sources: { feed: (name: string) => name, member: (name: string) => name, person: (name: string) => `${name}, a person here`, node: () => "this node" } as Record<string, (name: string) => string>,
  detail: {
    label: "Indicator", close: "Close", facts: { kind: "Kind", said_by: "Said by", valid: "Valid", sure: "Confidence", severity: "Severity", good: "Known good", added: "Added", ended: "Ended", seen: "Seen", findings: "Findings" },
    corroboration: (n: number) => (n === 0 ? "no claim holds now" : n === 1 ? "one independent source" : `${count(n)} independent sources`), sources: (n: number, claims: number) => (claims > n ? `of ${plural(claims, "claim", "claims")}` : ""), of_100: (n: number) => `${count(n)} of 100`, good_on: (lists: string) => `on ${lists}`,
    valid: (from: string, until: string) => (from && until ? `${from} until ${until}` : until ? `until ${until}` : from ? `from ${from}, no end` : "no end"), ended: (who: string, when: string) => `by ${who}, ${when}`, seen: (n: number) => plural(n, "sighting", "sightings"), open_findings: "Findings of it",
    claims: "Claims", claims_sub: "as each source has it", rows: { type: "Signals", family: "Family", techniques: "Techniques", confidence: "Confidence", severity: "Severity", marking: "Marking", valid: "Valid", text: "Words", told: "Told", object: "Object" }, revoked: "taken back", more_claims: (n: number) => `Show ${count(n)} more`,
    sightings: "Seen", sightings_sub: "newest first", node: "In stored events", events: (n: number) => plural(n, "event", "events"), times: (n: number) => (n === 1 ? "once" : `${count(n)} times`), no_sightings: "Nobody has seen it.", looked: "Looked up in all stored events.", false_positives: "False positive, they say", by: (who: string, at: string) => `${who}, ${at}`,
    go: { false: "False positive", seen: "Seen", expire: "Expire" }, false: { title: "Report it as a false positive?", how: "Its claims stand; each page that shows it says so. Why is kept with your name.", yes: "Report it" }, expire: { title: "End it?", how: "What was claimed until now holds no more. Who claims it later makes it active again.", yes: "End it" },
    seen_ask: { title: "It was seen", count: "How often", last: "Last, UTC; now if empty", text: "Words", yes: "Keep it" },
  },
  import: {
    title: "Import indicators", sub: "a list, a table, STIX or MISP; what the text says holds, these options where it says nothing", lines: "One value a line, or a file's text", choose: "Choose a file", or: "or paste it here", file: (name: string) => `The file ${name}`, take_out: "Take the file out", source: "Source", source_how: "you, if empty", type: "Type", usual: "as usual", tlp: "Marking", tlp_none: "unmarked, as TLP:RED", confidence: "Confidence, 0 to 100", until: "Valid until, UTC", text: "Words", go: "Take them in", busy: "Taking them in",
    done: (added: number, claims: number, same: number) => `${plural(added, "indicator is", "indicators are")} new, ${plural(claims, "claim was", "claims were")} written${same > 0 ? `, ${count(same)} stood already` : ""}.`, good: (n: number) => `${count(n)} known good, and marked so.`, rest: (skipped: number, erased: number, full: number) => [skipped > 0 ? `${count(skipped)} skipped` : "", erased > 0 ? `${count(erased)} erased before` : "", full > 0 ? `${count(full)} beyond the limit` : ""].filter(Boolean).join(", "),
    rejected: (n: number) => `${plural(n, "line was", "lines were")} rejected`, line: (n: number) => `line ${count(n)}`, columns: (names: string) => `Columns not read: ${names}.`, show: "Show indicators", may_not: "Importing needs the right to work.",
  },
};
