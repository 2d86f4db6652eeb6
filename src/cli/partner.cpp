// tocsin partner: the members of the network that this node knows.
#include <fmt/core.h>
#include <simdjson.h>

#include <iostream>
#include <iterator>

#include "base/http.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/call.h"
#include "cli/printing.h"
#include "cli/question.h"
#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

struct PartnerOptions {
  std::string home = default_home(), member, note, code, fingerprint, why, id;
  std::uint64_t days = 7, overlap_days = 30;
  std::vector<std::string> conditions;
  bool as_json = false, recover = false, forget = false;
};

std::string path_of(const PartnerOptions& options, std::string_view act = {}) {
  std::string path = "/partners/" + http::percent_encode(options.member);
  return act.empty() ? path : fmt::format("{}/{}", path, act);
}

std::string body_of(std::string_view name, std::string_view value) {
  json::Writer w;
  w.object().member(name, value).end();
  return w.take();
}

// Prints one answer: as JSON, or what `tell` makes of it.
template <class Tell>
Result<void> ask(const PartnerOptions& options, const Caller::Ask& what, Tell tell) {
  auto caller = TRY(Caller::open(options.home));
  std::string body = TRY(caller.call(what));
  if (options.as_json) return fmt::print("{}\n", body), Result<void>{};
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  if (parser.parse(body).get(answer)) return unavailable("the node's answer is no JSON");
  tell(answer);
  return {};
}

void tell_partner(const simdjson::dom::element& answer) {
  std::string state = text_of(answer, "state"), member = text_of(answer, "member");
  fmt::print("{} ({}): {}\n", text::printable(member), text::printable(text_of(answer, "name")),
             state);
  std::string fingerprint = text_of(answer, "fingerprint");
  if (state != "to-compare" || fingerprint.empty()) return;
  fmt::print("fingerprint: {}\n", fingerprint);
  fmt::print(stderr,
             "Ring them, at a number that you know. If both of you read the same digits:\n"
             "  tocsin partner compare {} \"THE DIGITS THAT THEY READ\"\n",
             text::printable(member));
}

Result<void> invite(const PartnerOptions& options) {
  json::Writer w;
  w.object().member("days", options.days).member("note", options.note).end();
  return ask(options, {.method = "POST", .path = "/partners/invitations", .body = w.take()},
             [](const auto& answer) {
               fmt::print("{}\n", text_of(answer, "code"));
               fmt::print(stderr,
                          "Give this code to their person, by any means; it serves once, until "
                          "{}.\n",
                          text_of(answer, "until"));
             });
}

Result<void> invitations(const PartnerOptions& options) {
  auto caller = TRY(Caller::open(options.home));
  return print_list(caller, {.path = "/partners/invitations"},
                    {"id", "state", "note", "by", "made", "until", "member"}, options.as_json);
}

Result<void> withdraw(const PartnerOptions& options) {
  auto caller = TRY(Caller::open(options.home));
  TRY(caller.call(
      {.method = "DELETE", .path = "/partners/invitations/" + http::percent_encode(options.id)}));
  return {};
}

Result<void> join(const PartnerOptions& options) {
  std::string code = options.code;
  if (code == "-")
    code.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  return ask(options, {.method = "POST", .path = "/partners/join", .body = body_of("code", code)},
             tell_partner);
}

Result<void> list(const PartnerOptions& options) {
  auto caller = TRY(Caller::open(options.home));
  return print_list(caller, {.path = "/partners"},
                    {"member", "name", "country", "state", "url", "joined", "changed", "why"},
                    options.as_json);
}

void tell_push(const simdjson::dom::element& push) {
  bool waits = false;
  std::uint64_t failures = 0;
  std::ignore = push["waits"].get(waits);
  std::ignore = push["failures"].get(failures);
  std::string sent = text_of(push, "sent");
  fmt::print("push {} to {}: {}{}\n", text::printable(text_of(push, "name")),
             text::printable(text_of(push, "url")),
             sent.empty() ? "nothing has arrived" : "arrived last " + sent,
             waits ? ", more waits" : "");
  if (failures > 0)
    fmt::print("  failed {}: {}; next at {}\n", text::count(failures, "time", "times"),
               text::printable(text_of(push, "error")), text_of(push, "next"));
}

Result<void> show(const PartnerOptions& options) {
  return ask(options, {.path = path_of(options)}, [](const simdjson::dom::element& answer) {
    tell_partner(answer);
    for (const char* name : {"country", "url", "joined", "changed", "by", "why", "tokens"}) {
      if (auto value = text_of(answer, name); !value.empty())
        fmt::print("{}: {}\n", name, text::printable(value));
    }
    simdjson::dom::array acts, pushes;
    if (!answer["pushes"].get(pushes)) {
      for (simdjson::dom::element push : pushes) tell_push(push);
    }
    if (answer["acts"].get(acts)) return;
    for (simdjson::dom::element act : acts) {
      fmt::print("{} {} {} {}\n", text_of(act, "at"), text::printable(text_of(act, "by")),
                 text::printable(text_of(act, "act")), text::printable(text_of(act, "words")));
    }
  });
}

