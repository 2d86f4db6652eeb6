// tocsin request: what partners ask of each other, and what is asked of others by mail.
// tocsin opinion: opinions and notes on partners' items.
#include <fmt/core.h>
#include <simdjson.h>

#include "base/http.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/call.h"
#include "cli/printing.h"
#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

struct RequestOptions {
  std::string home = default_home(), id, answer, kind, member, mail, constituent, finding, item,
              subject, type, country, sector, tlp, pap, words, basis, deadline, reason, partner,
              state, stance = "note";
  bool as_json = false, affected = false, open = false, late = false;
};

void tell(const simdjson::dom::element& answer) {
  std::string whom = text_of(answer, "member");
  if (whom.empty()) whom = text_of(answer, "mail_to");
  std::string about = text_of(answer, "subject");
  if (about.empty()) about = text_of(answer, "item");
  fmt::print("{} {} {} {} {}: {}{}\n", text_of(answer, "id"), text_of(answer, "kind"),
             text::printable(about), text_of(answer, "ours") == "true" ? "to" : "from",
             text::printable(whom), text_of(answer, "state"),
             text_of(answer, "late") == "true" ? ", late" : "");
}

// Prints one answer: as JSON, or what `telling` makes of it.
template <class Telling>
Result<void> ask(const RequestOptions& options, const Caller::Ask& what, Telling telling) {
  auto caller = TRY(Caller::open(options.home));
  std::string body = TRY(caller.call(what));
  if (options.as_json) return fmt::print("{}\n", body), Result<void>{};
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  if (parser.parse(body).get(answer)) return unavailable("the node's answer is no JSON");
  telling(answer);
  return {};
}

void add(json::Writer& w, std::string_view name, const std::string& value) {
  if (!value.empty()) w.member(name, value);
}

Result<void> make(const RequestOptions& o) {
  json::Writer w;
  w.object();
  if (o.affected) w.member("affected", true);
  add(w, "constituent", o.constituent);
  add(w, "country", o.country);
  add(w, "deadline", o.deadline);
  add(w, "finding", o.finding);
  add(w, "item", o.item);
  add(w, "kind", o.kind);
  add(w, "legal_basis", o.basis);
  add(w, "mail", o.mail);
  add(w, "member", o.member);
  add(w, "pap", o.pap);
  add(w, "sector", o.sector);
  add(w, "subject", o.subject);
  add(w, "tlp", o.tlp);
  add(w, "type", o.type);
  add(w, "words", o.words);
  w.end();
  return ask(o, {.method = "POST", .path = "/requests", .body = w.take()}, tell);
}

Result<void> list(const RequestOptions& o) {
  auto caller = TRY(Caller::open(o.home));
  Caller::Ask what{.path = "/requests"};
  if (!o.partner.empty()) what.query.emplace("partner", o.partner);
  if (!o.state.empty()) what.query.emplace("state", o.state);
  if (o.open || o.late) what.query.emplace("which", o.late ? "late" : "open");
  return print_list(caller, what,
                    {"id", "kind", "subject", "item", "member", "mail_to", "ours", "state",
                     "refusal", "late", "deadline", "at", "answered", "mail"},
                    o.as_json);
}

Result<void> show(const RequestOptions& o) {
  return ask(o, {.path = "/requests/" + http::percent_encode(o.id)},
             [](const simdjson::dom::element& answer) {
               tell(answer);
               for (const char* name : {"type", "tlp", "pap", "country", "sector", "finding",
                                        "item", "told", "words", "legal_basis", "deadline",
                                        "refusal", "at", "answered", "mail", "mail_error"}) {
                 if (auto value = text_of(answer, name); !value.empty())
                   fmt::print("{}: {}\n", name, text::printable(value));
               }
               simdjson::dom::array acts;
               if (answer["acts"].get(acts)) return;
               for (simdjson::dom::element act : acts) {
                 fmt::print("{} {} {} {} {}\n", text_of(act, "at"),
                            text::printable(text_of(act, "by")), text_of(act, "act"),
                            text_of(act, "refusal"), text::printable(text_of(act, "words")));
               }
             });
}

