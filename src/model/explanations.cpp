#include "model/explanations.h"

#include <iterator>

namespace tocsin {
namespace {

struct Known {
  std::string_view word;     // as it stands in identifiers, between their ends or hyphens
  bool only_exposed = true;  // where the type says that a service is open or weak: "rdp" of a
                             // scanner is no open door
};

// Finer than the type. By subject, not by name.
constexpr Known by_identifier[] = {
    {"rdp"},
    {"vnc"},
    {"telnet"},
    {"ssh"},
    {"ftp"},
    {"smb"},
    {"ldap"},
    {"dns"},
    {"ntp"},
    {"snmp"},
    {"ssdp"},
    {"memcached"},
    {"redis"},
    {"mongodb"},
    {"elasticsearch"},
    {"mysql"},
    {"postgres"},
    {"mssql"},
    {"docker"},
    {"kubernetes"},
    {"adb"},
    {"mqtt"},
    {"ipp"},
    {"cwmp"},
    {"ipmi"},
    {"exchange"},
    {"webshell", false},
    {"cisco-smart-install"},
    {"open-resolver"},
    {"ics"},
    {"scada"},
    {"modbus"},
    {"s7"},
    {"dnp3"},
    {"iec-104"},
    {"bacnet"},
    {"fox"},
    {"opc-ua"},
    {"enip"},
    {"dicom"},
    {"amplification-ddos-victim", false},
    {"compromised-website", false},
    {"compromised-iot", false},
    {"compromised-account", false},
    {"openresolver"},
    {"socks"},
    {"http-proxy"},
    {"tftp"},
    {"rsync"},
    {"sip"},
    {"netbios"},
    {"netbios-nameservice"},
    {"portmapper"},
    {"coap"},
    {"amqp"},
    {"hadoop"},
    {"couchdb"},
    {"activemq"},
    {"mirai", false},
    {"self-signed"},
    {"heartbleed"},
};

bool is_word_at(std::string_view text, std::size_t at, std::size_t size) {
  auto is_end = [&](std::size_t i) { return text[i] == '-' || text[i] == '_' || text[i] == ' '; };
  return (at == 0 || is_end(at - 1)) && (at + size == text.size() || is_end(at + size));
}

bool has_word(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    if (is_word_at(text, at, word.size())) return true;
  }
  return false;
}

std::vector<std::string> made_keys() {
  std::vector<std::string> keys;
  for (const Known& known : by_identifier) keys.push_back("identifier." + std::string(known.word));
  for (std::size_t i = 0; i < types_count; ++i)
    keys.push_back("type." + std::string(name(static_cast<Type>(i))));
  return keys;
}

}  // namespace

const std::vector<std::string>& explanation_keys() {
  static const std::vector<std::string> keys = made_keys();
  return keys;
}

std::size_t explanation_of(Type type, std::string_view identifier) {
  std::size_t best = std::size(by_identifier) + static_cast<std::size_t>(type), longest = 0;
  bool exposed = class_of(type) == Class::vulnerable;
  for (std::size_t i = 0; i < std::size(by_identifier); ++i) {
    const Known& known = by_identifier[i];
    if (known.only_exposed && !exposed) continue;
    if (known.word.size() > longest && has_word(identifier, known.word)) {
      best = i;
      longest = known.word.size();
    }
  }
  return best;
}

}  // namespace tocsin
