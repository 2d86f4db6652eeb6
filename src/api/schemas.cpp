#include "api/schemas.h"

namespace tocsin::api {
namespace {

constexpr Schema table[] = {
    {"Any", "Any object.", "*:any"},
    {"Problem", "What went wrong. Source: RFC 9457.",
     "type!:string title!:string status!:integer detail:string current:any since:[any]"},
    {"SignIn",
     "A one-time code, or a name, a password and, where it is asked for, a second factor.",
     "code:string user:string password:string totp:string"},
    {"SignedIn", "Signed in, or `next`: what is needed besides.", "signed_in!:boolean next:string"},
    {"SignInWays", "How people sign in here. `provider`: whose sign-in there is.",
     "password!:boolean proxy!:boolean provider:string"},
    {"Session",
     "Who is signed in, and at which node. `in_network`: it is a member of one (docs/partners.md).",
     "user!:string user_id!:string role!:viewer|analyst|agreement-editor|administrator|auditor "
     "rights!:[string] csrf:string how:string must_change_password:boolean node!:Node "
     "simulated!:boolean in_network:boolean version!:string geo_database:GeoDatabase"},
    {"Node", "This node.", "name!:string host:string country:string"},
    {"GeoDatabase", "The database that countries and networks come from.",
     "date!:day age_days!:integer old!:boolean"},
    {"Token", "A program's token; the secret itself is not kept.",
     "id!:string name!:string role!:viewer|analyst|agreement-editor|administrator|auditor "
     "rights!:[string] owner:string owner_id:string created!:time expires:time last_used:time"},
    {"TokenList", "Tokens.", "items!:[Token]"},
    {"TokenWish",
     "What the token is for. At most one's own rights; `role` is one's own if not said.",
     "name!:string role:viewer|analyst|agreement-editor|administrator|auditor rights:[string] "
     "expires:time user:string"},
    {"NewToken", "The token; it is not shown again.", "id!:string token!:string"},

    {"Finding", "The state of one problem at one subject.",
     "id!:string state!:open|quiet|closed|reopened severity:critical|high|medium|low|info "
     "subject!:string subject_kind!:ip|name|url|account type!:string class!:string family:string "
     "identifier:string port:integer protocol:string asn:integer as_name:string country:string "
     "controller:string controller_country:string controller_reason:string first!:time last!:time "
     "times!:integer feeds:[string] tlp:string sector:string exercise:boolean "
     "triage:Triage"},
    {"FindingList", "A page of findings.",
     "items!:[Finding] next:string total:integer offset:integer database_date:day as_of!:time "
     "took_ms!:number"},
    {"FindingSummary", "A selection of findings in figures.",
     "total!:integer subjects!:integer states!:{integer} types!:[TypeCount] histogram:Histogram "
     "tabs!:{integer} definition:string as_of!:time took_ms!:number"},
    {"TypeCount", "How many of a type.", "type!:string count!:integer"},
    {"Histogram", "Findings by the day they were last seen.", "start!:day day_counts!:[integer]"},
    {"FindingDetail", "A finding with its history and what it means.",
     "+Finding history:[HistoryEntry] days:[DayCount] near:Near explanation!:Explanation "
     "database_date:day prefix:string registered_domain:string controller_told:string "
     "opinions:[Opinion] as_of!:time took_ms!:number"},
    {"HistoryEntry", "A step in a finding's life.",
     "at!:time what!:string detail:string feed:string user:string act:integer"},
    {"DayCount", "Events of a day.", "day!:day events!:integer"},
    {"Near", "Other findings near it.", "same_network:integer same_controller:integer"},
    {"Explanation", "Three plain lines.", "what!:string meaning!:string first_step!:string"},
    {"Why", "Why there is a finding.",
     "rows!:[any] feeds!:[any] rules!:[string] as_of!:time took_ms!:number"},
    {"EventList", "A page of events in native JSON (docs/event.md), each with its id.",
     "items!:[any] next:string database_date:day as_of!:time took_ms!:number"},
    {"SearchHit", "Somewhere to go.",
     "kind!:address|prefix|as|name|hash|family|page|feed text!:string detail:string href!:string"},
    {"SearchList", "What was found.",
     "items!:[SearchHit] next:string total:integer as_of!:time took_ms!:number"},
    {"SearchLines", "Lines as they were pasted.", "lines!:[string]"},
    {"LineHit", "What a line is, and how many findings there are of it.",
     "line!:string kind!:string findings!:integer href:string"},
    {"LineList", "One for each line.",
     "items!:[LineHit] href:string next:string total:integer as_of!:time took_ms!:number"},

    {"Stats", "Counts by a cut.",
     "definition!:string cut!:string since!:time until!:time before:Span feeds!:[string] "
     "frozen!:boolean from_events!:boolean rows!:[StatsRow] series:[StatsBucket] notes:[Note] "
     "database_date:day as_of!:time took_ms!:number"},
    {"Span", "From `since` on, before `until`.", "since:time until:time"},
    {"StatsRow", "One value of the cut.",
     "key!:any distinct!:integer events!:integer addresses4:integer addresses6:integer "
     "names:integer before:Pair change_percent:number same_feeds_points:number "
     "feeds_changed_points:number feeds_new:[string] feeds_gone:[string] controllers:Steering "
     "controllers_before:Steering distinct_daily_mean:number series:[StatsBucket]"},
    {"StatsBucket", "All rows together, or one, in one stretch of time.",
     "start!:day distinct!:integer events!:integer before:Pair"},
    {"SeriesList", "Series of one cut at one resolution, the most events first.",
     "what!:type|family|port where!:all|country|asn|sector|constituent resolution!:15m|1h|1d|1w "
     "since!:time until!:time groups!:integer rows!:[SeriesRow] notes:[Note] as_of!:time "
     "took_ms!:number"},
    {"SeriesRow", "One series; what came after `watermark` is not all there yet.",
     "key!:any events!:integer feeds!:[string] watermark:time ticks!:[SeriesTick]"},
    {"SeriesTick", "One stretch of time; `total` is what a partial one may become, with 95 %.",
     "start!:time events!:integer subjects:integer partial:boolean total:Range expected:number "
     "interval:Range"},
    {"Warning", "A statement that something is rising; it goes on while that does.",
     "id!:string keys!:[string] state!:opened|updated|peaked|closed "
     "severity!:low|medium|high|critical score!:number feed:string resolution!:15m|1d "
     "opened!:time updated:time peaked:time closed:time seen:time p!:number "
     "false_a_week!:number events!:number expected_events!:number ratio!:number "
     "highest_ratio!:number observed:number expected:number interval:Range "
     "contributors:[string] doubtful:boolean notices:[Note] merged_into:string text!:string"},
    {"WarningList", "Warnings, the newest first.", "items!:[Warning] as_of!:time took_ms!:number"},
    {"Range", "From `low` to `high`, both included.", "low!:number high!:number"},
    {"Pair", "Distinct subjects and events.", "distinct!:integer events!:integer"},
    {"Steering", "Where known controllers are.", "abroad!:integer home!:integer unknown!:integer"},
    {"Note", "Something to know about figures, or to do.",
     "kind:string feed:string text!:string since:time href:string"},
    {"Overview", "What the Overview page shows.",
     "period!:Span before:Span country:string headline:Headline tiles!:[Tile] weekly!:[Week] "
     "map!:[Place] classes!:[ClassLine] families!:[FamilyLine] networks!:[NetworkLine] "
     "controllers!:[ControllerLine] needs!:[Note] changes!:[Note] as_of!:time took_ms!:number"},
    {"Headline", "The first figure.",
     "distinct!:integer before:integer change_percent:number same_feeds_points:number "
     "feeds_changed_points:number feeds_new:[string] abroad!:integer home!:integer "
     "unknown!:integer sentence:string"},
    {"Tile", "A figure with its line.",
     "id!:string value!:number unit!:count|percent change_percent:number change_label:string "
     "spark:[number]"},
    {"Week",
     "One week or day; a figure that is not there is a gap. `so_far`: today, which is not over.",
     "start!:day distinct:integer before:integer so_far:boolean"},
    {"Place", "One country of the map.",
     "country!:string affected!:integer affected_per_100k:number controllers!:integer"},
    {"ClassLine", "A class and its trend.",
     "id!:string title!:string value!:integer change_percent:number series:[integer] "
     "before:[integer]"},
    {"FamilyLine", "A malware family.",
     "family!:string distinct!:integer before:integer change_percent:number new!:boolean"},
    {"NetworkLine", "A network.",
     "asn!:integer as_name:string distinct!:integer before:integer change_percent:number"},
    {"ControllerLine", "A controller.",
     "controller!:string country:string distinct!:integer before:integer change_percent:number "
     "new!:boolean"},
    {"Country", "A country.", "code!:string name!:string announced:integer"},
    {"CountryList", "Countries.", "items!:[Country] total:integer"},

    {"Feed", "A configured source and how it does.",
     "name!:string title:string collector:string format:string "
     "state!:off|on_time|late|failed|never "
     "enabled!:boolean simulated!:boolean schedule:string last_success:time next:time lag_s:number "
     "events_24h!:integer events_total!:integer rejected_24h!:integer last_error:FeedError "
     "tlp:string hours:[integer] usual_hour:number delay:Delay terms:Terms notices:[Note]"},
    {"FeedList", "A page of feeds.", "items!:[Feed] next:string total:integer"},
    {"FeedError", "What went wrong last, and since when it goes well again.",
     "at:time recovered:time text!:string"},
    {"Delay", "How late its events come, in seconds at most.",
     "p50_s!:number p90_s!:number p99_s!:number curve:[DelayPoint]"},
    {"DelayPoint", "This share has come after so many seconds at most.", "s!:number share!:number"},
    {"Terms", "What its provider allows.",
     "text:string url:string redistribution!:yes|no|ask|unknown commercial!:yes|no|ask|unknown "
     "interval_least_s:integer"},
    {"BackupWish", "Where the copy goes: an absolute path that does not exist yet.",
     "folder!:string"},
    {"AcceptTerms",
     "That a person has read the terms. `username`: one's own at the provider, where the catalogue "
     "says that it needs one.",
     "accept_terms!:boolean username:string"},
    {"CatalogueEntry", "A public feed that can be switched on.",
     "name!:string title:string provider:string url:string format:string key_needed!:boolean "
     "key_name:string username_needed:boolean terms:Terms state:string state_date:day "
     "enabled!:boolean"},
    {"CatalogueList", "A page of the catalogue.",
     "items!:[CatalogueEntry] next:string total:integer"},
    {"Report", "The raw bytes a feed delivered once.",
     "id!:string feed!:string name:string received:time size_bytes:integer sha256:string "
     "state!:reading|done|repeat|failed|withdrawn events!:integer duplicates!:integer "
     "rejected!:integer error:string type:string format:string exercise:boolean history:boolean "
     "replaces:string raw:boolean withdrawal:Withdrawal"},
    {"ReportList", "A page of reports.",
     "items!:[Report] next:string total:integer as_of!:time took_ms!:number"},
    {"ReportOutcome",
     "What became of a report, and what it was read as; `feed_new`: no feed of that name is "
     "configured, and none was seen before.",
     "report:string events!:integer duplicates!:integer rejected!:integer seq:integer "
     "state!:done|repeat|failed error:string format:string format_guessed:boolean type:string "
     "type_guessed:boolean feed_new:boolean as_of!:time took_ms!:number"},
    {"QuarantineRecord", "A record that could not be read.",
     "id!:string feed!:string report:string line!:integer reason!:string bytes:string at:time "
     "state!:kept|replayed|dropped"},
    {"QuarantineList", "A page of them.",
     "items!:[QuarantineRecord] next:string total:integer as_of!:time took_ms!:number"},
    {"QuarantineGroup", "Records of one feed with one reason.",
     "feed!:string reason!:string count!:integer first:time last:time"},
    {"QuarantineGroupList", "Groups.",
     "items!:[QuarantineGroup] next:string total:integer as_of!:time took_ms!:number"},
    {"QuarantinePick",
     "Which records: those with the ids, or of a feed, or of a feed with a reason.",
     "feed:string reason:string ids:[string]"},
    {"ReplayOutcome", "What became of them.",
     "events!:integer rejected!:integer as_of!:time took_ms!:number"},
    {"DropOutcome", "How many were given up.", "dropped!:integer as_of!:time took_ms!:number"},
    {"Health", "How the node does.",
     "state!:ok|degraded checks!:[Check] followers:[Follower] disk_free_bytes:integer "
     "memory_bytes:integer"},
    {"Check", "One thing that was looked at.",
     "name!:string state!:ok|wrong text!:string what_to_do:string"},
    {"Follower", "What happens after the commit, and how far it is.",
     "name!:string seq!:integer lag_s:number"},

    // --- people and the audit
    {"User", "Who may sign in.",
     "id!:string name!:string role!:viewer|analyst|agreement-editor|administrator|auditor "
     "origin!:local|oidc|proxy disabled!:boolean must_change_password!:boolean totp!:boolean "
     "created!:time signed_in:time sessions!:integer tokens!:integer"},
    {"UserList", "Users.", "items!:[User] total:integer"},
    {"UserWish", "A new user.",
     "name!:string role!:viewer|analyst|agreement-editor|administrator|auditor password:string"},
    {"NewUser", "Where the password is ours: it must be changed at first sign-in.",
     "name!:string start_password:string"},
    {"RoleWish", "A role.", "role!:viewer|analyst|agreement-editor|administrator|auditor"},
    {"Profile", "Oneself. The node's owner, who came by its link, is no user.",
     "id!:string name!:string role!:viewer|analyst|agreement-editor|administrator|auditor "
     "rights!:[string] origin!:local|oidc|proxy|node disabled:boolean "
     "must_change_password:boolean totp:boolean created:time signed_in:time sessions:integer "
     "tokens:integer recovery_codes_left:integer"},
    {"PasswordChange", "The present and the new one.", "old_password!:string new_password!:string"},
    {"PasswordAgain", "That it is you.", "password!:string"},
    {"TotpSecret", "For an authenticator app: in letters, and as what a QR code holds.",
     "secret!:string uri!:string"},
    {"TotpCode", "What the app shows.", "totp!:string"},
    {"RecoveryCodes", "Each signs in once in place of a code.", "recovery_codes!:[string]"},
    {"BrowserSession", "A browser that somebody is signed in with.",
     "id!:string user!:string user_id!:string how!:string address:string agent:string "
     "since!:time used!:time current!:boolean"},
    {"SessionList", "Sessions.", "items!:[BrowserSession]"},
    {"AuditRow", "Who did what. `by`: socket, session or token; without `outcome` it is not known.",
     "id!:integer at!:time who:string user_id:string role:string by:string address:string "
     "call!:string object:string details:any outcome:string ended:time hash!:string"},
    {"AuditList", "A page of the audit.",
     "items!:[AuditRow] next:string as_of!:time took_ms!:number"},
    {"AuditVerdict",
     "Whether the rows are as they were written. `head`: the last one's hash. `masked`: rows whose "
     "words an erasure masked, as another row tells.",
     "good!:boolean rows!:integer masked!:integer first!:integer last!:integer head!:string "
     "wrong:string "
     "as_of!:time took_ms!:number"},
    {"LedgerHead", "What the node signs of its log (docs/ledger.md).",
     "at!:time key!:string log!:string node!:string root!:string signature!:string size!:integer"},
    {"LedgerSigned", "Who signed it besides, as a witness.",
     "by!:string key!:string signature!:string"},
    {"LedgerState", "The newest head.",
     "head!:LedgerHead witnesses:[LedgerSigned] as_of!:time took_ms!:number"},
    {"LedgerSeen",
     "A head of another member's log, from whom we have it, and whether it goes on from what was "
     "seen before; `what`: of one that does not.",
     "head!:LedgerHead via!:string state!:proved|unproved|split|went-back what:string"},
    {"LedgerHeadList", "The newest head of each log, and all that do not fit.",
     "items!:[LedgerSeen] next:string total:integer as_of!:time took_ms!:number"},
    {"LedgerRow",
     "An act in the log. `details`: who did it and why, of policy acts, for those who may see "
     "them. "
     "`acknowledged`: the recipient signed for it.",
     "index!:integer at!:time kind!:string partner:string hash!:string leaf!:any details:string "
     "acknowledged:boolean"},
    {"LedgerList", "A page of the log.",
     "items!:[LedgerRow] next:string as_of!:time took_ms!:number"},
    {"LedgerEntry", "An act with its proof, and what was signed for it.",
     "+LedgerRow head!:LedgerHead proof!:[string] receipt:any shown:any as_of!:time "
     "took_ms!:number"},
    {"LedgerProof", "That the log of `first` entries is the beginning of that of `second`.",
     "first!:integer second!:integer proof!:[string] as_of!:time took_ms!:number"},
    {"LedgerKnown", "Heads that were noted before, each SIZE:ROOT.", "known:[string]"},
    {"LedgerVerdict",
     "Whether the log, and those before it, are as they were written. `seen`: heads of others.",
     "good!:boolean wrong:string logs:[LedgerLog] seen!:integer as_of!:time took_ms!:number"},
    {"LedgerLog", "A log of this node. `unknown`: releases without an outcome.",
     "log!:string node!:string size!:integer root!:string keys:[string] heads!:integer "
     "releases!:integer acknowledged!:integer receipts!:integer unknown!:integer masked!:integer"},
    {"LedgerComparison",
     "A partner's account against ours. `agreed`: releases that both have alike; `open`: without a "
     "receipt yet; `keys`: that signed the account.",
     "good!:boolean partner!:string differences:[LedgerDifference] notes:[string] agreed!:integer "
     "open!:integer keys:[string] as_of!:time took_ms!:number"},
    {"LedgerDifference", "An entry of a member's log that does not fit.",
     "member!:string index!:integer what!:string"},
    {"ReciprocityList", "What each partner gave and got, from what both signed.",
     "items!:[Reciprocity] as_of!:time took_ms!:number"},
    {"Reciprocity",
     "Of one partner. `percent`: items given for a hundred received. `open`: releases without a "
     "receipt.",
     "partner!:string given!:ReciprocitySide received!:ReciprocitySide open!:integer "
     "percent:integer"},
    {"ReciprocitySide",
     "`counts` by kind and type, `refused` by clause; confirmed and refuted: opinions on the "
     "other's items.",
     "acts!:integer items!:integer taken!:integer sightings!:integer confirmed!:integer "
     "refuted!:integer counts:{integer} refused:{integer} answers!:integer answer_p50_s:integer"},
    {"Reason", "Why.", "why!:string"},
    {"PartnerKey", "A key that speaks for a member, and until when.",
     "key!:string from:time until:time revoked:time why:string"},
    {"Partner",
     "A member that this node knows. `fingerprint`: to compare by voice; `pins`: SHA-256 of its "
     "certificates' public keys; `by` and `why`: of its state; `waiting`: statements that have "
     "not reached it, and what the last try met with.",
     "member!:string name!:string country:string url!:string state!:to-compare|"
     "compared|stopped fingerprint:string joined:time changed:time by:string why:string "
     "tokens!:integer pins:[string] keys:[PartnerKey] waiting:integer waiting_tries:integer "
     "waiting_why:string pushes:[PartnerPush] as_of:time took_ms:number"},
    {"PartnerPush",
     "A push to a partner. `sent`: when a letter arrived last; `waits`: something has not arrived; "
     "`failures`: tries in a row, with what the last met with, and when the next is.",
     "name!:string url!:string dialect!:tocsin|idea|intelmq sent:time waits!:boolean "
     "failures!:integer next:time error:string"},
    {"PartnerAct", "What was done with a partner, by whom.",
     "at!:time by:string act!:string words:string"},
    {"PartnerShown", "A partner, with what was done, newest first.", "+Partner acts:[PartnerAct]"},
    {"SharedFigure",
     "A count of subjects of a day, of at least k, that a member published; without `member`: this "
     "node. `group`: of the cut, as a country; `part`: within it, as a type; without: all of it.",
     "member:string day!:day cut!:string group!:string part:string subjects!:integer"},
    {"SharedFigureList", "The newest days first, at most 10,000.",
     "items!:[SharedFigure] next:string as_of!:time took_ms!:number"},
    {"EmergencyAsk", "An event by its id, to whom, and why.",
     "partner!:string event!:string "
     "why!:string"},
    {"Emergency",
     "An event that a person released beyond the agreement. `item`: what the partner has it under; "
     "`due`: until then a second person must confirm it. `ended` without `ended_by`: nobody did, "
     "or the event was withdrawn.",
     "id!:integer event!:string partner!:string agreement!:string item!:string "
     "state!:open|confirmed|taken-back by!:string at!:time why:string due:time confirmed_by:string "
     "confirmed:time ended_by:string ended:time as_of:time took_ms:number"},
    {"EmergencyList", "All of them, newest first.",
     "items!:[Emergency] next:string total:integer as_of!:time took_ms!:number"},
    {"PartnerView",
     "Events as one partner would get them. Counted are those that were looked at, of which "
     "`items` are the first: `goes`; `hindered`: stay whatever agreements say; the rest by the "
     "clause of the first agreement.",
     "items!:[PartnerViewItem] partner!:string looked_at!:integer goes!:integer "
     "hindered!:integer withheld:[ClauseCount] next:string as_of!:time took_ms!:number"},
    {"PartnerViewItem",
     "An event as it is here, and as the partner would get it (`told`, under `agreement`). "
     "`hindrance`: why it stays whatever agreements say.",
     "event!:any goes!:boolean agreement:string told:any hindrance:string "
     "under:[PartnerViewUnder]"},
    {"PartnerViewUnder", "What one agreement in force says of it.",
     "agreement!:string released!:boolean reason!:string clause!:integer clause_name!:string "
     "sentence!:string counterfactual:string"},
    {"ClauseCount", "How many by a clause.", "clause!:integer name!:string count!:integer"},
    {"PartnerSelf",
     "What this node says of itself. `recovery_here`: the recovery key lies on it still.",
     "member!:string name!:string country:string url!:string key!:string pins:[string] "
     "recovery_here:boolean"},
    {"PartnerList", "All of them. `self` is absent while this node cannot speak.",
     "items!:[Partner] self:PartnerSelf next:string total:integer as_of!:time took_ms!:number"},
    {"Invitation", "An invitation that was given.",
     "id!:string note:string by!:string made!:time until!:time "
     "state!:open|used|withdrawn|expired member:string"},
    {"InvitationList", "All of them, newest first.",
     "items!:[Invitation] next:string total:integer as_of!:time took_ms!:number"},
    {"InvitationAsk", "For whom, and how long it serves.", "note:string days:integer"},
    {"InvitationCode", "To be given to the other side's person.",
     "id!:string code!:string until!:time as_of:time took_ms:number"},
    {"JoinAsk", "The code that was given.", "code!:string"},
    {"CompareAsk", "As the other side's person said it.", "fingerprint!:string"},
    {"KeyAsk", "How long the old key goes on.", "days!:integer"},
    {"MemberKey", "The new key.", "key!:string as_of:time took_ms:number"},
    {"RecoveryAsk", "The recovery key as it stands on paper.", "recovery_key!:string"},
    {"RecoveryKey", "The recovery key, 64 hexadecimal digits.",
     "recovery_key!:string as_of:time took_ms:number"},
    {"PartnerToken", "Shown this once.", "token!:string as_of:time took_ms:number"},
    {"AgreementParty", "Whether a party has signed; else why not.",
     "member!:string signed:time why:string"},
    {"AgreementPause", "A party that has suspended it.", "member!:string why:string"},
    {"AgreementDeleted", "Who says, signed, that it deleted what came: a claim.",
     "member!:string at!:time"},
    {"AgreementState",
     "An agreement as it stands. `widens`: what is in force without it, so that two persons must "
     "want it; `wanted_by`: who does here.",
     "address!:string id!:string title:string version!:integer replaces:string "
     "standing!:proposed|active|suspended|ended from:time until:time proposed_by:string "
     "proposed:time widens:boolean wanted_by:[string] parties:[AgreementParty] "
     "suspended:[AgreementPause] ended:time ended_by:string why:string "
     "deleted:[AgreementDeleted] as_of:time took_ms:number"},
    {"AgreementList", "All of them.",
     "items!:[AgreementState] next:string total:integer as_of!:time took_ms!:number"},
    {"AgreementChange", "What it changes against what is in force.",
     "clause!:string widens:boolean words!:string"},
    {"AgreementShown", "An agreement, what it changes, what was done, and its text.",
     "+AgreementState changes:[AgreementChange] clauses:[ClauseWords] acts:[PartnerAct] "
     "toml!:string"},
    {"ClauseWords", "A clause in words.", "clause!:integer name!:string words:[string]"},
    {"Template", "What the two parties are in it, and its clauses.",
     "name!:string summary!:string first!:string second!:string clauses:[ClauseWords]"},
    {"TemplateList", "Templates of agreements.",
     "items!:[Template] next:string total:integer as_of!:time took_ms!:number"},
    {"DraftAsk",
     "A template, a short name, with whom, and the dates; `they_first`: the partner is the first "
     "party of the template.",
     "template!:string id!:string partner!:string from:time until!:time they_first:boolean"},
    {"AgreementDraft",
     "What a text would be as an agreement here. `hindrance`: why it cannot be proposed.",
     "+AgreementState changes:[AgreementChange] clauses:[ClauseWords] hindrance:string "
     "toml!:string"},
    {"MayGoAsk",
     "A finding's id, the id of a STIX object of others, an event in native JSON, or an item "
     "(docs/agreements.md); for whom. "
     "`coming`: would it be taken from that partner. `feed_may_pass_on`: what its feed says, where "
     "the item does not.",
     "item!:string partner!:string agreement:string purpose:string coming:boolean "
     "feed_may_pass_on:boolean"},
    {"MayGo", "Under which agreements it may go. `hindrance`: why nothing may, whatever they say.",
     "released!:boolean hindrance:string item!:MayGoItem items!:[MayGoUnder] as_of!:time "
     "took_ms!:number"},
    {"MayGoItem", "What of it was looked at; without `tlp` it has no marking.",
     "kind!:string type:string sector:string country:string tlp:string confidence:integer"},
    {"MayGoUnder",
     "What one agreement says; one that is proposed, as it would run. `rule`: in words.",
     "address!:string id!:string title:string version!:integer "
     "standing!:proposed|active|suspended|ended purpose!:string rule:string decision!:Decision"},
    {"Decision", "docs/agreements.md.",
     "released!:boolean reason!:string clause!:integer clause_name!:string rule:integer "
     "sentence!:string counterfactual:string also:[string] treatments:[Treatment] facts:[string] "
     "distribution:string onward:string may_tell_affected:boolean retention_days:integer"},
    {"Treatment", "What becomes of a field: drop, generalise, pseudonymise, hash.",
     "field!:string action!:[string] v4_bits:integer v6_bits:integer step_s:integer"},
    {"AgreementAsk", "TOML or JSON.", "agreement!:string"},
    {"RenewAsk", "Until when.", "until!:time"},
    {"RequestAsk",
     "Whom: a member, a mail address (`affected`: of those affected, else of a provider) or a "
     "constituent. About: a finding, a subject, or the STIX id of an item that both have. Absent "
     "`tlp`: the finding's, else amber.",
     "member:string mail:string affected:boolean constituent:string "
     "kind!:take-down|preserve|confirm|tell-owner finding:string item:string subject:string "
     "sort:ip|name|url|account type:string country:string sector:string tlp:string pap:string "
     "words:string legal_basis:string deadline:time"},
    {"RequestWords", "A line to the other side.", "words:string"},
    {"RequestRefusal", "Why, and a line to the other side.",
     "reason!:no-mandate|not-illegal-here|not-ours|not-found|not-enough-evidence|too-late|other "
     "words:string"},
    {"Request",
     "A request. `told`: what of the subject went; `answered`: when the other side's person first "
     "answered; `late`: its deadline is over and it is not. The refusal `no-agreement` is the "
     "node's own.",
     "id!:string ours:boolean member:string mail_to:string "
     "kind!:take-down|preserve|confirm|tell-owner state!:open|accepted|refused|done|withdrawn "
     "refusal:no-mandate|not-illegal-here|not-ours|not-found|not-enough-evidence|too-late|other|"
     "no-agreement late:boolean finding:string item:string sort:string subject:string type:string "
     "country:string sector:string tlp:string pap:string words:string legal_basis:string "
     "deadline:time told:string agreement:string by!:string at!:time answered:time changed:time "
     "mail:queued|sent|failed mail_error:string as_of:time took_ms:number"},
    {"RequestAct", "What was done with a request, by whom; of a refusal its reason.",
     "at!:time by:string act!:string refusal:string words:string"},
    {"RequestShown", "A request, with what was done, oldest first.", "+Request acts:[RequestAct]"},
    {"RequestSide", "Seconds to the first answer of a person; `late`: open past their deadline.",
     "asked!:integer open!:integer late!:integer answers!:integer answer_p50_s:integer"},
    {"RequestTimes", "By who asked: this node, or the partner. Mirrored on the other side.",
     "member!:string ours!:RequestSide theirs!:RequestSide"},
    {"RequestList", "The newest 1,000.",
     "items!:[Request] partners:[RequestTimes] next:string total:integer as_of!:time "
     "took_ms!:number"},
    {"OpinionAsk", "On an item by its STIX id, to the member that it is of. Absent `tlp`: amber.",
     "member!:string item!:string "
     "opinion:note|strongly-disagree|disagree|neutral|agree|strongly-agree words:string "
     "type:string tlp:string pap:string"},
    {"Opinion", "What somebody said of an item; `member`: the other side.",
     "id!:string ours:boolean member!:string by!:string item!:string "
     "opinion!:note|strongly-disagree|disagree|neutral|agree|strongly-agree words:string "
     "type:string tlp:string pap:string agreement:string at!:time as_of:time took_ms:number"},
    {"OpinionList", "The newest 1,000.",
     "items!:[Opinion] next:string total:integer as_of!:time took_ms!:number"},
    {"NodeState", "Whether it is paused, and which exercises are on.",
     "paused:Paused exercises:[string]"},
    {"Paused", "Since when and why it sends and fetches nothing.", "since:time why!:string"},
    {"Exercise", "What a report of an exercise brought, of one type.",
     "feed!:string report:string name:string type!:string events!:integer subjects!:integer "
     "first:time last:time"},
    {"SituationWish", "Which period, of what, for whom; `k` for the public, as a text.",
     "period!:string country:string constituent:string audience:string k:string"},
    {"Situation", "A situation report that was issued.",
     "id!:string period!:string country:string constituent:string "
     "audience!:team|constituent|public sha256:string supersedes:string changes:[string] "
     "reasons:[string] unchanged:boolean as_of:time"},
    {"SituationList", "Situation reports.", "items!:[Situation]"},
    {"ExerciseList", "Exercises.", "items!:[Exercise] as_of!:time took_ms!:number"},

    // Corrections.
    {"Told", "Somebody who was told what a report said.",
     "what!:string whom!:string where:string at:time"},
    {"Withdrawal", "A report that was taken back.",
     "report!:string at!:time by!:string reason!:string events!:integer days!:integer "
     "seq!:integer others:[string] replaced_by:string told:[Told] already!:boolean "
     "visible!:boolean as_of:time took_ms:number"},
    {"WithdrawAsk", "Why a report is taken back.", "reason!:string"},
    {"ReplayAsk", "Why, and in another way than its feed is read now.",
     "reason!:string format:string tlp:string"},
    {"SubjectAsk", "An address, a name, a URL or an account.", "subject!:string"},
    {"Texts", "How many values of a table name a subject.", "table!:string values!:integer"},
    {"Traces", "Where a subject stands in this node.",
     "value!:string kind!:address|name|url|account events!:integer findings!:integer "
     "quarantine!:integer days!:integer waiting!:integer told:[Told] first:time last:time "
     "reports:[string] raw:[string] texts:[Texts] "
     "holds:[string] erased!:boolean as_of!:time took_ms!:number"},
    {"EraseAsk", "What is erased, and why.", "subject!:string reason!:string"},
    {"Erasure",
     "What was erased; not whom it was about. `copies`: of the home as it was before an upgrade; "
     "`left`: below the home, what could not be looked into.",
     "id!:string at!:time by!:string reason!:string state!:running|compacting|done "
     "events!:integer days!:integer texts!:integer raw!:integer files!:integer "
     "copies!:integer left:[string] as_of:time took_ms:number"},
    {"ErasureList", "All of them.",
     "items!:[Erasure] next:string total:integer as_of!:time took_ms!:number"},
    {"Hold", "What must be kept.",
     "id!:string kind!:report|subject|case what!:string reason!:string by!:string at!:time "
     "lifted:time lifted_by:string as_of:time took_ms:number"},
    {"HoldAsk", "What is to be kept, and why.",
     "report:string subject:string case:string reason!:string"},
    {"HoldList", "All of them.",
     "items!:[Hold] next:string total:integer as_of!:time took_ms!:number"},
    {"Replacement", "The new report, and how the old one went.",
     "report!:Report withdrawal!:Withdrawal as_of!:time took_ms!:number"},

    // --- constituents and alerts
    {"Constituent", "An organisation that this node looks after.",
     "id!:string name!:string sector:string language:string country:string provider:boolean "
     "whole_country:boolean sure!:integer prefixes:[string] asns:[integer] names:[string] "
     "contacts:[string]"},
    {"ConstituentList", "A page of constituents.",
     "items!:[Constituent] next:string total:integer as_of!:time took_ms!:number"},
    {"ImportPlan", "What an import changed, or would change.",
     "read!:integer added!:integer changed!:integer unchanged!:integer removed!:integer "
     "changes!:[ImportChange] errors!:[ImportError] disputed:[string] without_letters:[string] "
     "done!:boolean as_of!:time took_ms!:number"},
    {"ImportChange", "One constituent that differs.",
     "name!:string what!:added|changed|removed detail:string"},
    {"ImportError", "What is wrong at a line.", "line!:integer text!:string"},
    {"AlertsState", "Whether alerts are on, and what waits.",
     "on!:boolean on_by:string on_since:time dry_run_at:time dry_run_by:string unready:string "
     "next_digest!:time simulated!:boolean waiting!:integer queued!:integer sent!:integer "
     "dead!:integer withheld!:integer bounced!:integer languages!:[string] letters:[string] "
     "without_letters:[string]"},
    {"SwitchWish", "On or off.", "on!:boolean"},
    {"Alert", "One message to one contact.",
     "id!:string constituent!:string constituent_name:string contact!:string channel!:string "
     "state!:queued|sent|dead|withheld|bounced tries!:integer findings!:integer day!:day "
     "made!:time done:time next:time error:string message_id!:string at_once:boolean"},
    {"AlertList", "A page of messages.",
     "items!:[Alert] next:string total:integer as_of!:time took_ms!:number"},
    {"AlertPreview", "A message as it would be written now.",
     "constituent_name!:string contact!:string channel!:string subject:string text:string "
     "csv:string xarf:string raw:string findings!:integer withheld!:integer"},
    {"AlertPick", "Which messages: those with the ids, or all.", "ids:[string] all:boolean"},
    {"ReplayedAlerts", "How many are queued again.", "queued!:integer as_of!:time took_ms!:number"},
    {"DryRun", "What would be sent now.",
     "items!:[PlannedAlert] total!:integer constituents!:integer findings!:integer "
     "not_told!:integer problems:[string] as_of!:time took_ms!:number"},
    {"PlannedAlert", "One message that would be sent.",
     "constituent!:string constituent_name!:string contact!:string channel!:string subject:string "
     "findings!:integer at_once:boolean"},
    {"RunOutcome", "What became of what was due.",
     "made!:integer sent!:integer later!:integer dead!:integer withheld!:integer problem:string "
     "as_of!:time took_ms!:number"},
    {"AlertExplanation", "Who is told of a finding, and why or why not.",
     "told!:boolean verdict!:tell|test|exercise|history|simulated|closed|old|nobodys|marking|"
     "unsure|no-contact|judged|muted "
     "sentence!:string next!:string preview:string constituent:string constituent_name:string "
     "asset:string asset_kind:name|prefix|asn|country relation:affected|provider "
     "contacts:[string] facts:[string] withheld_facts:[string] items!:[AlertItem] "
     "alerts!:[Alert]"},
    {"AlertItem", "That it was to be told, and when.",
     "at!:time why!:new|reopened|raised severity:string waits!:boolean"},
    {"Morning", "The team's morning mail.", "lines!:[string] as_of!:time took_ms!:number"},

    {"Triage", "What people said of a finding.",
     "version!:integer verdict:true|false-positive|accepted-risk|not-ours|duplicate "
     "duplicate_of:string judged_by:string judged_at:time returned:boolean assigned:string "
     "tags:[string] followers:[string] cases:[integer] muted:Muted mute_over:time "
     "changed_by:string changed_at:time"},
    {"Muted", "Until when it is hidden, and by whom; `rule`: by a mute of many.",
     "until!:time reason!:string by!:string rule:integer"},
    {"TriageChange", "What to change of one finding; what is not said stays.",
     "version:integer verdict:none|true|false-positive|accepted-risk|not-ours|duplicate "
     "duplicate_of:string assign:string tag:[string] untag:[string] note:string follow:boolean "
     "mute_until:string mute_reason:string unmute:boolean case:integer uncase:integer"},
    {"TriageMany", "What to change of many: those named, or all that a filter selects.",
     "+TriageChange findings:[string] q:string without:string"},
    {"TriageDone", "What was done.",
     "act!:integer findings!:integer finding:Finding as_of!:time took_ms!:number"},
    {"Act", "One thing that a person did, to one finding or to many.",
     "id!:integer at!:time user!:string what!:[string] change!:any filter:string "
     "findings!:integer undone_at:time undone_by:string"},
    {"ActList", "Acts, newest first.",
     "items!:[Act] next:string total:integer as_of!:time took_ms!:number"},
    {"UndoDone", "How many findings are as before, and how many were changed by somebody since.",
     "findings!:integer kept!:integer as_of!:time took_ms!:number"},
    {"TriageWords", "For pickers.", "tags!:[string] people!:[string]"},
    {"MuteWish", "Findings to hide: of a subject, a type, a feed that alone reports them.",
     "subject:string type:string feed:string until!:string reason!:string"},
    {"Mute", "A rule that hides findings until a date.",
     "id!:integer subject:string type:string feed:string until!:time reason!:string user!:string "
     "at!:time ended_at:time ended_by:string holds!:boolean findings:integer"},
    {"MuteList", "Mutes, newest first.", "items!:[Mute] next:string total:integer"},
    {"ViewWish", "A filter to keep.", "name!:string query!:string shared:boolean"},
    {"View", "A filter that somebody keeps.",
     "id!:integer owner!:string name!:string query:string shared!:boolean at!:time"},
    {"ViewList", "One's own views and those that others share.",
     "items!:[View] next:string total:integer"},
    {"CaseWish", "What the case is about; what is not said stays.",
     "title:string text:string closed:boolean version:integer"},
    {"Case", "Work that people do together on findings.",
     "id!:integer title!:string text:string state!:open|closed opened_by!:string opened_at!:time "
     "closed_by:string closed_at:time changed_by!:string changed_at!:time version!:integer "
     "findings:integer notes:[CaseNote] files:[CaseFile]"},
    {"CaseList", "Cases, newest first.", "items!:[Case] next:string total:integer"},
    {"NoteWish", "A note.", "text!:string"},
    {"CaseNote", "What somebody wrote.", "id!:integer at!:time user!:string text!:string"},
    {"CaseFile", "A file of a case.",
     "sha256!:string name!:string size_bytes!:integer at!:time user!:string"},
    {"FeedScore", "What would be lost without a feed; `advice` where something speaks against it.",
     "feed!:string title:string findings!:integer open!:integer unique!:integer "
     "unique_percent:number judged!:integer false_positive!:integer false_percent:number "
     "overlaps:[FeedOverlap] delay_p50_s:number advice:string"},
    {"FeedOverlap", "Findings that another feed reports too.",
     "feed!:string findings!:integer percent!:number"},
    {"FeedScoreList", "Feeds, what would be missed least first.",
     "definition!:string items!:[FeedScore] as_of!:time took_ms!:number"},
    {"Preview", "What a report would become; nothing is stored.",
     "format:string detected!:boolean error:string events!:[any] events_total!:integer "
     "rejected!:integer rejects:[PreviewReject] as_of!:time took_ms!:number"},
    {"PreviewReject", "A record that could not be read.", "line!:integer reason!:string"},
    {"Indicator", "An observable and what its claims say together.",
     "id!:string "
     "kind!:ip|network|domain|url|mail|asn|md5|sha1|sha256|sha512|file-name|mutex|registry-key|mac|"
     "pattern value!:string state!:upcoming|active|expired added!:time valid_from:time "
     "valid_until:time types:[string] families:[string] sources:[string] corroboration!:integer "
     "confidence:integer severity:string tlp:string known_good:string sightings!:integer "
     "false_positives!:integer looked_up!:boolean expired:time expired_by:string "
     "expired_why:string"},
    {"IndicatorList", "A page of indicators; `due`: how many are not looked up yet.",
     "items!:[Indicator] next:string due!:integer as_of!:time took_ms!:number"},
    {"IndicatorShown", "One indicator with each claim, and where it was seen.",
     "+Indicator claims:[Claim] seen:[IndicatorSighting] as_of!:time took_ms!:number"},
    {"Claim", "What one source says of an indicator.",
     "source!:string object:string type!:string family:string techniques:[string] "
     "confidence:integer severity:string tlp:string pap:string valid_from:time valid_until:time "
     "revoked:boolean text:string told!:time"},
    {"IndicatorSighting",
     "It was seen, in events of the types named; or somebody says that it is a false positive.",
     "id!:integer source!:string first:time last:time count!:integer types:[string] text:string "
     "told!:time false_positive:boolean"},
    {"IndicatorImport", "What a file held.",
     "format!:list|csv|stix|misp read!:integer observables!:integer patterns!:integer "
     "added!:integer claims!:integer unchanged!:integer known_good!:integer erased!:integer "
     "beyond_limit!:integer skipped!:integer rejected!:integer rejects:[PreviewReject] "
     "unknown_columns:[string] due!:integer as_of!:time took_ms!:number"},
    {"ExpireAsk", "Why it is over.", "why:string"},
    {"SightingAsk", "When and how often; now and once if not said.",
     "first:time last:time count:integer text:string"},
    {"FalsePositiveAsk", "Why it is one.", "text!:string"},
    {"Format", "A format that a report can have.", "name!:string summary!:string"},
    {"FormatList", "Formats.", "items!:[Format] next:string total:integer"},
};

}  // namespace

std::span<const Schema> schemas() {
  return table;
}

}  // namespace tocsin::api