Result<void> act(const RequestOptions& o, const std::string& what) {
  json::Writer w;
  w.object();
  if (what == "refuse") w.member("reason", o.reason);
  w.member("words", o.words).end();
  return ask(o,
             {.method = "POST",
              .path = fmt::format("/requests/{}/{}", http::percent_encode(o.id), what),
              .body = w.take()},
             tell);
}

Result<void> accept(const RequestOptions& o) {
  return act(o, "accept");
}
Result<void> refuse(const RequestOptions& o) {
  return act(o, "refuse");
}
Result<void> finish(const RequestOptions& o) {
  return act(o, "done");
}
Result<void> withdraw(const RequestOptions& o) {
  return act(o, "withdraw");
}
Result<void> comment(const RequestOptions& o) {
  return act(o, "comment");
}

// What somebody without a node answered, by mail or telephone.
Result<void> answer(const RequestOptions& o) {
  if (o.answer == "refused" && o.reason.empty()) return invalid("refused: say why by --reason");
  if (o.answer == "accepted") return act(o, "accept");
  return act(o, o.answer == "refused" ? "refuse" : "done");
}

Result<void> say(const RequestOptions& o) {
  json::Writer w;
  w.object();
  add(w, "item", o.item);
  add(w, "member", o.member);
  add(w, "opinion", o.stance);
  add(w, "pap", o.pap);
  add(w, "tlp", o.tlp);
  add(w, "type", o.type);
  add(w, "words", o.words);
  w.end();
  return ask(o, {.method = "POST", .path = "/opinions", .body = w.take()},
             [](const auto& said) { fmt::print("{}\n", text_of(said, "id")); });
}

Result<void> opinions(const RequestOptions& o) {
  auto caller = TRY(Caller::open(o.home));
  Caller::Ask what{.path = "/opinions"};
  if (!o.partner.empty()) what.query.emplace("partner", o.partner);
  if (!o.item.empty()) what.query.emplace("item", o.item);
  return print_list(caller, what, {"at", "by", "member", "opinion", "item", "words", "tlp"},
                    o.as_json);
}

constexpr const char* reasons =
    "no-mandate, not-illegal-here, not-ours, not-found, not-enough-evidence, too-late or other";

using Work = Result<void> (*)(const RequestOptions&);
CLI::App* part(CLI::App* verb, Chosen& chosen, RequestOptions& options, const char* name,
               const char* what, const char* example, Work work) {
  auto* made = verb->add_subcommand(name, what);
  made->footer(std::string("Example: ") + example);
  made->add_option("--home", options.home, "the data folder");
  made->add_flag("--json", options.as_json, "as JSON");
  made->callback([&chosen, &options, work] {
    chosen = [&options, work] {
      auto worked = work(options);
      return worked ? done : fail(worked.error());
    };
  });
  return made;
}

void add_marking(CLI::App* made, RequestOptions& o) {
  made->add_option("--type", o.type, "the RSIT type of the problem");
  made->add_option("--tlp", o.tlp, "its marking; amber if not said, of a finding its own");
  made->add_option("--pap", o.pap, "what may be done with it");
  made->add_option("--words", o.words, "one line");
}

void add_new(CLI::App* made, RequestOptions& o) {
  made->add_option("KIND", o.kind, "take-down, preserve, confirm or tell-owner")->required();
  made->add_option("--to", o.member, "a partner");
  made->add_option("--mail", o.mail, "a mail address, of a provider or registrar");
  made->add_flag("--affected", o.affected, "the address is of those affected");
  made->add_option("--constituent", o.constituent, "a constituent: its first mail address");
  made->add_option("--finding", o.finding, "about this finding of ours");
  made->add_option("--subject", o.subject, "about this address, name, URL or account");
  made->add_option("--item", o.item, "about an item that both have, by its STIX id");
  made->add_option("--country", o.country, "of the subject");
  made->add_option("--sector", o.sector, "of the subject");
  made->add_option("--legal-basis", o.basis, "one line");
  made->add_option("--deadline", o.deadline, "a time");
  add_marking(made, o);
}

}  // namespace

