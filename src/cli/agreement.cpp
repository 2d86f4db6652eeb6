// tocsin agreement: agreements as files: made, shown, signed, checked, explained, compared.
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/durable_file.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "cli/verbs.h"
#include "policy/decision.h"
#include "policy/difference.h"
#include "policy/templates.h"
#include "policy/words.h"

namespace tocsin::cli {
namespace {

using policy::Agreement;

struct Options {
  std::string file, other, key, out, at, as_template, id, from, until, home;
  std::vector<std::string> parties;
  std::string item, sender, recipient, purpose = "defence", standing;
  std::optional<std::uint64_t> quota_left;
  bool ingress = false, as_json = false, in_json = false;
};

Result<Agreement> read_file(const std::string& path) {
  auto file = TRY(MappedFile::open(path));
  return policy::read_agreement(file.bytes(), path);
}

Result<TimeUs> moment(const std::string& said) {
  return said.empty() ? times::now() : times::parse(said);
}

// --- new

// "id=a.example.org; name=CERT A; country=BR; key=HEX; mail=soc@a.example.org; as=body"
Result<policy::Party> party_of(std::string_view text) {
  policy::Party party;
  policy::Contact contact;
  while (!text.empty()) {
    std::string_view pair = text::cut(text, ';');
    std::string key(text::trim(text::cut(pair, '='))), value(text::trim(pair));
    if (key == "id") {
      party.id = value;
    } else if (key == "name") {
      party.name = value;
    } else if (key == "as") {
      party.as = value;
    } else if (key == "country") {
      auto country = Country::parse(value);
      if (!country) return invalid(text::quote(value) + " is no country; write two letters");
      party.country = *country;
    } else if (key == "key") {
      party.keys.push_back(TRY(PublicKey::parse(value)));
    } else if (key == "mail") {
      contact.mail = value;
    } else {
      return invalid(fmt::format(
          "a party has id, name, country, key, mail and as, parted by semicolons; not {}",
          text::quote(key)));
    }
  }
  if (!contact.mail.empty()) party.contacts.push_back(contact);
  return party;
}

// Errors: invalid, at the end of the input.
Result<std::string> ask(const std::string& question, const std::string& usual = {}) {
  fmt::print(stderr, "{}{}: ", question, usual.empty() ? "" : " [" + usual + "]");
  std::string line;
  if (!std::getline(std::cin, line)) return invalid("no answer to: " + question);
  std::string answer(text::trim(line));
  return answer.empty() ? usual : answer;
}

Result<void> ask_party(Options& options, std::string_view as) {
  std::string text = fmt::format("as={}", as);
  for (auto [key, question] : {std::pair{"id", "its id in the network, as cert.example.org"},
                               std::pair{"name", "the organisation's name"},
                               std::pair{"country", "its country, two letters"},
                               std::pair{"key", "its public key, 64 hexadecimal digits"},
                               std::pair{"mail", "where its people are reached by mail"}}) {
    std::string answer = TRY(ask(fmt::format("The {}: {}", as, question)));
    if (answer.contains(';')) return invalid("an answer has no semicolon");
    if (!answer.empty()) text += fmt::format("; {}={}", key, answer);
  }
  options.parties.push_back(std::move(text));
  return {};
}

Result<void> ask_all(Options& options) {
  for (const auto& one : policy::templates())
    fmt::print(stderr, "  {:<18} {}\n", one.name, one.summary);
  options.as_template = TRY(ask("Which of these comes nearest", "cert-cert"));
  TRY(policy::template_terms(options.as_template));
  const auto all = policy::templates();
  auto used = std::ranges::find(all, options.as_template, &policy::Template::name);
  options.id = TRY(ask("A short name for the agreement"));
  bool alike = used->first == used->second;
  TRY(ask_party(options, alike ? "first" : used->first));
  TRY(ask_party(options, alike ? "second" : used->second));
  if (alike) {
    for (std::string& party : options.parties) party.erase(0, party.find(';') + 1);
  }
  std::string today = times::format_day(times::day_of(times::now()));
  options.from = TRY(ask("Holds from", today));
  options.until = TRY(ask("Until, no longer on that day"));
  return {};
}

Result<void> write_out(const Options& options, const Agreement& agreement) {
  std::string text = options.in_json ? policy::agreement_json(agreement, true) + "\n"
                                     : policy::agreement_toml(agreement);
  if (options.out.empty() || options.out == "-") {
    fmt::print("{}", text);
    return {};
  }
  return DurableFile::replace(options.out, text);
}

Result<int> make(Options options) {
  if (options.as_template.empty()) TRY(ask_all(options));
  std::vector<policy::Party> parties;
  for (const std::string& text : options.parties) parties.push_back(TRY(party_of(text)));
  TimeUs from = TRY(moment(options.from));
  TimeUs until = options.until.empty() ? 0 : TRY(times::parse(options.until));
  auto made =
      TRY(policy::from_template(options.as_template, options.id, std::move(parties), from, until));
  TRY(write_out(options, made));
  fmt::print(stderr,
             "{}\nread it, change what must be otherwise, then each party: tocsin "
             "agreement sign FILE --key KEYFILE\n",
             policy::content_address(made));
  return done;
}

// --- show, sign, check

// A file, or else an agreement that the node has.
bool is_file(const Options& options) {
  struct stat info{};
  return ::stat(options.file.c_str(), &info) == 0;
}

Result<int> show(const Options& options) {
  if (!is_file(options)) {
    TRY(show_of_node(options.file, options.home, options.as_json));
    return done;
  }
  auto agreement = TRY(read_file(options.file));
  if (options.as_json) {
    fmt::print("{}\n", policy::agreement_json(agreement, true));
  } else {
    fmt::print("{}", policy::in_words(agreement));
  }
  return done;
}

// A line of 64 hexadecimal digits (the seed), or a key file of `tocsin bundle key`. Errors: denied,
// if others may read it.
Result<SigningKey> read_key(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return missing("cannot read the key " + text::quote(path));
  if ((info.st_mode & 077) != 0)
    return denied("others may read the key " + text::quote(path) + ": chmod 600");
  std::ifstream file(path);
  std::string word, name, digits;
  file >> word;
  if (word == "tocsin-secret-key") {
    file >> name >> digits;
    digits = digits.size() == 128 ? digits.substr(0, 64) : "";  // the seed, then the public key
  } else {
    digits = word;
  }
  auto parsed = PublicKey::parse(digits);  // 32 octets in hexadecimal, as a seed is
  if (!parsed) return invalid(text::quote(path) + " holds no private key");
  return SigningKey::from_seed(
      {reinterpret_cast<const char*>(parsed->bytes.data()), parsed->bytes.size()});
}

Result<int> sign(Options options) {
  if (options.key.empty() && !is_file(options)) {
    TRY(sign_by_node(options.file, options.home));
    return done;
  }
  if (options.key.empty())
    return invalid("name the --key; or propose the file, and sign it by its id");
  auto agreement = TRY(read_file(options.file));
  auto key = TRY(read_key(options.key));
  TimeUs at = TRY(moment(options.at));
  TRY(policy::sign(agreement, key, at));
  if (options.out.empty()) options.out = options.file;
  auto file = TRY(MappedFile::open(options.file));
  options.in_json = text::trim(file.bytes()).starts_with('{');
  TRY(write_out(options, agreement));
  fmt::print(stderr, "signed {} with {}\n", policy::content_address(agreement),
             key.public_key().fingerprint());
  return done;
}

std::string_view when_words(const Agreement& a, TimeUs now) {
  return now < a.from ? "not yet" : now >= a.until ? "expired" : "within its time";
}

Result<int> check_file(const Options& options) {
  auto agreement = TRY(read_file(options.file));
  TimeUs now = TRY(moment(options.at));
  auto all = policy::signatures_of(agreement);
  std::string_view when = when_words(agreement, now);
  bool good = when == "within its time" && policy::is_signed_by_all(agreement);
  if (options.as_json) {
    json::Writer w;
    w.object().member("hash", policy::content_address(agreement)).member("holds", good);
    w.key("signatures").list();
    for (const auto& one : all) {
      w.object();
      if (one.at != 0) w.member("at", times::format(one.at));
      w.member("party", one.party).member("signed", one.why.empty());
      if (!one.why.empty()) w.member("why", one.why);
      w.end();
    }
    w.end().member("when", when).end();
    fmt::print("{}\n", w.text());
    return good ? done : bad_input;
  }
  fmt::print("{}, version {}\nhash {}\n", agreement.id, agreement.version,
             policy::content_address(agreement));
  for (const auto& one : all)
    fmt::print("{}: {}\n", one.party,
               one.why.empty() ? "signed at " + times::format(one.at) : one.why);
  fmt::print("{}: from {} until {}\n", when, policy::in_words(agreement.from),
             policy::in_words(agreement.until));
  return good ? done : bad_input;
}

// --- explain, diff

Result<std::string> item_text(const std::string& said) {
  if (text::trim(said).starts_with('{')) return said;
  if (said == "-") {
    std::ostringstream all;
    all << std::cin.rdbuf();
    return all.str();
  }
  auto file = TRY(MappedFile::open(said));
  return std::string(file.bytes());
}

Result<policy::Context> context_of(const Options& options, const Agreement& agreement) {
  policy::Context context{.now = TRY(moment(options.at)),
                          .from = options.sender,
                          .to = options.recipient,
                          .standing = policy::Standing::proposed};
  for (const policy::Party& party : agreement.parties) {
    if (options.sender.empty() && context.from.empty() && party.id != context.to)
      context.from = party.id;
    else if (options.recipient.empty() && context.to.empty() && party.id != context.from)
      context.to = party.id;
  }
  if (options.ingress) context.direction = policy::Direction::ingress;
  context.quota_left = options.quota_left;
  auto purpose = policy::purpose_named(options.purpose);
  if (!purpose) return invalid("no purpose " + text::quote(options.purpose));
  context.purpose = *purpose;
  if (policy::is_signed_by_all(agreement)) context.standing = policy::Standing::active;
  for (auto standing : {policy::Standing::proposed, policy::Standing::active,
                        policy::Standing::suspended, policy::Standing::ended}) {
    if (name(standing) == options.standing) context.standing = standing;
  }
  return context;
}

std::string treatment_words(const policy::Treatment& t) {
  if (t.drop) return "dropped";
  std::string out;
  auto then = [&](std::string_view word) {
    out += (out.empty() ? "" : ", then ") + std::string(word);
  };
  if (t.coarse) then("made coarser");
  if (t.pseudonymise) then("given a pseudonym");
  if (t.hash) then("hashed with the agreement's key");
  return out;
}

Result<int> explain(const Options& options) {
  auto agreement = TRY(read_file(options.file));
  std::string text = TRY(item_text(options.item));
  auto item = TRY(policy::read_item(text));
  auto context = TRY(context_of(options, agreement));
  policy::Decision d = policy::decide(item, agreement, context);
  if (options.as_json) {
    fmt::print("{}\n", policy::decision_json(d));
    return done;
  }
  fmt::print("{} to {}: {}\nreason {}\n", context.from, context.to, d.sentence, name(d.reason));
  for (policy::Reason also : d.also)
    fmt::print("also {}: {}\n", policy::numbered(clause_of(also)), name(also));
  if (!d.released) {
    fmt::print("{}\n", d.counterfactual);
    return done;
  }
  for (const auto& t : d.treatments) fmt::print("{}: {}\n", t.field, treatment_words(t));
  fmt::print("kept for {}; onward: {}; those affected {} be told\n",
             text::count(d.retention_days, "day", "days"), name(d.onward),
             d.may_tell_affected ? "may" : "may not");
  return done;
}

Result<int> diff(const Options& options) {
  auto old = TRY(read_file(options.file));
  auto fresh = TRY(read_file(options.other));
  auto all = policy::difference(old, fresh);
  bool wider = policy::widens(old, fresh);
  if (options.as_json) {
    json::Writer w;
    w.object().key("differences").list();
    for (const auto& d : all) {
      w.object().member("clause", static_cast<std::uint32_t>(d.clause));
      w.member("effect", name(d.effect)).member("words", d.words).end();
    }
    w.end().member("widens", wider).end();
    fmt::print("{}\n", w.text());
    return done;
  }
  for (const auto& d : all)
    fmt::print("{:<8} {}: {}\n", name(d.effect),
               d.clause == policy::Clause::heading ? "heading" : policy::numbered(d.clause),
               text::printable(d.words));
  fmt::print(stderr, "{}\n",
             all.empty() ? "no difference"
             : wider     ? "the second is wider: two persons must agree to it"
                         : "the second is not wider");
  return done;
}

}  // namespace

void add_agreement(CLI::App& app, Chosen& chosen) {
  auto* verb = app.add_subcommand("agreement", "what members agreed may go between them");
  verb->footer("Example: tocsin agreement new --out partner.toml");
  verb->require_subcommand(1);
  static Options options;
  auto part = [&](const char* name, const char* what, const char* example, auto work) {
    auto* sub = verb->add_subcommand(name, what);
    sub->footer(std::string("Example: ") + example);
    sub->callback([&chosen, work] {
      chosen = [work] {
        Result<int> code = work(options);
        return code ? *code : fail(code.error());
      };
    });
    return sub;
  };
  auto file = [&](CLI::App* sub) {
    sub->add_option("FILE", options.file, "an agreement in TOML or JSON")->required();
  };
  auto* fresh = part("new", "make one: asks, or takes --template and the rest",
                     "tocsin agreement new --out partner.toml", make);
  auto* from = fresh->add_option("--template", options.as_template,
                                 "open, cert-cert, sector-body, company-authority, "
                                 "statistics-only, addresses-stay");
  fresh->add_option("--id", options.id, "a short name for it")->needs(from);
  fresh
      ->add_option("--party", options.parties,
                   "\"id=...; name=...; country=...; key=...; mail=...\"; one for each")
      ->needs(from);
  fresh->add_option("--from", options.from, "first day; today if not said")->needs(from);
  fresh->add_option("--until", options.until, "the day on which it no longer holds")->needs(from);
  fresh->add_option("--out", options.out, "the file; standard output if not said");
  fresh->add_flag("--as-json", options.in_json, "write it as JSON");
  auto* shown = part("show", "print it in words", "tocsin agreement show partner.toml", show);
  file(shown);
  shown->add_flag("--json", options.as_json, "as canonical JSON");
  shown->add_option("--home", options.home, "the data folder of the node, for one that it has");
  auto* signing = part("sign", "sign it for the party whose key it is",
                       "tocsin agreement sign partner.toml --key node.key", sign);
  file(signing);
  signing->add_option(
      "--key", options.key,
      "the private key's file, mode 0600; without it the node signs one that it has");
  signing->add_option("--home", options.home, "the data folder of the node");
  signing->add_option("--at", options.at, "when it is signed; now if not said");
  signing->add_option("--out", options.out, "another file than FILE itself");
  auto* checked = part("check", "who signed it, and does it hold; exit 1 if it does not",
                       "tocsin agreement check partner.toml", check_file);
  file(checked);
  checked->add_option("--at", options.at, "at which time; now if not said");
  checked->add_flag("--json", options.as_json, "as JSON");
  auto* why = part("explain", "would this item go, why, and what would change it",
                   "tocsin agreement explain partner.toml --item '{\"tlp\":\"green\"}'", explain);
  file(why);
  why->add_option("--item", options.item, "JSON, a file of it, or - (docs/agreements.md)")
      ->required();
  why->add_option("--from", options.sender, "who sends; the first party if not said");
  why->add_option("--to", options.recipient, "who receives; the next party if not said");
  why->add_option("--at", options.at, "at which time; now if not said");
  why->add_option("--purpose", options.purpose, "what it is asked for")->capture_default_str();
  why->add_option("--standing", options.standing,
                  "proposed, active, suspended, ended; by its signatures if not said")
      ->check(CLI::IsMember({"proposed", "active", "suspended", "ended"}));
  why->add_option("--quota-left", options.quota_left, "items left today");
  why->add_flag("--ingress", options.ingress, "as the recipient looks at what arrives");
  why->add_flag("--json", options.as_json, "as JSON");
  auto* compared = part("diff", "what the second changes, in words, and which way",
                        "tocsin agreement diff old.toml new.toml", diff);
  compared->add_option("A", options.file, "an agreement")->required();
  compared->add_option("B", options.other, "another, or its next version")->required();
  compared->add_flag("--json", options.as_json, "as JSON");
  add_agreement_life(*verb, chosen);
}

}  // namespace tocsin::cli
