#include "alert/letter.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "alert/mime.h"
#include "base/check.h"
#include "base/csv_cell.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "model/explanations.h"
#include "wire/uuid.h"
#include "wire/xarf.h"

namespace tocsin::alert {
namespace {

constexpr std::size_t listed_max = 20;  // subjects of one kind of problem in the text

Tlp strictest(ClearedFindings findings) {
  Tlp tlp = Tlp::clear;
  for (const auto& f : findings) tlp = std::max(tlp, f.tlp());
  return tlp;
}

// The key of what a label allows.
std::string_view meaning(Tlp tlp) {
  switch (tlp) {
    case Tlp::clear:
      return "tlp.clear";
    case Tlp::green:
      return "tlp.green";
    case Tlp::amber:
      return "tlp.amber";
    case Tlp::amber_strict:
      return "tlp.amber_strict";
    default:
      return "tlp.red";
  }
}

std::string minutes(TimeUs time) {
  std::string text = times::format(time);
  return text.substr(0, 10) + " " + text.substr(11, 5);
}

std::string service_of(const ClearedFinding& cleared, const Wording& in) {
  const auto& f = cleared.item();
  if (f.port == 0) return {};
  std::string port = std::to_string(f.port);
  if (f.transport == Transport::none) return in.say("finding.port", {{"port", port}});
  return fmt::format("{} {}", name(f.transport), port);
}

// "  192.0.2.7  avalanche-andromeda  tcp 8080  last seen 2026-11-22 08:11 UTC, 3 times"
std::string line_of(const ClearedFinding& cleared, const Wording& in) {
  const auto& f = cleared.item();
  std::string line = "  " + f.subject;
  auto add = [&](std::string_view text) {
    if (!text.empty()) line += fmt::format("  {}", text);
  };
  add(f.family.empty() ? f.identifier : f.family);
  add(service_of(cleared, in));
  if (!f.controller.empty()) add(in.say("finding.calls", {{"controller", f.controller}}));
  if (f.last != 0) add(in.say("finding.last_seen", {{"time", minutes(f.last)}}));
  if (f.times > 1) line += ", " + in.say("finding.times", {{"count", std::to_string(f.times)}});
  return text::printable(line);
}

// Problems of one kind have one explanation; by its place.
using Kind = std::pair<std::size_t, std::vector<const ClearedFinding*>>;

std::vector<Kind> by_kind(ClearedFindings findings) {
  std::map<std::size_t, std::vector<const ClearedFinding*>> kinds;
  for (const auto& f : findings)
    kinds[explanation_of(f.item().type, f.item().identifier)].push_back(&f);
  std::vector<Kind> out(kinds.begin(), kinds.end());
  auto worst = [](const auto& kind) {
    Severity most = Severity::none;
    for (const ClearedFinding* f : kind.second) most = std::max(most, f->item().severity);
    return most;
  };
  std::ranges::sort(out, [&](const auto& a, const auto& b) {
    if (worst(a) != worst(b)) return worst(a) > worst(b);
    if (a.second.size() != b.second.size()) return a.second.size() > b.second.size();
    return a.first < b.first;
  });
  return out;
}

std::string domain_of(const std::string& address) {
  return address.substr(address.find('@') + 1);
}

// Headers that tell other machines not to answer, so that no two of them write to each other for
// ever. Source: RFC 3834 section 5, RFC 2919, RFC 8058 not: there is no list to leave by itself.
std::vector<std::pair<std::string, std::string>> machine_headers(const Envelope& envelope,
                                                                 const std::string& from, Tlp tlp) {
  return {{"Auto-Submitted", "auto-generated"},
          {"Precedence", "bulk"},
          {"X-Auto-Response-Suppress", "All"},
          {"List-Id", fmt::format("Alerts <alerts.{}>", domain_of(from))},
          {"X-TLP", tlp_label(tlp)},
          {"X-Tocsin-Alert", envelope.message_id}};
}

}  // namespace

std::string tlp_label(Tlp tlp) {
  return "TLP:" + (tlp == Tlp::unmarked ? std::string("RED") : text::upper(name(tlp)));
}

std::string subject_line(ClearedFindings findings, const Envelope& envelope) {
  check(!findings.empty(), "letter: of something");
  return tlp_label(strictest(findings)) + " " +
         envelope.wording->say_count(envelope.at_once ? "subject.urgent" : "subject.digest",
                                     findings.size(),
                                     {{"date", times::format_day(times::day_of(envelope.date))}});
}

std::string body_text(ClearedFindings findings, const Envelope& envelope) {
  check(!findings.empty(), "letter: of something");
  const Wording& in = *envelope.wording;
  std::string label = tlp_label(strictest(findings));
  std::string out =
      fmt::format("{}\n{}\n\n{}\n\n", label, in.say(meaning(strictest(findings))),
                  in.say("letter.to", {{"constituent", text::printable(envelope.constituent)}}));
  out += in.say_count(envelope.provider ? "letter.provider" : "letter.told", findings.size(),
                      {{"node", text::printable(envelope.node)}}) +
         "\n";
  if (envelope.provider) out += in.say("letter.pass_on") + "\n";
  std::size_t number = 0;
  for (const auto& [place, list] : by_kind(findings)) {
    const std::string& key = explanation_keys()[place];
    out += fmt::format("\n{}. {}\n   {}\n   {}\n\n", ++number, in.say(key + ".what"),
                       in.say(key + ".meaning"),
                       in.say("letter.first_step", {{"step", in.say(key + ".first_step")}}));
    for (const ClearedFinding* f : std::span(list).first(std::min(list.size(), listed_max)))
      out += line_of(*f, in) + "\n";
    if (list.size() > listed_max)
      out += fmt::format("  {}\n", in.say_count("letter.more", list.size() - listed_max));
  }
  out += fmt::format("\n{}\n{}\n", in.say("letter.attached"), in.say("letter.times"));
  if (!envelope.reply_to.empty())
    out += in.say("letter.questions", {{"address", envelope.reply_to}}) + "\n";
  return out + label + "\n";
}

std::string findings_csv(ClearedFindings findings) {
  std::string out =
      "tlp,subject,type,class,identifier,malware,severity,transport,port,first_seen,last_seen,"
      "times,asn,country,controller,feeds,sector,id\r\n";
  for (const auto& cleared : findings) {
    const auto& f = cleared.item();
    auto number = [](auto n) { return n == 0 ? std::string() : std::to_string(n); };
    auto time = [](TimeUs t) { return t == 0 ? std::string() : times::format(t); };
    const std::string cells[] = {tlp_label(cleared.tlp()),
                                 f.subject,
                                 std::string(name(f.type)),
                                 std::string(name(class_of(f.type))),
                                 f.identifier,
                                 f.family,
                                 std::string(name(f.severity)),
                                 std::string(name(f.transport)),
                                 number(f.port),
                                 time(f.first),
                                 time(f.last),
                                 number(f.times),
                                 number(f.asn),
                                 f.country.text(),
                                 f.controller,
                                 fmt::format("{}", fmt::join(f.feeds, " ")),
                                 f.sector,
                                 finding_id(f.key)};
    for (const std::string& cell : cells) {
      if (&cell != cells) out += ',';
      out += csv::cell(cell);
    }
    out += "\r\n";
  }
  return out;
}

std::string findings_xarf(ClearedFindings findings, const Envelope& envelope) {
  std::string out;
  std::string contact = plain_address(envelope.from).value_or("");
  for (const auto& cleared : findings) {
    const auto& f = cleared.item();
    wire::XarfReport report;
    report.report_id =
        wire::uuid5(wire::tocsin_namespace(), envelope.message_id + " " + finding_id(f.key));
    report.organisation = envelope.node;
    report.contact = contact;
    report.domain = domain_of(contact);
    report.subject = f.subject;
    report.is_url = f.subject_kind == SubjectKind::url;
    report.is_address = f.subject_kind == SubjectKind::address;
    report.type = f.type;
    report.identifier = f.identifier;
    report.family = f.family;
    report.controller = f.controller;
    report.port = f.port;
    report.transport = f.transport;
    report.first = f.first;
    report.last = f.last != 0 ? f.last : envelope.date;
    report.description =
        english()->say(explanation_keys()[explanation_of(f.type, f.identifier)] + ".what");
    report.tlp = cleared.tlp();
    wire::append_xarf(out, report);
    out += '\n';
  }
  return out;
}

Result<policy::Outgoing> mail_letter(ClearedFindings findings, const Envelope& envelope) {
  check(!findings.empty(), "letter: of something");
  MimeMail mail;
  mail.from = envelope.from;
  mail.to = findings[0].recipient().address;
  mail.reply_to = envelope.reply_to;
  mail.subject = subject_line(findings, envelope);
  mail.message_id = envelope.message_id;
  mail.date = envelope.date;
  mail.headers = machine_headers(envelope, TRY(plain_address(envelope.from)), strictest(findings));
  mail.text = body_text(findings, envelope);
  mail.attachments.push_back({"findings.csv", "text/csv", findings_csv(findings)});
  mail.attachments.push_back(
      {"findings.xarf.jsonl", "application/x-ndjson", findings_xarf(findings, envelope)});
  std::string bytes = TRY(mime_bytes(mail));
  return policy::Outgoing::pack(findings, envelope.message_id, std::move(bytes));
}

Result<policy::Outgoing> hook_letter(ClearedFindings findings, const Envelope& envelope) {
  check(!findings.empty(), "letter: of something");
  json::Writer w;
  w.object();
  w.member("at_once", envelope.at_once).member("constituent", envelope.constituent);
  w.key("findings").list();
  for (const auto& cleared : findings) {
    const auto& f = cleared.item();
    auto text = [&](std::string_view key, std::string_view value) {
      if (!value.empty()) w.member(key, value);
    };
    w.object();
    if (f.asn != 0) w.member("asn", f.asn);
    text("class", name(class_of(f.type)));
    text("controller", f.controller);
    text("country", f.country.text());
    if (f.first != 0) text("first", times::format(f.first));
    w.member("id", finding_id(f.key));
    text("identifier", f.identifier);
    if (f.last != 0) text("last", times::format(f.last));
    text("malware", f.family);
    if (f.port != 0) w.member("port", f.port);
    text("sector", f.sector);
    text("severity", name(f.severity));
    w.member("subject", f.subject);
    if (f.times != 0) w.member("times", f.times);
    text("tlp", name(cleared.tlp()));
    text("transport", name(f.transport));
    w.member("type", name(f.type));
    w.end();
  }
  w.end();
  w.member("id", envelope.message_id).member("node", envelope.node);
  w.member("tlp", name(strictest(findings)));
  w.end();
  return policy::Outgoing::pack(findings, envelope.message_id, w.take());
}

Result<policy::Outgoing> team_letter(const policy::Cleared<policy::Figures>& figures,
                                     const Envelope& envelope) {
  MimeMail mail;
  mail.from = envelope.from;
  mail.to = figures.recipient().address;
  mail.subject = fmt::format("{} {}", tlp_label(figures.tlp()), figures.item().title);
  mail.message_id = envelope.message_id;
  mail.date = envelope.date;
  mail.headers = machine_headers(envelope, TRY(plain_address(envelope.from)), figures.tlp());
  mail.text = fmt::format("{}\n\n", tlp_label(figures.tlp()));
  for (const std::string& line : figures.item().lines) mail.text += text::printable(line) + "\n";
  std::string bytes = TRY(mime_bytes(mail));
  return policy::Outgoing::pack(std::span(&figures, 1), envelope.message_id, std::move(bytes));
}

}  // namespace tocsin::alert