void tell_sight(const simdjson::dom::element& item) {
  bool goes = false;
  if (item["goes"].get(goes)) return;
  fmt::print("{} {}\n", goes ? "goes " : "stays", text::printable(text_of(item, "event")));
  if (goes) fmt::print("  as {}\n", text::printable(text_of(item, "told")));
  if (auto why = text_of(item, "hindrance"); !why.empty())
    fmt::print("  {}\n", text::printable(why));
  simdjson::dom::array all;
  if (goes || item["under"].get(all)) return;
  for (simdjson::dom::element under : all) {
    fmt::print("  {} {}\n  {}\n", text_of(under, "agreement").substr(0, 12),
               text::printable(text_of(under, "sentence")),
               text::printable(text_of(under, "counterfactual")));
  }
}

Result<void> see(const PartnerOptions& options) {
  auto asked = TRY(question(options.conditions, false));
  Caller::Ask what{.path = path_of(options, "view"), .query = std::move(asked.query)};
  what.query.emplace("limit", std::to_string(asked.limit));
  return ask(options, what, [&](const simdjson::dom::element& answer) {
    simdjson::dom::array items, withheld;
    if (!answer["items"].get(items)) {
      for (simdjson::dom::element item : items) tell_sight(item);
    }
    fmt::print(stderr, "of the {} newest that fit: {} would go, {} stay whatever is agreed\n",
               text_of(answer, "looked_at"), text_of(answer, "goes"), text_of(answer, "hindered"));
    if (answer["withheld"].get(withheld)) return;
    for (simdjson::dom::element one : withheld) {
      fmt::print(stderr, "{} withheld by clause {} ({})\n", text_of(one, "count"),
                 text_of(one, "clause"), text_of(one, "name"));
    }
  });
}

void tell_emergency(const simdjson::dom::element& answer) {
  fmt::print("{} {} to {}: {}\n", text_of(answer, "id"), text_of(answer, "event"),
             text::printable(text_of(answer, "partner")), text_of(answer, "state"));
  if (auto due = text_of(answer, "due"); !due.empty())
    fmt::print(stderr, "A second person confirms it until {}, or it is taken back.\n", due);
}

Result<void> release(const PartnerOptions& options) {
  json::Writer w;
  w.object().member("event", options.id).member("partner", options.member);
  w.member("why", options.why).end();
  return ask(options, {.method = "POST", .path = "/emergencies", .body = w.take()}, tell_emergency);
}

Result<void> releases(const PartnerOptions& options) {
  auto caller = TRY(Caller::open(options.home));
  Caller::Ask what{.path = "/emergencies"};
  if (!options.member.empty()) what.query.emplace("partner", options.member);
  return print_list(
      caller, what,
      {">id", "event", "partner", "state", "by", "at", "due", "confirmed_by", "ended", "why"},
      options.as_json);
}

Result<void> confirm(const PartnerOptions& options) {
  return ask(options,
             {.method = "POST",
              .path = fmt::format("/emergencies/{}/confirm", http::percent_encode(options.id))},
             tell_emergency);
}

Result<void> recall(const PartnerOptions& options) {
  return ask(options,
             {.method = "POST",
              .path = fmt::format("/emergencies/{}/recall", http::percent_encode(options.id)),
              .body = body_of("why", options.why)},
             tell_emergency);
}

Result<void> compare(const PartnerOptions& options) {
  return ask(options,
             {.method = "POST",
              .path = path_of(options, "compare"),
              .body = body_of("fingerprint", options.fingerprint)},
             tell_partner);
}

Result<void> stop(const PartnerOptions& options) {
  return ask(
      options,
      {.method = "POST", .path = path_of(options, "stop"), .body = body_of("why", options.why)},
      tell_partner);
}

Result<void> revoke(const PartnerOptions& options) {
  return ask(
      options,
      {.method = "POST", .path = path_of(options, "revoke"), .body = body_of("why", options.why)},
      tell_partner);
}

Result<void> token(const PartnerOptions& options) {
  return ask(options, {.method = "POST", .path = path_of(options, "tokens")},
             [](const auto& answer) { fmt::print("{}\n", text_of(answer, "token")); });
}

Result<void> key(const PartnerOptions& options) {
  json::Writer w;
  w.object().member("days", options.overlap_days).end();
  return ask(options, {.method = "POST", .path = "/partners/key", .body = w.take()},
             [](const auto& answer) { fmt::print("{}\n", text_of(answer, "key")); });
}

