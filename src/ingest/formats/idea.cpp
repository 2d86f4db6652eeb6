// idea: IDEA0 messages, as CESNET's Warden exchanges them: one, a list, or a line each.
// Source: idea.cesnet.cz, "IDEA definition" version 0.
#include "wire/idea.h"
#include "base/text.h"
#include "ingest/json_report.h"

namespace tocsin::ingest {
namespace {

using simdjson::dom::element;

constexpr std::size_t events_max = 10'000;  // of one message

// One end of an event: an address, network, name or URL, and the port where there is exactly one.
struct End {
  std::string ip, network, name, url, mail, port;
  bool empty() const {
    return ip.empty() && network.empty() && name.empty() && url.empty() && mail.empty();
  }
};

// The ends that one entry of Source or Target stands for; a port alone is one too.
void ends_of(element entry, std::vector<End>& out) {
  End base;
  std::vector<std::string> ports;
  each_of(entry, "Port", [&](element port) { ports.push_back(json_scalar(port)); });
  if (ports.size() == 1) base.port = ports[0];
  std::vector<std::string> names, urls, mails;
  each_of(entry, "Hostname", [&](element e) { names.push_back(json_scalar(e)); });
  each_of(entry, "URL", [&](element e) { urls.push_back(json_scalar(e)); });
  each_of(entry, "Email", [&](element e) { mails.push_back(json_scalar(e)); });
  std::vector<std::string> addresses;
  for (auto key : {"IP4", "IP6"}) {
    each_of(entry, key, [&](element e) {
      std::string address = e.is_object() ? json_scalar(e, "ip") : json_scalar(e);
      if (!address.empty()) addresses.push_back(address);
    });
  }
  auto single = [](const std::vector<std::string>& all) {
    return all.size() == 1 ? all[0] : std::string();
  };
  if (!addresses.empty()) {
    base.name = single(names), base.url = single(urls), base.mail = single(mails);
    for (const auto& address : addresses) {
      End end = base;
      (ip::parse(address) ? end.ip : end.network) = address;
      out.push_back(std::move(end));
    }
    return;
  }
  auto each = [&](const std::vector<std::string>& all, std::string End::* member) {
    for (const auto& value : all) {
      End end = base;
      end.*member = value;
      out.push_back(std::move(end));
    }
  };
  if (!urls.empty()) {
    base.name = single(names);
    return each(urls, &End::url);
  }
  if (!names.empty()) return each(names, &End::name);
  if (!mails.empty()) return each(mails, &End::mail);
  if (!base.port.empty()) out.push_back(base);
}

std::vector<End> ends(element message, std::string_view key) {
  std::vector<End> out;
  each_of(message, key, [&](element entry) {
    if (out.size() < events_max) ends_of(entry, out);
  });
  return out;
}

void set_end(Sink& sink, const End& end, bool source) {
  auto field = [source](Field a, Field b) { return source ? a : b; };
  sink.set_or_keep(field(Field::source_ip, Field::destination_ip), end.ip);
  sink.set_or_keep(field(Field::source_network, Field::destination_network), end.network);
  sink.set_or_keep(field(Field::source_fqdn, Field::destination_fqdn), end.name);
  sink.set_or_keep(field(Field::source_url, Field::destination_url), end.url);
  sink.set_or_keep(field(Field::source_account, Field::destination_account), end.mail);
  sink.set_or_keep(field(Field::source_port, Field::destination_port), end.port);
}

void protocol(Sink& sink, element message) {
  for (auto key : {"Source", "Target"}) {
    each_of(message, key, [&](element entry) {
      each_of(entry, "Proto", [&](element name) {
        std::string text = text::lower(json_scalar(name));
        if (sink.set(Field::protocol_transport, text)) return;
        if (!sink.has(Field::protocol_application))
          (void)sink.set(Field::protocol_application, text);
      });
    });
  }
}

Result<void> one_event(Sink& sink, const ParsedRecord& record, const End& source, const End& target,
                       bool alone) {
  element message = record.root;
  sink.event(record.line);
  sink.record(record.bytes);
  Type type = Type::undetermined;
  std::string category;
  each_of(message, "Category", [&](element e) {
    if (type != Type::undetermined) return;
    category = json_scalar(e);
    type = wire::type_of_idea(category);
  });
  sink.type(type);
  sink.extra("idea_category", category);
  for (auto key : {"EventTime", "CeaseTime", "DetectTime"}) {
    std::string text = json_scalar(message, key);
    if (text.empty() || sink.has(Field::time_source)) continue;
    TRY(sink.set(Field::time_source, text));
  }
  sink.set_or_keep(Field::time_observation, json_scalar(message, "DetectTime"));
  sink.set_or_keep(Field::event_description_text, json_scalar(message, "Description"));
  set_end(sink, source, true);
  set_end(sink, target, false);
  protocol(sink, message);
  if (alone) {
    sink.extra_json("idea", simdjson::minify(message));
    return {};
  }
  for (auto key : {"ID", "ConnCount", "FlowCount", "PacketCount", "ByteCount", "Confidence"}) {
    element found;
    if (!message.get_object().at_key(key).get(found))
      keep_json(sink, std::string("idea_") + text::lower(key), found);
  }
  return {};
}

Result<void> take(const ParsedRecord& record, Sink& sink) {
  if (json_scalar(record.root, "Format") != "IDEA0")
    return invalid("not an IDEA0 message: no \"Format\": \"IDEA0\"");
  auto sources = ends(record.root, "Source"), targets = ends(record.root, "Target");
  if (sources.empty() && targets.empty())
    return invalid("an IDEA message without Source and Target");
  // Pairs only where they are known: every source with the one target, or the one source with every
  // target.
  End none;
  bool alone = std::max(sources.size(), targets.size()) == 1;
  if (sources.size() <= 1) {
    const End& source = sources.empty() ? none : sources[0];
    if (targets.empty()) return one_event(sink, record, source, none, alone);
    for (const auto& target : targets) TRY(one_event(sink, record, source, target, alone));
    return {};
  }
  for (const auto& source : sources) {
    TRY(one_event(sink, record, source, targets.size() == 1 ? targets[0] : none, alone));
  }
  if (targets.size() > 1) {
    for (const auto& target : targets) TRY(one_event(sink, record, none, target, alone));
  }
  return {};
}

}  // namespace

Format idea() {
  return {.summary = "IDEA0 messages (JSON)", .read = [](const Report& report, Sink& sink) {
            return each_json(report, "", sink,
                             [&](const ParsedRecord& record) { return take(record, sink); });
          }};
}

}  // namespace tocsin::ingest
