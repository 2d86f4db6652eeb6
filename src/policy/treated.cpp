#include "policy/treated.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "model/normal.h"
#include "policy/mention.h"

namespace tocsin::policy {
namespace {

constexpr std::array<std::string_view, 2> ends = {"source", "destination"};
constexpr std::size_t secret_bytes_min = 4;  // shorter texts stand in too many others by chance

bool names_somebody(Part part) {
  using enum Part;
  return part == account || part == address || part == contact || part == controller ||
         part == name || part == network || part == url;
}

// "source" of "source.ip" and "node.source.asn"; "" of what is of neither end.
std::string_view end_of(std::string_view field) {
  std::string_view rest = field.starts_with("node.") ? field.substr(5) : field;
  for (std::string_view end : ends) {
    if (rest.starts_with(end) && rest.substr(end.size()).starts_with('.')) return end;
  }
  return {};
}

bool is_sink(std::string_view role) {
  return role == "sensor" || role == "sinkhole";
}

// Words out of our own lists, in which nobody's value can stand.
bool is_word_of_ours(std::string_view field) {
  return field == "classification.type" || field == "classification.taxonomy" || field == "tlp" ||
         field == "severity" || field == "protocol.transport" || field.starts_with("roles.") ||
         field == "controller_reason" || field == "exercise" || field == "history";
}

// Whose value may be a password or key, whatever the agreement includes.
bool names_password(std::string_view field) {
  constexpr auto words = std::to_array<std::string_view>(
      {"pass", "secret", "token", "cred", "senha", "kennwort", "apikey", "api_key", "private_key"});
  std::string name = text::lower(field);
  return std::ranges::any_of(words, [&](std::string_view word) { return name.contains(word); });
}

std::string json_of(std::string_view text) {
  std::string json;
  json::append_string(json, text);
  return json;
}

// '.' before every other byte, as wire::Row sorts.
bool before(const TreatedMember& a, const TreatedMember& b) {
  return std::ranges::lexicographical_compare(a.name, b.name, [](char x, char y) {
    if (x == y) return false;
    if (x == '.' || y == '.') return x == '.';
    return static_cast<unsigned char>(x) < static_cast<unsigned char>(y);
  });
}

unsigned bits_kept(const Coarse& coarse, const Ip& ip) {
  return ip.is_v4() ? 96u + std::min<unsigned>(coarse.v4_bits, 32)
                    : std::min<unsigned>(coarse.v6_bits, 128);
}

Network cut(const Ip& ip, unsigned bits) {
  Network network{ip, static_cast<std::uint8_t>(bits)};
  for (unsigned bit = bits; bit < 128; ++bit)
    network.base.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80u >> bit % 8));
  return network;
}

}  // namespace

// One event on its way.
class Treating::Event {
 public:
  Event(const Treating& how, std::span<const Member> members) : how_(how), members_(members) {}

  std::vector<TreatedMember> run() {
    look();
    for (const Member& m : members_) treat(m);
    guard();
    if (!pseudonyms_.empty()) make("extra.pseudonyms", pseudonyms_);
    std::ranges::move(made_, std::back_inserter(kept_));
    std::ranges::stable_sort(kept_, before);
    auto repeated = std::ranges::unique(kept_, {}, &TreatedMember::name);
    kept_.erase(repeated.begin(), repeated.end());
    return std::move(kept_);
  }

 private:
  std::string text_of(std::string_view field) const {
    auto found = std::ranges::find(members_, field, &Member::name);
    return found == members_.end() ? std::string() : json_text(found->json);
  }

  bool is_sensor(const Ip& ip) const {
    return std::ranges::any_of(how_.sensors_, [&](const Network& n) { return n.contains(ip); });
  }

  // Which ends go as a whole, and how the controller is known.
  void look() {
    for (std::string_view end : ends) {
      auto ip = ip::parse(text_of(fmt::format("{}.ip", end)));
      if (is_sink(text_of(fmt::format("roles.{}", end))) || (ip && is_sensor(*ip)))
        (end == ends[0] ? hides_source_ : hides_destination_) = true;
    }
    joined_ = text_of("controller_reason") == "join";
  }

  void keep(std::string_view field, std::string_view json) {
    kept_.push_back({std::string(field), std::string(json)});
  }
  void make(std::string_view field, std::string_view text) {
    made_.push_back({std::string(field), json_of(text)});
  }

  // It went, or became something else: it must not stand in another text.
  void hide(Part part, const std::string& text) {
    if (!names_somebody(part)) return;
    hidden_.push_back(text::lower(text));
    std::string_view host = part == Part::url ? normal::url_host(text) : std::string_view(text);
    if (auto ip = ip::parse(host)) {
      hidden_ips_.push_back(*ip);
      std::ranges::move(disguises(*ip), std::back_inserter(hidden_));
    } else if (part == Part::url && how_.names_ && !host.empty()) {
      hidden_.push_back(text::lower(host));
    }
  }

