#include "alert/ask_letter.h"

#include <fmt/format.h>

#include <array>

#include "alert/mime.h"
#include "base/check.h"
#include "base/text.h"

namespace tocsin::alert {
namespace {

constexpr std::size_t id_digits = 8;  // that stand in the subject line

struct Sentence {
  std::string_view kind, title, asks;
};
constexpr auto sentences = std::to_array<Sentence>(
    {{"take-down", "please take down", "asks you to take down what is described here"},
     {"preserve", "please preserve",
      "asks you to preserve what you have of what is described here"},
     {"confirm", "please confirm", "asks you to confirm whether this is so"},
     {"tell-owner", "please tell the owner", "asks you to tell the owner of this of the problem"}});

std::string text_of(const ClearedFinding& about, const policy::Cleared<policy::AskedWords>& words,
                    const Sentence& sentence, const AskHead& head, const Envelope& envelope) {
  const auto& f = about.item();
  std::string label = tlp_label(about.tlp());
  std::string out =
      fmt::format("{}\n\n{} {}.\n\n  {}\n  {}\n", label, text::printable(envelope.node),
                  sentence.asks, text::printable(f.subject), name(f.type));
  auto line = [&](std::string_view what, const std::string& value) {
    if (!value.empty()) out += fmt::format("{}: {}\n", what, text::printable(value));
  };
  if (f.last != 0) line("  last seen", times::format(f.last));
  out += '\n';
  if (!words.item().words.empty())
    out += fmt::format("{}\n\n", text::printable(words.item().words));
  line("Legal basis", words.item().legal_basis);
  if (head.deadline != time_none) line("Please answer before", times::format(head.deadline));
  line("Request", head.id);
  out += "\nThe same is attached for programs, as X-ARF (https://xarf.org).\n";
  out += "A person reads your answer to this mail";
  out += envelope.reply_to.empty() ? ".\n" : fmt::format(", at {}.\n", envelope.reply_to);
  return out + label + "\n";
}

}  // namespace

Result<policy::Outgoing> ask_letter(const ClearedFinding& about,
                                    const policy::Cleared<policy::AskedWords>& words,
                                    const AskHead& head, const Envelope& envelope) {
  check(about.recipient().address == words.recipient().address, "letter: to one recipient");
  auto sentence = std::ranges::find(sentences, head.kind, &Sentence::kind);
  if (sentence == sentences.end()) return invalid("no request " + text::quote(head.kind));
  ClearedFindings findings(&about, 1);
  MimeMail mail;
  mail.from = envelope.from;
  mail.to = about.recipient().address;
  mail.reply_to = envelope.reply_to;
  mail.subject = fmt::format("{} Request {}: {}", tlp_label(about.tlp()),
                             head.id.substr(0, id_digits), sentence->title);
  mail.message_id = envelope.message_id;
  mail.date = envelope.date;
  mail.headers = {{"X-TLP", tlp_label(about.tlp())}};
  mail.text = text_of(about, words, *sentence, head, envelope);
  mail.attachments.push_back(
      {"report.xarf.json", "application/json", findings_xarf(findings, envelope)});
  std::string bytes = TRY(mime_bytes(mail));
  return policy::Outgoing::pack(findings, envelope.message_id, std::move(bytes));
}

}  // namespace tocsin::alert
