// tocsin agreement, of those that the node has with its partners: proposed, signed, suspended,
// ended.
#include <fmt/core.h>
#include <simdjson.h>

#include "base/http.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "cli/call.h"
#include "cli/printing.h"
#include "cli/verbs.h"

namespace tocsin::cli {
namespace {

struct LifeOptions {
  std::string home = default_home(), named, file, partner, why, until;
  bool as_json = false;
};

void tell(const simdjson::dom::element& answer) {
  fmt::print("{} version {} ({:.12}): {}\n", text::printable(text_of(answer, "id")),
             text_of(answer, "version"), text_of(answer, "address"), text_of(answer, "standing"));
  simdjson::dom::array parties;
  if (answer["parties"].get(parties)) return;
  for (simdjson::dom::element party : parties) {
    std::string at = text_of(party, "signed");
    fmt::print("  {}: {}\n", text::printable(text_of(party, "member")),
               at.empty() ? text::printable(text_of(party, "why")) : "signed " + at);
  }
  bool widens = text_of(answer, "widens") == "true";
  std::string wanted = text_of(answer, "wanted_by");
  if (widens && text_of(answer, "standing") == "proposed" && !wanted.empty())
    fmt::print(stderr, "It widens what may go, so two persons here must sign it; so far: {}\n",
               text::printable(wanted));
}

Result<void> act(const LifeOptions& options, Caller::Ask what) {
  auto caller = TRY(Caller::open(options.home));
  std::string body = TRY(caller.call(what));
  if (options.as_json) return fmt::print("{}\n", body), Result<void>{};
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  if (parser.parse(body).get(answer)) return unavailable("the node's answer is no JSON");
  tell(answer);
  return {};
}

Caller::Ask on(const LifeOptions& options, std::string_view verb, std::string_view name = {},
               std::string_view value = {}) {
  Caller::Ask ask{
      .method = "POST",
      .path = fmt::format("/agreements/{}/{}", http::percent_encode(options.named), verb)};
  if (name.empty()) return ask;
  json::Writer w;
  w.object().member(name, value).end();
  ask.body = w.take();
  return ask;
}

Result<void> propose(const LifeOptions& options) {
  auto file = TRY(MappedFile::open(options.file));
  json::Writer w;
  w.object().member("agreement", file.bytes()).end();
  return act(options, {.method = "POST", .path = "/agreements", .body = w.take()});
}

Result<void> list(const LifeOptions& options) {
  auto caller = TRY(Caller::open(options.home));
  return print_list(caller, {.path = "/agreements", .query = {{"partner", options.partner}}},
                    {"id", "version", "standing", "from", "until", "title", "address"},
                    options.as_json);
}

Result<void> renew(const LifeOptions& options) {
  return act(options, on(options, "renew", "until", options.until));
}
Result<void> suspend(const LifeOptions& options) {
  return act(options, on(options, "suspend", "why", options.why));
}
Result<void> resume(const LifeOptions& options) {
  return act(options, on(options, "resume"));
}
Result<void> end(const LifeOptions& options) {
  return act(options, on(options, "end", "why", options.why));
}
Result<void> deleted(const LifeOptions& options) {
  return act(options, on(options, "deleted"));
}

}  // namespace

Result<void> sign_by_node(const std::string& named, const std::string& home) {
  LifeOptions options;
  options.named = named;
  if (!home.empty()) options.home = home;
  return act(options, on(options, "sign"));
}

Result<void> show_of_node(const std::string& named, const std::string& home, bool as_json) {
  auto caller = TRY(Caller::open(home.empty() ? default_home() : home));
  std::string body = TRY(caller.call({.path = "/agreements/" + http::percent_encode(named)}));
  if (as_json) return fmt::print("{}\n", body), Result<void>{};
  simdjson::dom::parser parser;
  simdjson::dom::element answer;
  simdjson::dom::array changes, acts;
  if (parser.parse(body).get(answer) || answer["changes"].get(changes))
    return unavailable("the node's answer is no agreement");
  tell(answer);
  for (simdjson::dom::element change : changes) {
    fmt::print("  {}{}: {}\n", text_of(change, "widens") == "true" ? "widens " : "",
               text_of(change, "clause"), text::printable(text_of(change, "words")));
  }
  if (answer["acts"].get(acts)) return {};
  for (simdjson::dom::element one : acts) {
    fmt::print("  {} {} {} {}\n", text_of(one, "at"), text::printable(text_of(one, "by")),
               text::printable(text_of(one, "act")), text::printable(text_of(one, "words")));
  }
  return {};
}

void add_agreement_life(CLI::App& verb, Chosen& chosen) {
  static LifeOptions options;
  auto part = [&](const char* name, const char* what, const char* example,
                  Result<void> (*work)(const LifeOptions&)) {
    auto* made = verb.add_subcommand(name, what);
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
  auto named = [&](CLI::App* made) {
    made->add_option("AGREEMENT", options.named, "its id, its address, or the first digits of it")
        ->required();
    return made;
  };
  part("propose", "propose one to its other parties", "tocsin agreement propose partner.toml",
       propose)
      ->add_option("FILE", options.file, "an agreement in TOML or JSON")
      ->required();
  part("list", "those with partners", "tocsin agreement list", list)
      ->add_option("--partner", options.partner, "with this member alone");
  named(part("renew", "the same terms until another time",
             "tocsin agreement renew cert-br.cert-pt --until 2028-01-01", renew))
      ->add_option("--until", options.until, "the time at which it no longer holds")
      ->required();
  named(part("suspend", "nothing goes or comes under it for now",
             "tocsin agreement suspend cert-br.cert-pt --why \"an incident here\"", suspend))
      ->add_option("--why", options.why, "one line; the other side reads it")
      ->required();
  named(part("resume", "take back this side's suspension",
             "tocsin agreement resume cert-br.cert-pt", resume));
  named(part("end", "end it, for good",
             "tocsin agreement end cert-br.cert-pt --why \"the project is over\"", end))
      ->add_option("--why", options.why, "one line; the other side reads it")
      ->required();
  named(part("deleted", "say to the others, signed, that what came under it was deleted here",
             "tocsin agreement deleted cert-br.cert-pt", deleted));
}

}  // namespace tocsin::cli