// Shows the recovery key, takes it away, or uses it.
Result<void> recovery(const PartnerOptions& options) {
  if (options.forget) {
    auto caller = TRY(Caller::open(options.home));
    TRY(caller.call({.method = "DELETE", .path = "/partners/key/recovery"}));
    return {};
  }
  Caller::Ask what{.path = "/partners/key/recovery"};
  if (options.recover) {
    std::string paper(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
    what = {
        .method = "POST", .path = "/partners/key/recovery", .body = body_of("recovery_key", paper)};
  }
  return ask(options, what, [&](const auto& answer) {
    if (options.recover)
      fmt::print(stderr, "This member speaks with a new key. The next recovery key:\n");
    fmt::print("{}\n", text_of(answer, "recovery_key"));
  });
}

}  // namespace

void add_partner(CLI::App& app, Chosen& chosen) {
  static PartnerOptions options;
  auto* verb = app.add_subcommand("partner", "the members of the network that this node knows");
  verb->footer("Example: tocsin partner invite --note \"CERT Example\"");
  verb->require_subcommand(1);
  auto part = [&](const char* name, const char* what, const char* example,
                  Result<void> (*work)(const PartnerOptions&)) {
    auto* made = verb->add_subcommand(name, what);
    made->footer(std::string("Example: ") + example);
    made->add_option("--home", options.home, "the data folder");
    made->add_flag("--json", options.as_json, "as JSON");
    made->callback([&chosen, work] {
      chosen = [work] {
        auto worked = work(options);
        return worked ? done : fail(worked.error());
      };
    });
    return made;
  };
  auto member = [&](CLI::App* made) {
    made->add_option("MEMBER", options.member, "its id")->required();
    return made;
  };
  auto because = [&](CLI::App* made) {
    member(made)->add_option("--why", options.why, "one line; kept and shown")->required();
  };
  auto* invited = part("invite", "a code for a person of another member",
                       "tocsin partner invite --note \"CERT Example\"", invite);
  invited->add_option("--note", options.note, "for whom");
  invited->add_option("--days", options.days, "how long it serves, 1 to 31")->capture_default_str();
  part("invitations", "those that were given", "tocsin partner invitations", invitations);
  part("withdraw", "take an invitation back", "tocsin partner withdraw 0a1b2c3d4e5f6071", withdraw)
      ->add_option("ID", options.id, "of the invitation")
      ->required();
  part("join", "ask whoever gave the code to know this node", "tocsin partner join CODE", join)
      ->add_option("CODE", options.code, "the code; - reads it from stdin")
      ->required();
  part("list", "who is known, and in which state", "tocsin partner list", list);
  member(part("show", "one partner, with what was done", "tocsin partner show cert.example.org",
              show));
  member(part("see", "events as it would get them, and why others stay",
              "tocsin partner see cert.example.org type=c2-server limit=20", see))
      ->add_option("FILTER", options.conditions, "as of `tocsin events`");
  member(part("compare", "say that both sides have the same fingerprint",
              "tocsin partner compare cert.example.org \"31270 98817 ...\"", compare))
      ->add_option("FINGERPRINT", options.fingerprint, "as their person read it")
      ->required();
  because(part("stop", "cut everything with it, at once",
               "tocsin partner stop cert.example.org --why \"left the network\"", stop));
  because(part("revoke", "its keys were lost or stolen",
               "tocsin partner revoke cert.example.org --why \"they rang\"", revoke));
  auto* beyond = part("release", "one event beyond the agreement, in an emergency",
                      "tocsin partner release cert.example.org e_1f --why \"it burns\"", release);
  member(beyond)->add_option("EVENT", options.id, "its id, as `tocsin events` prints")->required();
  beyond->add_option("--why", options.why, "one line; kept in the ledger")->required();
  part("releases", "those of emergencies, and their state", "tocsin partner releases", releases)
      ->add_option("MEMBER", options.member, "its id; all if not said");
  part("confirm", "the second person's word for one", "tocsin partner confirm 3", confirm)
      ->add_option("ID", options.id, "of the release")
      ->required();
  auto* back = part("recall", "take one back from the partner",
                    "tocsin partner recall 3 --why \"it was another\"", recall);
  back->add_option("ID", options.id, "of the release")->required();
  back->add_option("--why", options.why, "one line; kept in the ledger")->required();
  member(part("token", "one more token for its programs, shown this once",
              "tocsin partner token cert.example.org", token));
  part("key", "a new key of this member", "tocsin partner key --days 30", key)
      ->add_option("--days", options.overlap_days, "how long the old one goes on, 0 to 90")
      ->capture_default_str();
  auto* paper = part("recovery", "the recovery key: shown, taken away, used",
                     "tocsin partner recovery", recovery);
  auto* use = paper->add_flag("--use", options.recover, "reads it from stdin after a loss");
  paper->add_flag("--forget", options.forget, "take it off this node")->excludes(use);
}

}  // namespace tocsin::cli