  void treat(const Member& m) {
    std::string_view field = m.name, end = end_of(field);
    Part part = part_of(field);
    if ((end == ends[0] && hides_source_) || (end == ends[1] && hides_destination_)) {
      if (part == Part::port) return keep(field, m.json);
      return hide(part, json_text(m.json));
    }
    if (field == "id" || field.starts_with("node.controller.")) return;
    if (joined_ && field == "controller_reason") return;
    if (part == Part::extra && names_password(field)) return;
    How how = how_.of(field);
    if (how.drop) return hide(part, json_text(m.json));
    if (!m.json.starts_with('"')) {  // numbers, truth, lists: they go or stay
      if (!how.changes()) keep(field, m.json);
      return;
    }
    std::string text = json_text(m.json);
    switch (part) {
      case Part::address:
        return treat_address(field, text, how);
      case Part::network:
        return treat_network(field, text, how);
      case Part::time:
        return treat_time(field, text, how);
      case Part::name:
      case Part::url:
        return treat_name(field, part, text, how);
      default:
        break;
    }
    if (how.hash) return hash(field, part, text, text);
    if (how.changes()) return hide(part, text);
    // An account or contact with a domain behind it names that, too.
    bool has_name =
        (part == Part::account || part == Part::contact) && text.find_first_of("@.\\") != text.npos;
    if (has_name && how_.names_) return hide(part, text);
    keep(field, m.json);
  }

  void treat_address(std::string_view field, const std::string& text, const How& how) {
    auto ip = ip::parse(text);
    if (!ip) return;
    unsigned bits = how.coarse ? bits_kept(*how.coarse, *ip) : 128;
    if (!how.pseudonymise && !how.hash && bits == 128) return keep(field, json_of(text));
    hide(Part::address, text);
    std::string_view end = end_of(field);
    bool is_main = field == fmt::format("{}.ip", end);
    if (bits < 128) {  // no address any more, but a network
      Network network = cut(*ip, bits);
      if (how.pseudonymise) network = how_.pan_.pseudonym(network);
      std::string into = fmt::format("{}.network", end);
      if (is_main) tell_network(into, ip::format(network), how);
      return;
    }
    Ip other = how.pseudonymise ? how_.pan_.pseudonym(*ip) : *ip;
    if (how.hash) return hash(field, Part::address, text, ip::format(other));
    tell_pseudonym(field, ip::format(other));
  }

  void treat_network(std::string_view field, const std::string& text, const How& how) {
    auto network = ip::parse_network(text);
    // That of the end's address is the longer one, and stands there already.
    bool is_told = std::ranges::find(made_, field, &TreatedMember::name) != made_.end();
    if (!network || is_told) return;
    Network other = *network;
    if (how.coarse) {
      unsigned bits = std::min<unsigned>(other.length, bits_kept(*how.coarse, other.base));
      other = cut(other.base, bits);
    }
    if (how.pseudonymise) other = how_.pan_.pseudonym(other);
    if (other == *network && !how.hash) return keep(field, json_of(text));
    hide(Part::network, text);
    tell_network(field, ip::format(other), how);
  }

  void tell_network(std::string_view field, const std::string& text, const How& how) {
    if (how.hash) return make(fmt::format("extra.hashed.{}", field), digits("network", text));
    how.pseudonymise ? tell_pseudonym(field, text) : make(field, text);
  }

  void tell_pseudonym(std::string_view field, const std::string& text) {
    if (!pseudonyms_.empty()) pseudonyms_ += ',';
    pseudonyms_ += field;
    make(field, text);
  }

  void treat_time(std::string_view field, const std::string& text, const How& how) {
    auto time = times::parse(text);
    if (!time || !how.changes()) return how.changes() ? void() : keep(field, json_of(text));
    TimeUs step =
        TimeUs{how.coarse ? std::max<std::uint32_t>(how.coarse->step_s, 1) : 1} * us_per_s;
    make(field, times::format(*time - ((*time % step) + step) % step));
  }

  // Names and URLs also go as the addresses and names in them do.
  void treat_name(std::string_view field, Part part, std::string text, const How& how) {
    if (part == Part::url) text = without_secrets(text);
    std::string_view host = part == Part::url ? normal::url_host(text) : std::string_view(text);
    bool is_address = ip::parse(host).has_value();
    auto any = [](const Ip&) { return true; };
    if (how_.addresses_ && (is_address || mentions(text, any))) return hide(part, text);
    if (how_.names_ && part == Part::url && !is_address) return hide(part, text);
    std::string other = text;
    if (how.coarse) other = part == Part::url ? host_alone(text) : registered_domain(field, text);
    if (other == text && !how.hash) return keep(field, json_of(text));
    hide(part, text);
    if (other.empty()) return;
    how.hash ? hash(field, part, text, other) : make(field, other);
  }

