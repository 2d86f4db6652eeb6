// messages: every sentence of the console, in one place. To translate, write another object of the same shape.
import { indicators, requests } from "./messages_ask.ts";
import { audit, people, sign_in } from "./messages_people.ts";
import { agreements, ledger, network, partners } from "./messages_share.ts";
import { series, warnings } from "./messages_warn.ts";
import { count, day, duration, month_name_long, percent, short } from "./lib/format.ts";

const plural = (n: number, one: string, other: string): string => `${count(n)} ${n === 1 ? one : other}`;

// Countries that take an article in a sentence.
const articled = new Set(["AE", "BS", "CD", "CF", "CG", "CK", "DO", "FK", "FO", "GB", "GM", "IM", "KM", "KY", "MH", "MP", "MV", "NL", "PH", "SB", "SC", "TC", "US", "VA", "VG", "VI"]);
const with_article = (code: string, name: string): string => (articled.has(code) ? `the ${name}` : name);

const en = {
  name: "Tocsin",
  skip: "Skip to content",
  simulated: "Simulated world", simulated_why: "All figures on this page come from a made-up world",
  pages: { overview: "Overview", findings: "Findings", cases: "Cases", feeds: "Feeds", constituents: "Constituents", alerts: "Alerts", health: "Health", situation: "Situation", partners: "Partners", agreements: "Agreements", requests: "Requests", indicators: "Indicators", warnings: "Warnings", series: "Series", ledger: "Ledger", people: "People", audit: "Audit" },
  jobs: { monitor: "Monitor", warn: "Warn", alert: "Alert", share: "Share", node: "This node" },
  open_count: (n: string) => `${n} open`, open_count_is: (n: number) => `${plural(n, "open finding", "open findings")}, all countries`, on_count: (n: number) => `${count(n)} on`, failed: "failed", wrong: "wrong",
  nav: "Pages", sign_out: "Sign out", theme: "Light or dark", just_now: "just now", today: "today", none: "—",
  search_button: "Search or jump to",
  live: {
    on: "Live", off: "Not live", lost: (since: string) => `Not live since ${since}, trying again`,
    calls: (since: string) => `Not live since ${since}. Look at the node.`,
  },
  sign_in, people, audit, network, partners, agreements, requests, indicators, ledger, series, warnings,
  error: {
    since: (time: string) => `since ${time}`, keeps: "The console asks again when you press Ask again; the rest of the page goes on.", again: "Ask again",
    no_answer: "The node does not answer", page: "This page does not exist", page_how: "The link may be old. Go to the overview.",
  },
  period: { label: "Period", day: "24 h", month: "30 days", year: "This year", choose: "Choose", since: "From", until: "Until, not included", show: "Show", wrong: "Until must be later than From, both as 2026-01-31" },
  chart: {
    table: "Table", picture: "Chart", read: "Read values", keys: "Arrow keys read the values", date: "Date", value: "Value",
    before: "Year before", now: "now", earlier: "before", before_is: (n: number) => `before ${count(n)}`, country: "Country", rate: "Per 100 000", controllers: "Controllers",
  },
  overview: {
    headline: "Headline",
    nothing_how: "Nothing was taken in for this period yet. Enable a feed, or drop a report file:",
    sentence: (country: string) => `distinct addresses in ${country} answered to controllers abroad.`,
    months: (since: string, until: string) => {
      const a = month_name_long(since), b = month_name_long(Date.parse(until) - 1);
      return a === b ? a : `${a} to ${b}`;
    },
    days: (since: string, until: string) => {
      const last = Date.parse(until) - 1;
      return day(since, last) === day(last, last) ? day(last, last) : `${day(since, last)} to ${day(last, last)}`;
    },
    so_far: "today so far", so_far_short: "so far", not_compared: "Today is not over, so nothing is compared.", against_whole: "Today is not over; the days it is compared with are.",
    same_feeds: (same: string, n: number, changed: string) =>
      `Same feeds: ${same} points${n > 0 ? `; ${n === 1 ? "one new feed" : `${n} new feeds`}: ${changed}` : ""}.`,
    three: (abroad: number, home: number, unknown: number) =>
      `Controllers: abroad ${short(abroad)}, at home ${short(home)}, unknown ${short(unknown)}.`,
    not_machines: "Addresses, not machines.",
    how: "How this is counted",
    how_text: [
      "An address counts once in the period, however often it is reported, and whoever holds it that day.",
      "A machine may have many addresses, and many machines one; so this is never a number of machines.",
      "Days are UTC. The first and the last day are in the period; today counts as far as it has come.",
      "A time of which today is more than a tenth is not compared with whole days.",
      "Abroad means that a feed names the controller, or a dated list does, and its address lies in another country. A controller's country says nothing about who gives the orders.",
      "Addresses whose controller nobody names stand as unknown; they are not shared out.",
      "Borders and names on the map are those of the data set; they state nothing.",
    ],
    tiles: {
      "findings-open": "Findings open", "sites-modified": "Web sites modified", "plants-exposed": "Plants exposed", "controller-known": "Controller known",
    } as Record<string, string>,
    needs: (n: number) => `Needs a person: ${n}`, needs_none: "Nothing needs a person", needs_none_text: "No feed has failed, and no check is wrong.",
    needs_more: (n: number) => `${n} more`,
    changes: "Since you last looked", changes_none: "Nothing has changed.", changes_first: "This is your first look; from now on changes stand here.",
    map: "Affected addresses by country",
    map_sub: { both: "distinct, per 100 000 announced; rings: controllers", affected: "distinct, per 100 000 announced", controllers: "addresses that answer to a controller there" },
    map_modes: { both: "Both", affected: "Affected", controllers: "Controllers" }, map_label: "What the map shows",
    map_alt: (top: string, rate: number, home: string, home_rate: number) =>
      `World map. Darker: more affected addresses per 100 000 announced. Highest: ${top}, ${count(rate)}. ${home}: ${count(home_rate)}. Rings: countries of controllers.`,
    map_none: "World map without figures.",
    map_row: (name: string, rate: number) => `${name}: ${count(rate)} per 100 000 addresses`,
    map_silent: (name: string) => `${name}: no feed reports it`,
    map_ring: (name: string, n: number) => `${name}: ${plural(n, "address answers", "addresses answer")} to controllers here`,
    map_home: (name: string) => `${name}, our country`, addresses: (n: number) => `${short(n)} ${n === 1 ? "address" : "addresses"}`,
    map_high: "per 100 000", map_high_rings: "addresses",
    database: (date: string, age_days: number, old: boolean) => (old ? `Country database of ${date} is old: ${plural(age_days, "day", "days")}` : `Country database of ${date}`),
    weekly: "Controlled from abroad",
    weekly_sub: (daily: boolean, country: string, from: string) => `distinct addresses a ${daily ? "day" : "week"}, ${country}${from ? `; axis from ${from}` : ""}`,
    weekly_alt: (daily: boolean, country: string, last: number, so_far: boolean, before: number | undefined) =>
      `Distinct addresses a ${daily ? "day" : "week"} in ${country} that answer to controllers abroad: ${so_far ? "today so far" : "last"} ${count(last)}${before === undefined ? "" : `, the time before ${count(before)}`}.`,
    weekly_none: "No week has figures yet. The line starts with the first full week.", daily_none: "No day has figures yet.",
    week_of: (start: string) => `week of ${start}`,
    all_countries: "all countries",
    classes: "Classes", classes_sub: (country: string, on: string) => `${country}; ${on ? `change ${on}; ` : ""}each on its own scale`, class_columns: ["Class", "Count", "Change"], classes_none: "No class has figures yet.",
    families: "Families", networks: "Networks", controllers: "Controllers", rank_sub: (country: string, on: string) => `addresses, ${country}${on ? `, % ${on}` : ""}`, controllers_sub: (country: string) => `answering open findings, ${country}`,
    rising: "Rising", new: "new", rank_none: "Nothing counted yet.",
    points: (moved: string) => `${moved} points`,
    on_year: (year: number) => `on ${year}`, on_before: "on the time before", on_day_before: "of yesterday on the day before",
    ticker: "Events now", ticker_rate: (rate: number, share: number) => `all countries; ${count(rate)} a second, one in ${count(share)} shown`,
    ticker_all: (rate: number) => `all countries; ${count(rate)} a second`, ticker_none: "Nothing arrives now. What a feed delivers shows here at once.",
    pause: "pause", go_on: "go on", paused: "Paused",
    feeds: "Feeds", feeds_sub: (on_time: number, all: number) => `${on_time} of ${all} on time; a bar is one hour, full height means as many events as usual`,
    feeds_none: "No feed is enabled.", feeds_none_how: "See the catalogue",
  },
  feed_state: { off: "off", "on time": "on time", late: "late", failed: "failed", never: "nothing yet" } as Record<string, string>,
  feed_age: { live: "live", late: (age: string) => `${age} late` },
  severity: { critical: "critical", high: "high", medium: "medium", low: "low", info: "info" } as Record<string, string>,
  state: { open: "open", quiet: "quiet", closed: "closed", reopened: "reopened" } as Record<string, string>,
  type: {
    "infected-system": "infected system", "c2-server": "controller", "vulnerable-system": "open service", "ics-exposed": "exposed plant",
    "system-compromise": "modified web site", "compromised-site": "modified web site", defacement: "modified web site", "ddos-amplifier": "amplifier",
    phishing: "phishing", spam: "spam", scanner: "scanner", "brute-force": "password guessing", "malware-distribution": "malware on offer",
    "potentially-unwanted-accessible": "open service", "weak-crypto": "weak encryption", "information-disclosure": "open to reading", blacklist: "on a blocklist", blocklist: "on a blocklist",
  } as Record<string, string>,
  findings: {
    title: "Findings", filter: "Filter", placeholder: "Add: an address, prefix, AS, domain, family, field:value",
    remove: (what: string) => `Remove ${what}`, unknown_field: (word: string) => `There is no field ${word}. Fields: `, no_value: "A value is missing after the field",
    fields: {
      ip: "address", prefix: "prefix, as 192.0.2.0/24", asn: "AS number", country: "two letters", name: "domain or host", url: "URL", family: "malware family",
      type: "kind of problem", class: "class of kinds", identifier: "what exactly", severity: "info to critical", state: "open, quiet, closed, reopened",
      feed: "who reported it", port: "port", controller: "address or name", controller_country: "two letters", first: "first seen, date", last: "last seen, date",
      times: "how often", tlp: "marking", sector: "industry, as reports name it",
      verdict: "what a person decided", assigned: "who works on it; me", tag: "a word of yours", case: "its number", is: "muted, judged, returned", followed: "by whom; me",
    } as Record<string, string>,
    tabs: { all: "All", open: "Open", new_today: "New today", reopened: "Reopened", plants: "Plants" } as Record<string, string>, tabs_label: "Views",
    histogram: (since: string, until: string) => `Findings by the day they were last seen, ${since} to ${until}`, histogram_sub: "last seen, by day",
    histogram_chosen: (since: string) => `last seen, by day; chosen from ${since}`, histogram_day: (date: string, n: number) => `${date}: ${plural(n, "finding", "findings")}`,
    histogram_keys: "Choose the days from here on",
    tally: (total: number, subjects: number | undefined) => [count(total), total === 1 ? "finding" : "findings", subjects === undefined ? "" : count(subjects)] as const,
    at: "at", subjects: (n: number) => (n === 1 ? "subject" : "subjects"), in_ms: (ms: number) => `in ${count(ms)} ms`,
    columns: { severity: "Severity", subject: "Subject", what: "Family, class", port: "Port", network: "Network", controller: "Controller", country: "Country", first: "First", last: "Last", times: "Times", state: "State" },
    sort_by: (column: string) => `Sort by ${column}`,
    foot: { move: "next, previous", choose: "choose", open: "open", filter: "filter" },
    chosen: (n: number) => `${count(n)} chosen`, all_chosen: (n: number) => `All ${count(n)} that match`, choose_all: (n: number) => `Choose all ${count(n)} that match`, copy_chosen: "Copy subjects", export_chosen: "Export chosen", clear_chosen: "Choose none",
    arrived: (n: number) => `${count(n)} arrived since you scrolled.`, show_them: "Show them",
    export: "Export", export_kinds: "CSV, JSON", export_csv: "CSV table", export_json: "JSON lines", export_note: "All findings of this filter",
    none: "Nothing matches", none_how: "Take one token out of the filter; each one must hold.", none_all: "No findings yet",
    none_all_how: "Findings come from reports. Enable a feed, or drop a report file on the Feeds page.", to_feeds: "Go to Feeds",
    rows_label: "Findings", row_label: (subject: string, severity: string, what: string, state: string) => `${subject}, ${severity}, ${what}, ${state}`,
  },
  detail: {
    label: "Finding", close: "Close", prev: "Previous", next: "Next",
    title: {
      infected: (family: string) => ["Infected", family ? " with " : "", family] as const, other: (what: string) => what,
      controlled: (code: string, name: string) => `, controlled from ${with_article(code, name)}`, unknown_controller: ", controller unknown",
    },
    facts: { network: "Network", controller: "Controller", reported: "Reported by", port: "Port", country: "Country", what: "What", domain: "Domain", seen: "Seen" },
    agree: (n: number) => (n === 1 ? "one feed" : `${n} feeds agree`), no_controller: "No feed names it", by_reason: (reason: string) => `known by ${reason}`,
    database: (date: string) => `database of ${date}`, seen: (first: string, last: string) => `${first} to ${last}`,
    explain: { title: "In plain words", what: "What it is", meaning: "What it means", first_step: "First step" },
    times: (times: number, days: number) => `${times === 1 ? "Once" : `${count(times)} times`} in ${plural(days, "day", "days")}`,
    days_sub: (n: number, most: number) => `events a day, last ${n} days; most: ${count(most)}`, silent: (n: number) => `${plural(n, "day", "days")} silent`,
    days_alt: (n: number, total: number, silent: number) => `Events a day over the last ${n} days: ${count(total)} in all, ${plural(silent, "silent day", "silent days")} at most in a row.`,
    history: "History", newest: "newest first", history_words: { "first seen": "First seen", "came back": "Came back", "seen again": "Seen again", quiet: "Quiet", closed: "Closed", triage: "Judged", undone: "Undone", muted: "Muted", "mute over": "Mute over" } as Record<string, string>,
    by_user: (user: string) => `by ${user}`,
    by_feed: (feed: string) => `by ${feed}`,
    near: "Near it", near_sub: "open now", same_network: "Same network", same_controller: "Same controller", n_findings: (n: number) => plural(n, "finding", "findings"),
    n_addresses: (n: number) => plural(n, "address", "addresses"), answer_to_it: (n: number) => (n === 1 ? "answers to it" : "answer to it"),
    events: (n: number) => plural(n, "event", "events"), why: "Why it is here", finding: "Finding", copy: "Copy subject", copied: "Copied",
    events_title: "Events", events_sub: "newest first", more_events: "Show more", event_at: (at: string) => `Event of ${at}`,
    why_title: "Why it is here", why_rows: "Rows", why_feeds: "Feeds", why_rules: "Rules",
  },
  feeds: {
    title: "Feeds", on_off: (on: number, off: number) => `${count(on)} on${off > 0 ? `, ${count(off)} off` : ""}`, views: { feeds: "Feeds", catalogue: "Catalogue", quarantine: "Quarantine", reports: "Reports", worth: "Worth" } as Record<string, string>, views_label: "Feed views",
    columns: { feed: "Feed", state: "State", last: "Last success", next: "Next", day: "Events, 24 h", total: "Events, all", rejected: "Rejected, 24 h", hours: "Last 24 hours", by: "Collector, format" },
    none: "No feed yet", none_how: "The catalogue lists public feeds with their terms. None is contacted before you enable it.", to_catalogue: "See the catalogue",
    list_label: "Feeds", hours_alt: (name: string, n: number) => `${name}: events by hour, last 24 hours; ${plural(n, "hour", "hours")} without any`,
    detail: {
      label: "Feed", notices: "What its counts show", notice: (text: string, since: string) => `It ${text}${since && ` (since ${since})`}`, last_error: (at: string) => `Last error, ${at}`, recovered: (at: string) => `recovered ${at}`, schedule: "Schedule", next: "Next", last: "Last success", total: "Events in all", day: "Events, 24 h", rejected: "Rejected, 24 h", marking: "Marking", by: "Collector", format: "Format",
      never: "never", run: "Fetch now", disable: "Switch off", enable: "Switch on", findings: "Its findings", delay: "Delay", delay_sub: "from seen to taken in, at most; share of events",
      delay_alt: (p50: string, p90: string, p99: string) => `Half of the events arrive after at most ${p50}, nine in ten after at most ${p90}, 99 in 100 after at most ${p99}.`,
      at_most: (time: string) => `at most ${time}`, delay_quantiles: (p50: string, p90: string, p99: string) => `Half after at most ${p50}, 9 in 10 after at most ${p90}, 99 in 100 after at most ${p99}`,
      delay_none: "No delays measured yet; they need events with a time of their own.",
      terms: "Terms", hours: "Last 24 hours", hours_sub: (usual: number) => `events an hour; usual: ${short(usual)}`, rejected_link: "See the quarantine",
    },
    terms: {
      redistribution: "Pass on", commercial: "Commercial use", interval: "Least interval", read: "Read the whole terms", none: "No terms are known.",
      words: { yes: "allowed", no: "not allowed", ask: "ask first", unknown: "unknown" } as Record<string, string>,
    },
    catalogue: {
      sub: "public feeds; none is contacted before you enable it", columns: { feed: "Feed", provider: "Provider", pass_on: "Pass on", commercial: "Commercial", interval: "Interval", key: "Key", state: "State" },
      enabled: "enabled", key: "needs a key", accept: (name: string) => `I have read the terms of ${name} and accept them`, enable: "Enable", enable_of: (name: string) => `Enable ${name}`, key_how: (name: string) => `This feed needs a key. Put it into a file and name the file as ${name} in the configuration.`,
      none: "The catalogue is empty", none_how: "This build ships no catalogue.", leaves: "From then on this node asks the provider at this address:", filter: "Find in the catalogue", known: (state: string, date: string) => `last known state${date ? `, ${date}` : ""}: ${state}`, username: "Your user name at the provider",
      see: "See the feed",
    },
    quarantine: {
      sub: "lines that no format could read, kept with their reason", columns: { feed: "Feed", reason: "Reason", count: "Lines", first: "First", last: "Last" }, replay: "Replay", replay_of: (feed: string) => `Replay the lines of ${feed}`, drop: "Drop",
      drop_ask: (n: number) => `Drop ${plural(n, "line", "lines")} for good?`, drop_yes: "Drop them", drop_no: "Keep them", none: "Nothing in quarantine", none_how: "Every line was read.",
      replayed: (events: number, rejected: number) => `${plural(events, "line was", "lines were")} read${rejected > 0 ? `, ${count(rejected)} rejected again` : ""}.`, dropped: (n: number) => `${plural(n, "line was", "lines were")} dropped.`,
      lines: "Lines", line: (n: number) => `line ${count(n)}`, show: (reason: string) => `Show the lines: ${reason}`, choose: "Choose a group to see its lines.", how: "Replay after you have changed the mapping: the node reads the kept bytes again.",
    },
    reports: {
      sub: "what feeds delivered and people uploaded", columns: { received: "Received", name: "Name", feed: "Feed", size: "Size", state: "State", events: "Events", duplicates: "Repeats", rejected: "Rejected" },
      none: "No report yet", none_how: "Drop a file above, or enable a feed.", state: { reading: "reading", done: "done", repeat: "seen before", failed: "failed", withdrawn: "withdrawn" } as Record<string, string>,
      detail: {
        label: "Report", feed: "Feed", received: "Received", state: "State", format: "Format", size: "Size", sha256: "SHA-256", replaces: "In the place of", error: "It says",
        raw: "Its bytes", raw_gone: "Its bytes are not kept", replay: "Read anew", replace: "Replace", withdraw: "Withdraw", reason: "Why", no: "Not now",
        withdraw_ask: (n: number) => `Its ${plural(n, "event leaves", "events leave")} findings, counts and lists. What other reports said too stays.`, withdraw_yes: "Withdraw it",
        replay_ask: "Its kept bytes are read as its feed is configured now; the old reading is withdrawn.", replay_yes: "Read it anew",
        replace_ask: "Another file is taken in in its place, as its feed is read and marked; this one is withdrawn.", replace_yes: "Replace it", replace_file: "The file in its place",
        working: (n: string) => `Working on ${n} events`, withdrawn: (id: string, n: number) => `${id} withdrawn: ${plural(n, "event", "events")}`, replayed: (id: string, n: number) => `${id} in its place: ${plural(n, "event", "events")}`,
        gone: "Withdrawn", gone_by: (who: string, at: string, why: string) => `By ${who || "the node"}, ${at}: ${why}`, gone_what: (n: number, days: number) => `${plural(n, "event", "events")}; ${plural(days, "day", "days")} counted anew.`,
        replaced_by: (id: string) => `${id} is in its place.`, others: (ids: string) => `Told too, and counted from there now: ${ids}`, told: "Who was told",
      },
    },
    upload: {
      title: "Take in a report", lead: "Drop report files here, or", choose: "Choose files", feed: "Feed", feed_new: "upload", format: "Format", format_auto: "by its content", go: "Take in", working: (name: string) => `Reading ${name}`,
      done: (name: string, events: number, repeats: number, rejected: number) => `${name}: ${plural(events, "event", "events")}, ${count(repeats)} repeated, ${count(rejected)} rejected`, repeat: (name: string) => `${name}: seen before, nothing new`,
      failed: (name: string, why: string) => `${name}: ${why}`, tlp: "Marking",
    },
  },
  node_state: {
    paused: "Paused after a restore", resume: "Resume", exercise: (names: string) => `Exercise: ${names}`,
    exercise_why: "What these feeds bring is played: it is in no figure, and hidden unless you ask for is:exercise",
    resume_why: (why: string) => `${why}. No feed runs and nothing is sent. Resume only when the node it was copied from is off.`,
  },
  situation: {
    title: "Situation report", issue: "Issue a report", issue_sub: "one page of figures for a week, month or year; they can be cited and stay as they are",
    period: "Period", country: "Country", constituent: "Constituent", audience: "For", k: "Least figure shown", go: "Count and issue", busy: "Counting",
    audiences: { team: "the team", constituent: "a constituent", public: "the public, TLP:CLEAR" } as Record<string, string>,
    done: (id: string) => `${id} is issued.`, unchanged: (id: string) => `${id} was issued before, and no figure has changed since.`,
    replaced: (id: string, before: string) => `${id} replaces ${before}, because figures changed:`, open: "Open the page",
    issued: "Issued", issued_sub: "kept as they were, newest first", none: "No report was issued yet", none_how: "Name a period above, such as 2026-W40, 2026-10 or 2026.", everywhere: "all countries",
    columns: { id: "Report", period: "Period", of: "Of", audience: "For", as_of: "As of", replaces: "Replaces" },
  },
  constituents: {
    title: "Constituents", find: "Find a constituent", find_how: "A name, sector, contact; or an address, AS, host: whose it is", count: (n: number) => plural(n, "constituent", "constituents"), export: "Save as CSV",
    columns: { name: "Name", sector: "Sector", country: "Country", assets: "Assets", contacts: "Contacts", sure: "Sure" }, lists: { prefixes: "Networks", asns: "AS numbers", names: "Names", contacts: "Contacts" },
    none: "No constituents yet", none_how: "Drop a table of the organisations you look after: name, prefixes, asns, names, contacts. Then findings have owners, and owners can be told.", nobody: "Nobody's", nobody_how: "No constituent is like that, or has this address, name or AS.",
    no_contact: "no contact", all_of: (country: string) => `all of ${country}`, whole: "told of whatever of it nobody else has", kind: "Told as", provider: "provider: others' machines are in its networks", more: "The first thousand. Find the others by name.", and_more: (n: number) => `and ${count(n)} more`,
    close: "Close", preview: "What would it be told now", remove: "Remove", remove_ask: "Forget it? Nothing more is told to it.", remove_yes: "Forget it", remove_no: "Keep it",
    import: {
      title: "Import constituents", lead: "Drop a CSV or JSON file here, or", choose: "Choose a file", replace: "who is not in it goes", plan: "What would change",
      would: (file: string, added: number, changed: number, removed: number, same: number) => `${file}: ${count(added)} new, ${count(changed)} changed, ${count(removed)} removed, ${count(same)} as they are. Nothing is changed yet.`,
      take: (n: number) => `Take in ${plural(n, "change", "changes")}`, take_good: (n: number) => `Take in the ${count(n)} good ones`, leave: "Leave it", done: (added: number, changed: number, removed: number) => `${count(added)} added, ${count(changed)} changed, ${count(removed)} removed.`,
      errors: (n: number) => `${plural(n, "line is", "lines are")} wrong and left out`, line: (n: number) => `line ${count(n)}`, disputed: (n: number) => `${plural(n, "asset is", "assets are")} claimed by several`, without_letters: (languages: string) => `No letters in their language, so they come in English: ${languages}.`, changes: "Changes", what: { added: "new", changed: "changed", removed: "removed" } as Record<string, string>,
    },
  },
  alerts: {
    title: "Alerts", views: { outbox: "Outbox", dead: "Given up", "dry-run": "Dry run", morning: "Morning mail" } as Record<string, string>, views_label: "Alert views",
    off: "Alerts are off: nothing is sent.", on: (who: string, since: string) => `Alerts are on${who ? `, switched on by ${who}` : ""}${since ? ` ${since} ago` : ""}.`.replace("just now ago", "just now"), simulated: "Everything in this node is made up: it alerts nobody.",
    sums: (waiting: number, queued: number, sent: number, dead: number) => `${plural(waiting, "finding waits", "findings wait")} to be told, ${count(queued)} on their way, ${count(sent)} sent${dead > 0 ? `, ${count(dead)} need a hand` : ""}.`, next: (at: string) => `Next digest ${at} UTC.`,
    turn_on: "Switch on", turn_off: "Switch off", on_ask: (n: number) => `Send from now on, ${plural(n, "finding that waits", "findings that wait")} included?`, on_yes: "Send from now on", on_no: "Not now", is_on: "Alerts are on.", is_off: "Alerts are off.",
    run: "Send what is due", ran: (sent: number, later: number, dead: number, problem: string) => `${count(sent)} sent, ${count(later)} to be tried again, ${count(dead)} given up.${problem ? ` ${problem}` : ""}`,
    replay: "Send it again", replay_all: "Send all of them again", queued_again: (n: number) => `${plural(n, "message is", "messages are")} queued again.`,
    columns: { who: "Constituent", contact: "Contact", findings: "Findings", state: "State", made: "Made", tries: "Tries", says: "The server said" }, state: { queued: "on its way", sent: "sent", dead: "given up", withheld: "withheld", bounced: "came back" } as Record<string, string>, at_once: "at once",
    none: "No message yet", none_how: "Make a dry run to see what would be sent.", none_dead: "Nothing was given up", morning_how: "The team gets this by mail at the hour that [alert] team_at says. Figures only, so that it may be read without signing in.",
    dry: { go: "Dry run", none: "No dry run yet", none_how: "A dry run shows each message that would go out, and sends nothing. Alerts can be switched on within a day of one.", done: (n: number, findings: number, who: number) => `${plural(n, "message", "messages")} about ${plural(findings, "finding", "findings")} to ${plural(who, "constituent", "constituents")} would be sent. Nothing was sent.`, not_told: (n: number) => `${plural(n, "finding waits", "findings wait")} and may not be told, by marking, age or owner.` },
    letter: { label: "Message", title: "As it will be read", to: "To", subject: "Subject", findings: "Findings", counts: (n: number, withheld: number) => `${count(n)}${withheld > 0 ? `, ${count(withheld)} withheld` : ""}` },
  },
  triage: {
    verdict: "Verdict", assign: "Assign", tag: "Tag", note: "Note", mute: "Mute", case: "Case", view: "Keep this filter", follow: "Follow", unfollow: "Unfollow", undo: "Undo",
    verdicts: { true: "True", "false-positive": "False positive", "accepted-risk": "Accepted risk", "not-ours": "Not ours", duplicate: "Duplicate", none: "No verdict" } as Record<string, string>,
    verdict_how: { true: "it is as reported", "false-positive": "it is not so", "accepted-risk": "known, and left", "not-ours": "somebody else's", duplicate: "of another finding", none: "takes it back" } as Record<string, string>,
    for: (n: number) => `for ${plural(n, "finding", "findings")}`, for_one: (subject: string) => `for ${subject}`,
    duplicate_of: "Of which finding (its id)", assignee: "Who works on it; nothing: nobody", me: "me", tags: "Tags, parted by commas; -tag takes one off", note_text: "Note", reason: "Why", until: "Until", what: "What",
    mute_what: { finding: "This", findings: "These", subject: "The subject", "subject-type": "The subject, this type", type: "The type", feed: "The feed alone" } as Record<string, string>,
    untils: { "1d": "a day", "7d": "a week", "30d": "30 days", "90d": "90 days" } as Record<string, string>, until_date: "or a date", unmute: "No longer mute",
    case_pick: "Put into", case_new: "a new case", case_title: "Its title", view_name: "Name", view_shared: "All may use it", go: "Do it", keep: "Keep it", cancel: "Leave it",
    conflict: "Somebody was faster.", again: "Do it all the same", did: (n: number, words: string) => `${plural(n, "finding", "findings")}: ${words}.`,
    undone: (n: number, kept: number) => `${plural(n, "finding is", "findings are")} as before${kept > 0 ? `; ${count(kept)} changed by somebody since and left` : ""}.`, mute_ended: "The mute is ended.",
    muted_rule: (until: string) => `Muted until ${until}.`, view_kept: (name: string) => `Kept as ${name}.`, said: "What was done",
    words: { assigned: (who: string) => (who ? `assigned to ${who}` : "assigned to nobody"), tagged: (tags: string) => `tag ${tags}`, untagged: (tags: string) => `without ${tags}`, noted: "note kept", muted: "muted", unmuted: "no longer muted", cased: (title: string) => `into ${title}`, followed: "followed", unfollowed: "no longer followed" },
    facts: { title: "What people say", none: "Nobody has judged this yet.", verdict: "Verdict", assigned: "Assigned to", tags: "Tags", cases: "Cases", followers: "Followed by", muted: "Muted", returned: "It came back after its verdict.", mute_over: (at: string) => `Its mute ended ${at}.`, by: (who: string, at: string) => `${who}, ${at}`, case_no: (id: number) => `case ${id}`, until: (at: string, why: string, who: string) => `until ${at}: ${why} (${who})` },
    returned_short: "came back", muted_short: "muted",
    without: "Without muted and false", without_add: "Leave out muted and false", without_remove: "Count muted and false ones too", without_words: (words: string) => `without ${words.replaceAll(",", ", ")}`,
    views: "Views", views_none: "No view is kept yet.", view_of: (owner: string) => `by ${owner}`, forget: "Forget", forget_of: (name: string) => `Forget ${name}`,
  },
  cases: {
    title: "Cases", views: { open: "Open", closed: "Closed", mutes: "Mutes", acts: "Who did what" } as Record<string, string>, views_label: "Case views",
    columns: { case: "Case", state: "State", findings: "Findings", by: "Opened by", at: "Opened" }, none: "No case is open", none_how: "A case gathers findings, notes and files. Open one here, or put findings into one with C.",
    none_closed: "No case is closed", start: "Open a case", new_title: "Title of the new case", list_label: "Cases", label: "Case", close: "Close", opened: (who: string, at: string) => `opened by ${who}, ${at}`, closed: (who: string, at: string) => `closed by ${who}, ${at}`,
    findings: (n: number) => plural(n, "finding", "findings"), notes: "Notes", note_add: "Add note", note_new: "A new note", files: "Files", file_add: "Add a file", file_remove: (name: string) => `Take out ${name}`, files_sub: "at most 32 MiB each; downloads only",
    end: "Close the case", reopen: "Open it again", no_notes: "No note yet.", no_files: "No file yet.",
    mutes: { columns: { what: "What", until: "Until", reason: "Why", by: "By", state: "State" }, end: "End it", end_of: (what: string) => `End it: the mute of ${what}`, none: "Nothing is muted", none_how: "M on a finding hides it, its subject, type or feed until a date.", over: (who: string) => (who ? `ended by ${who}` : "over"), holds: "holds" },
    acts: { columns: { at: "When", by: "Who", findings: "Findings", what: "What" }, mine: "Mine only", undone: (who: string) => `undone by ${who}`, none: "Nobody has judged anything yet", none_how: "Verdicts, tags, notes and what goes with them stand here with who gave them.", undo_of: (id: number) => `Undo act ${id}`, more: "Show more" },
  },
  worth: {
    sub: "what would be missed least stands first", columns: { feed: "Feed", findings: "Findings", unique: "Only here", shared: "Most shared with", delay: "Half within", judged: "Judged", false: "False", advice: "" },
    none: "No feed has delivered findings yet.", label: "What each feed is worth", shared: (feed: string, percent: string) => `${feed}, ${percent}`,
  },
  by_hand: {
    lead: "Drop report files here, paste text, or", choose: "Choose files", looking: "Looking", text_name: "pasted.txt", pasted: "pasted text", paste: "Paste text", text: "Text", show: "Look at it",
    format: "Format", detected: (format: string) => `taken for ${format}`, chosen: "chosen", unknown: "no format fits: choose one", feed: "Source", feed_new: "upload", tlp: "Marking", take: "Take it in", leave: "Leave it", waiting: (n: number) => `${plural(n, "more file waits", "more files wait")}`,
    events: (shown: number, total: number) => (total > shown ? `first ${shown} of ${count(total)} events` : plural(total, "event", "events")), rejected: (n: number) => `${plural(n, "line", "lines")} unreadable`, line: (n: number, why: string) => `line ${count(n)}: ${why}`,
    columns: { time: "Time", type: "Type", subject: "Subject", what: "Family, identifier", port: "Port" }, large: "Judged by its first MiB.", nothing: "Nothing is stored yet.", first_events: "What it becomes",
  },
  health: {
    title: "Health", ok: "All is well on this node", wrong: (n: number) => `${plural(n, "check needs", "checks need")} a person`, checks: "Checks", checks_sub: "what the node looks at by itself", followers: "Followers", followers_sub: "how far each store is behind the journal",
    columns: { name: "Name", state: "State", says: "It says", do: "What to do", follower: "Follower", seq: "At", lag: "Behind" }, state: { ok: "in order", wrong: "wrong" } as Record<string, string>,
    disk: "Disk free", memory: "Memory used", version: "Version", database: "Country database", database_old: (days: number) => `${plural(days, "day", "days")} old; update it`, in_step: "in step", facts: "This node", facts_sub: "now", none: "No checks reported.",
    metrics: "Metrics for Prometheus", user: "Signed in as", open: "Interface description",
  },
  palette: {
    label: "Search or jump to", placeholder: "An address, prefix, AS, name, hash, family, or 500 pasted lines", pages: "Pages", actions: "Actions", found: "Found", findings_of: (kind: string) => `Findings of this ${kind}`,
    kinds: { address: "address", prefix: "prefix", as: "AS", name: "name", hash: "hash", family: "family", url: "URL", mail: "address", page: "page", feed: "feed", indicator: "indicator" } as Record<string, string>,
    theme: "Switch light or dark", density: { "": "Usual row height", compact: "Compact rows", wall: "Wall display" } as Record<string, string>, keys: "All keys", keys_off: "Switch single keys off", keys_on: "Switch single keys on", upload: "Take in a report",
    nothing: "Nothing found", lines: (n: number) => plural(n, "line", "lines"), lines_columns: { line: "Line", kind: "Kind", findings: "Findings" }, lines_all: "Show all their findings", lines_hit: (n: number, all: number) => `${count(n)} of ${plural(all, "line", "lines")} ${n === 1 ? "has" : "have"} findings`, back: "New search",
  },
  keys: {
    title: "Keys", off: "Single keys are off.",
    list: [
      ["Ctrl K", "Search, or jump to a page"], ["/", "Filter"], ["J  K", "Next, previous row"], ["Enter", "Open"], ["Esc", "Back"], ["X", "Choose; Space too"], ["[  ]", "Previous, next finding"],
      ["Shift+J  Shift+K", "Choose on the way"], ["*", "All that match"], ["V", "Verdict"], ["A", "Assign"], ["T", "Tag; on charts: as table"], ["N", "Note"], ["M", "Mute"], ["C", "Case"], ["F", "Follow"], ["U", "Undo"], ["S", "Keep this filter"], ["O", "Views"],
      ["G O", "Overview"], ["G F", "Findings"], ["G S", "Cases"], ["G I", "Indicators"], ["G W", "Warnings"], ["G T", "Series"], ["G E", "Feeds"], ["G C", "Constituents"], ["G A", "Alerts"], ["G H", "Health"], ["G R", "Situation report"], ["G N", "Partners"], ["G M", "Agreements"], ["G Q", "Requests"], ["G L", "Ledger"], ["G P", "People"], ["G U", "Audit"], ["P", "Pause what moves"], ["?", "All keys"],
    ] as [string, string][],
  },
  percent_more: /[\d.,]+[\s\u00a0\u202f]?%\s(?:more|fewer|less)/,
  in_days: (label: string) => label, share: (value: number) => percent(value, 1), duration,
};

export type Messages = typeof en;
export const m: Messages = en;

export const type_name = (type: string): string => m.type[type] ?? type.replaceAll("-", " ");

// All types there are, as a person chooses one: by their own names, since some share a plain word. Source: src/model/taxonomy.cpp
const types = "undetermined spam harmful-speech violence infected-system c2-server malware-distribution malware-configuration scanner sniffing social-engineering ids-alert brute-force exploit privileged-account-compromise unprivileged-account-compromise application-compromise system-compromise burglary dos ddos misconfiguration sabotage outage unauthorised-information-access unauthorised-information-modification data-loss data-leak unauthorised-use-of-resources copyright masquerade phishing weak-crypto ddos-amplifier potentially-unwanted-accessible information-disclosure vulnerable-system other test blacklist dga-domain malware proxy tor";
export const type_names: [string, string][] = types.split(" ").map((type) => [type, type.replaceAll("-", " ")]);
