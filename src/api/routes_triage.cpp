// Routes: what people say of findings, mutes, views, cases, the worth of feeds, a look at a report.
#include "api/handlers.h"
#include "api/routes_parts.h"

namespace tocsin::api {
namespace {

using enum http::Lane;
using enum ParameterType;
using namespace parameters;

constexpr std::uint64_t preview_max = 32 << 20;

Route get(std::string_view pattern, Handler handler, std::string_view id, std::string_view summary,
          std::string_view answer, Parameters params = {}) {
  return {"GET", pattern, Right::read, handler, id, summary, std::move(params), answer, "", query};
}

Route work(std::string_view method, std::string_view pattern, Handler handler, std::string_view id,
           std::string_view summary, std::string_view answer, std::string_view body,
           int status = 200) {
  return {method, pattern, Right::work, handler, id,       summary,
          {},     answer,  body,        query,   json_max, status};
}

}  // namespace

std::vector<Route> triage_routes() {
  return {
      work("POST", "/api/v1/findings/{id}/triage", judge_finding, "judgeFinding",
           "Verdict, assignee, tags, note, mute, case of one finding; 409 if `version` is not the "
           "one that stands.",
           "TriageDone", "TriageChange"),
      work("POST", "/api/v1/triage", judge_many, "judgeFindings",
           "The same for many: those named, at most 10000, or all that a filter selects, at most "
           "1000000.",
           "TriageDone", "TriageMany"),
      get("/api/v1/triage/acts", list_acts, "listActs", "Who did what, newest first.", "ActList",
          with({{"user", text, "only of this person; me: of who asks"}}, paged)),
      work("POST", "/api/v1/triage/acts/{id}/undo", undo_act, "undoAct",
           "Takes an act back where nobody has changed the same since.", "UndoDone", ""),
      get("/api/v1/triage/words", list_triage_words, "listTriageWords",
          "The tags and people that there are, for pickers.", "TriageWords"),
      get("/api/v1/mutes", list_mutes, "listMutes", "The mutes that hold.", "MuteList",
          {{"ended", choice, "yes: also those that are over", "yes|no"}}),
      work("POST", "/api/v1/mutes", add_mute, "addMute",
           "Hides findings of a subject, a type, a feed until a date.", "Mute", "MuteWish", 201),
      work("DELETE", "/api/v1/mutes/{id}", end_mute, "endMute", "Ends a mute now.", "Mute", ""),
      get("/api/v1/views", list_views, "listViews", "One's own views and those that others share.",
          "ViewList"),
      {"POST",
       "/api/v1/views",
       Right::read,
       keep_view,
       "keepView",
       "Keeps a filter under a name.",
       {},
       "View",
       "ViewWish",
       quick,
       json_max,
       201},
      {"PUT",
       "/api/v1/views/{id}",
       Right::read,
       change_view,
       "changeView",
       "Changes one's own view.",
       {},
       "View",
       "ViewWish",
       quick,
       json_max},
      {"DELETE",
       "/api/v1/views/{id}",
       Right::read,
       forget_view,
       "forgetView",
       "Forgets one's own view.",
       {},
       "",
       "",
       quick,
       0,
       204},
      get("/api/v1/feeds/score", score_feeds, "scoreFeeds",
          "What each feed is worth: unique findings, overlap, delay, false share.",
          "FeedScoreList"),
      get("/api/v1/formats", list_formats, "listFormats", "The formats that a report can have.",
          "FormatList"),
      {"POST",
       "/api/v1/preview",
       Right::work,
       preview_report,
       "previewReport",
       "What a report would become: format, first 20 events, rejects. Nothing is stored.",
       {{"format", text, "a format's name; found by name and content if not said"},
        {"name", text, "the file's name"},
        feed,
        {"tlp", text, "marking of its events: clear, green, amber, amber+strict, red"}},
       "Preview",
       "bytes",
       bulk,
       preview_max},
  };
}

std::vector<Route> case_routes() {
  return {
      get("/api/v1/cases", list_cases, "listCases", "Cases, newest first.", "CaseList",
          {{"closed", choice, "yes: also closed ones", "yes|no"}}),
      work("POST", "/api/v1/cases", start_case, "startCase", "Opens a case.", "Case", "CaseWish",
           201),
      get("/api/v1/cases/{id}", show_case, "showCase", "One case with its notes and files.",
          "Case"),
      work("PUT", "/api/v1/cases/{id}", change_case, "changeCase",
           "Changes title and text, closes, opens again; 409 if `version` is not the one that "
           "stands.",
           "Case", "CaseWish"),
      work("POST", "/api/v1/cases/{id}/notes", add_case_note, "addCaseNote", "Adds a note.",
           "CaseNote", "NoteWish", 201),
      {"POST",
       "/api/v1/cases/{id}/files",
       Right::work,
       attach_case_file,
       "attachCaseFile",
       "Adds a file of at most 32 MiB; the body is its bytes.",
       {{"name", text, "the file's name", {}, true}},
       "CaseFile",
       "bytes",
       bulk,
       store::case_file_bytes_max,
       201},
      {"GET",
       "/api/v1/cases/{id}/files/{file}",
       Right::work,
       download_case_file,
       "downloadCaseFile",
       "A file's bytes, to keep and not to show.",
       {},
       "text",
       "",
       bulk,
       0,
       200,
       "application/octet-stream"},
      work("DELETE", "/api/v1/cases/{id}/files/{file}", detach_case_file, "detachCaseFile",
           "Takes a file out.", "", "", 204),
  };
}

}  // namespace tocsin::api