  static std::string host_alone(const std::string& url) {
    std::size_t start = url.find("://");
    if (start == url.npos) return {};
    std::string host(normal::url_host(url));
    if (host.contains(':')) host = fmt::format("[{}]", host);
    return fmt::format("{}://{}/", url.substr(0, start), host);
  }

  // As this node found it; "" if it does not know.
  std::string registered_domain(std::string_view field, const std::string& text) const {
    std::string domain = text_of(fmt::format("node.{}.domain", end_of(field)));
    bool stands_last = !domain.empty() && text.ends_with(domain);
    bool is_its = stands_last && (text == domain || text[text.size() - domain.size() - 1] == '.');
    return is_its ? domain : std::string();
  }

  std::string digits(std::string_view sort, std::string_view value) const {
    return keyed_hash(how_.key_, sort, value);
  }

  // `value`: what of the text is hashed.
  void hash(std::string_view field, Part part, const std::string& text, std::string_view value) {
    hide(part, text);
    std::string told = digits(name(part), value);
    std::string_view end = end_of(field);
    if (part == Part::originator) return field == "feed.name" ? make(field, told) : void();
    if (part == Part::account || part == Part::contact) return make(field, told);
    // Names of nobody: RFC 2606 section 2.
    if (field == fmt::format("{}.fqdn", end)) return make(field, told + ".invalid");
    if (field == fmt::format("{}.url", end)) return make(field, "http://" + told + ".invalid/");
    make(fmt::format("extra.hashed.{}", field), told);
    std::string fqdn = fmt::format("{}.fqdn", end);  // an event needs a subject
    if (field == fmt::format("{}.ip", end) && text_of(fqdn).empty()) make(fqdn, told + ".invalid");
  }

  bool tells_hidden(std::string_view text) const {
    std::string lower = text::lower(percent_decoded(text));
    return std::ranges::any_of(hidden_, [&](const std::string& secret) {
      return secret.size() < secret_bytes_min ? lower == secret : lower.contains(secret);
    });
  }
  bool tells_address(std::string_view text) const {
    if (hidden_ips_.empty() && how_.sensors_.empty()) return false;
    return mentions(text, [&](const Ip& ip) {
      return is_sensor(ip) || std::ranges::find(hidden_ips_, ip) != hidden_ips_.end();
    });
  }

  // Last: what is left as it came and tells a sensor, or what was hidden, goes as well.
  void guard() {
    std::erase_if(kept_, [&](const TreatedMember& m) {
      if (is_word_of_ours(m.name) || part_of(m.name) == Part::time ||
          !std::string_view("\"[{").contains(m.json[0]))
        return false;
      std::string text = m.json.starts_with('"') ? json_text(m.json) : m.json;
      return tells_hidden(text) || tells_address(text);
    });
  }

  const Treating& how_;
  std::span<const Member> members_;
  std::vector<TreatedMember> kept_, made_;  // as they came; from treatments
  bool hides_source_ = false, hides_destination_ = false, joined_ = false;
  std::vector<std::string> hidden_;  // in lower case
  std::vector<Ip> hidden_ips_;
  std::string pseudonyms_;
};

Treating::Treating(std::vector<Treatment> treatments, const PseudonymKey& key,
                   std::vector<Network> sensors)
    : treatments_(std::move(treatments)), key_(key), pan_(key), sensors_(std::move(sensors)) {
  auto how = [&](std::string_view field) {
    Treatment t = treatment_of(treatments_, field);
    return How{t.drop, t.pseudonymise, t.hash, t.coarse};
  };
  for (const FieldRow& field : fields()) {
    How one = how(field.name);
    addresses_ |= part_of(field.name) == Part::address && one.changes();
    names_ |= field.name.ends_with(".fqdn") && one.changes();
    by_field_.push_back(one);
  }
  extra_ = how("extra.any");
}

Treating::How Treating::of(std::string_view field) const {
  if (auto known = field_named(field)) return by_field_[static_cast<std::size_t>(*known)];
  auto named = std::ranges::find(treatments_, field, &Treatment::field);
  if (named == treatments_.end() && field.starts_with("extra.")) return extra_;
  Treatment t = treatment_of(treatments_, field);
  return {t.drop, t.pseudonymise, t.hash, t.coarse};
}

std::vector<TreatedMember> Treating::event(std::span<const Member> members) const {
  return Event(*this, members).run();
}

}  // namespace tocsin::policy
