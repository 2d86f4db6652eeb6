#include "api/schemas.h"

namespace tocsin::api {
namespace {

constexpr Schema table[] = {
    {"Any", "Any object.", "*:any"},
    {"Problem", "What went wrong. Source: RFC 9457.",
     "type!:string title!:string status!:integer detail:string"},
    {"SignIn", "A one-time code.", "code!:string"},
    {"Session", "Who is signed in, and at which node.",
     "user!:string role!:viewer|analyst|agreement-editor|administrator|auditor csrf:string "
     "node!:Node simulated!:boolean "
     "version!:string geo_database:GeoDatabase"},
    {"Node", "This node.", "name!:string host:string country:string"},
    {"GeoDatabase", "The database that countries and networks come from.",
     "date!:day age_days!:integer old!:boolean"},
    {"Token", "A program's token; the secret itself is not kept.",
     "id!:string name!:string role!:viewer|analyst|agreement-editor|administrator|auditor "
     "created!:time last_used:time"},
    {"TokenList", "Tokens.", "items!:[Token]"},
    {"TokenWish", "What the token is for.",
     "name!:string role!:viewer|analyst|agreement-editor|administrator|auditor"},
    {"NewToken", "The token; it is not shown again.", "token!:string"},

    {"Finding", "The state of one problem at one subject.",
     "id!:string state!:open|quiet|closed|reopened severity:critical|high|medium|low|info "
     "subject!:string subject_kind!:ip|name|url|account type!:string class!:string family:string "
     "identifier:string port:integer protocol:string asn:integer as_name:string country:string "
     "controller:string controller_country:string controller_reason:string first!:time last!:time "
     "times!:integer feeds:[string] tlp:string sector:string"},
    {"FindingList", "A page of findings.",
     "items!:[Finding] next:string total:integer offset:integer as_of!:time took_ms!:number"},
    {"FindingSummary", "A selection of findings in figures.",
     "total!:integer subjects!:integer states!:{integer} types!:[TypeCount] histogram:Histogram "
     "tabs!:{integer} as_of!:time took_ms!:number"},
    {"TypeCount", "How many of a type.", "type!:string count!:integer"},
    {"Histogram", "Findings by the day they were last seen.", "start!:day day_counts!:[integer]"},
    {"FindingDetail", "A finding with its history and what it means.",
     "+Finding history:[HistoryEntry] days:[DayCount] near:Near explanation!:Explanation "
     "database_date:day prefix:string registered_domain:string controller_told:string "
     "as_of!:time took_ms!:number"},
    {"HistoryEntry", "A step in a finding's life.",
     "at!:time what!:string detail:string feed:string"},
    {"DayCount", "Events of a day.", "day!:day events!:integer"},
    {"Near", "Other findings near it.", "same_network:integer same_controller:integer"},
    {"Explanation", "Three plain lines.", "what!:string meaning!:string first_step!:string"},
    {"Why", "Why there is a finding.",
     "rows!:[any] feeds!:[any] rules!:[string] as_of!:time took_ms!:number"},
    {"EventList", "A page of events in native JSON (docs/event.md), each with its id.",
     "items!:[any] next:string as_of!:time took_ms!:number"},
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
     "as_of!:time took_ms!:number"},
    {"Span", "From `since` on, before `until`.", "since:time until:time"},
    {"StatsRow", "One value of the cut.",
     "key!:any distinct!:integer events!:integer addresses4:integer addresses6:integer "
     "names:integer before:Pair change_percent:number feeds_changed_percent:number "
     "feeds_new:[string] feeds_gone:[string] controllers:Steering distinct_daily_mean:number "
     "series:[StatsBucket]"},
    {"StatsBucket", "All rows together, or one, in one stretch of time.",
     "start!:day distinct!:integer events!:integer before:Pair"},
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
     "tlp:string hours:[integer] usual_hour:number delay:Delay terms:Terms"},
    {"FeedList", "Feeds.", "items!:[Feed] total:integer"},
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
    {"AcceptTerms", "That a person has read the terms.", "accept_terms!:boolean"},
    {"CatalogueEntry", "A public feed that can be switched on.",
     "name!:string title:string provider:string url:string format:string key_needed!:boolean "
     "key_name:string terms:Terms state:string enabled!:boolean"},
    {"CatalogueList", "The catalogue.", "items!:[CatalogueEntry] total:integer"},
    {"Report", "The raw bytes a feed delivered once.",
     "id!:string feed!:string name:string received:time size_bytes:integer sha256:string "
     "state!:reading|done|repeat|failed events!:integer duplicates!:integer rejected!:integer "
     "error:string type:string format:string"},
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
    {"AuditRow", "Who did what. `by`: socket, session or token; without `outcome` it is not known.",
     "id!:integer at!:time who:string user_id:string role:string by:string address:string "
     "call!:string object:string details:any outcome:string ended:time hash!:string"},
    {"AuditList", "A page of the audit.",
     "items!:[AuditRow] next:string as_of!:time took_ms!:number"},
    {"AuditVerdict", "Whether the rows are as they were written. `head`: the last one's hash.",
     "good!:boolean rows!:integer first!:integer last!:integer head!:string wrong:string "
     "as_of!:time took_ms!:number"},
};

}  // namespace

std::span<const Schema> schemas() {
  return table;
}

}  // namespace tocsin::api