void add_request(CLI::App& app, Chosen& chosen) {
  static RequestOptions o;
  auto* verb = app.add_subcommand("request", "what is asked of partners and others, and by them");
  verb->footer("Example: tocsin request list --late");
  verb->require_subcommand(1);
  auto one = [&](const char* name, const char* what, const char* example, Work work) {
    auto* made = part(verb, chosen, o, name, what, example, work);
    made->add_option("ID", o.id, "of the request, or its first digits")->required();
    return made;
  };
  auto act_of = [&](const char* name, const char* what, const char* example, Work work) {
    auto* made = one(name, what, example, work);
    made->add_option("--words", o.words, "one line; the other side reads it");
    return made;
  };
  add_new(part(verb, chosen, o, "new", "ask a partner, or somebody by mail",
               "tocsin request new take-down --to cert.example.org --subject "
               "http://bad.example.net/ --type phishing --deadline 2026-11-25",
               make),
          o);
  auto* listed = part(verb, chosen, o, "list", "all of them, newest first",
                      "tocsin request list --open", list);
  listed->add_option("--partner", o.partner, "with this member alone");
  listed->add_option("--state", o.state, "open, accepted, refused, done or withdrawn");
  auto* open = listed->add_flag("--open", o.open, "those that are not over");
  listed->add_flag("--late", o.late, "those past their deadline")->excludes(open);
  one("show", "one request, with what was done", "tocsin request show 0a1b2c3d", show);
  act_of("accept", "say that it will be done", "tocsin request accept 0a1b2c3d", accept);
  act_of("refuse", "refuse it, with a reason",
         "tocsin request refuse 0a1b2c3d --reason not-illegal-here", refuse)
      ->add_option("--reason", o.reason, reasons)
      ->required();
  act_of("done", "say that it is done", "tocsin request done 0a1b2c3d", finish);
  act_of("withdraw", "take back what was asked", "tocsin request withdraw 0a1b2c3d", withdraw);
  act_of("comment", "words to the other side",
         "tocsin request comment 0a1b2c3d --words \"which of the two pages?\"", comment);
  auto* noted = act_of("answer", "note what was answered to a request by mail",
                       "tocsin request answer 0a1b2c3d done --words \"they rang\"", answer);
  noted->add_option("ANSWER", o.answer, "accepted, refused or done")
      ->required()
      ->check(CLI::IsMember({"accepted", "refused", "done"}));
  noted->add_option("--reason", o.reason, reasons);
}

void add_opinion(CLI::App& app, Chosen& chosen) {
  static RequestOptions o;
  auto* verb = app.add_subcommand("opinion", "opinions and notes on partners' items");
  verb->footer("Example: tocsin opinion list --partner cert.example.org");
  verb->require_subcommand(1);
  auto* said =
      part(verb, chosen, o, "say", "an opinion or note, to the partner whose item it is",
           "tocsin opinion say cert.example.org "
           "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f disagree --words \"a scanner\"",
           say);
  said->add_option("MEMBER", o.member, "its id")->required();
  said->add_option("ITEM", o.item, "the item's STIX id")->required();
  said->add_option("OPINION", o.stance,
                   "strongly-disagree, disagree, neutral, agree, strongly-agree, or note")
      ->capture_default_str();
  add_marking(said, o);
  auto* listed =
      part(verb, chosen, o, "list", "all of them, newest first", "tocsin opinion list", opinions);
  listed->add_option("--partner", o.partner, "with this member alone");
  listed->add_option("--item", o.item, "on this item alone, by its STIX id");
}

}  // namespace tocsin::cli
