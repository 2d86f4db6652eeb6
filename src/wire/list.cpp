#include "wire/list.h"

#include <algorithm>
#include <optional>

#include "base/ip.h"
#include "base/text.h"
#include "model/normal.h"

namespace tocsin::wire {
namespace {

bool is_comment(std::string_view text) {
  return text.starts_with('#') || text.starts_with(';') || text.starts_with("//");
}

// "example.org##.ad" hides a part of a page and lists no name: that # begins no comment.
bool hides_element(std::string_view entry) {
  std::size_t at = entry.find('#');
  if (at == entry.npos || at == 0 || entry[at - 1] == ' ' || entry[at - 1] == '\t') return false;
  std::string_view rest = entry.substr(at + 1);
  for (std::string_view mark : {"#", "@#", "?#", "$#"}) {
    if (rest.starts_with(mark)) return true;
  }
  return false;
}

bool is_nowhere(std::string_view address) {
  return address == "0.0.0.0" || address == "127.0.0.1" || address == "::" || address == "::1";
}

// A name that the hosts file of any machine has.
bool is_every_hosts(std::string_view name) {
  return name == "localhost" || name == "broadcasthost" || name.starts_with("ip6-") ||
         name.ends_with(".localdomain") || name.ends_with(".localdomain4") ||
         name.ends_with(".localdomain6");
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::string_view rest = text::trim(line); !rest.empty(); rest = text::trim(rest)) {
    words.push_back(rest.substr(0, rest.find_first_of(" \t")));
    rest.remove_prefix(words.back().size());
  }
  return words;
}

// What a line of a hosts file lists; nullopt if it is none.
std::optional<std::vector<std::string_view>> hosts_line(std::string_view line) {
  if (line.find_first_of(" \t") == line.npos) return std::nullopt;
  auto names = words_of(line);
  std::string_view address = names[0];
  names.erase(names.begin());
  bool nowhere = is_nowhere(address);
  if (!nowhere && !ip::parse(address.substr(0, address.find('%')))) return std::nullopt;
  std::erase_if(names, [&](std::string_view name) {  // a single label is the machine's own name
    return is_every_hosts(name) || name == address ||
           (nowhere && !name.contains('.') && normal::name(name, true));
  });
  if (!nowhere && !names.empty()) return std::nullopt;
  return names;
}

}  // namespace

std::string_view list_entry(std::string_view line, bool inline_comments) {
  std::string_view entry = text::trim(line);
  if (is_comment(entry) || entry.starts_with('!') || entry.starts_with("[Adblock")) return {};
  if (inline_comments && hides_element(entry)) return entry;
  if (inline_comments) {
    std::size_t end = entry.find_first_of("#;");
    for (std::string_view mark : {" //", "\t//"}) end = std::min(end, entry.find(mark));
    return text::trim(entry.substr(0, end));
  }
  std::size_t end = entry.find_first_of(" \t");
  if (end != entry.npos && is_comment(text::trim(entry.substr(end)))) entry = entry.substr(0, end);
  return text::trim(entry);
}

std::vector<std::string_view> listed_names(std::string_view entry) {
  if (auto names = hosts_line(entry)) return *std::move(names);
  if (entry.starts_with("||")) {
    std::size_t end = entry.find('^');
    std::string_view options = end == entry.npos ? "?" : entry.substr(end + 1);
    for (std::string_view whole : {"", "$all", "$document", "$doc", "$important"}) {
      if (options == whole) return {entry.substr(2, end - 2)};
    }
  }
  if (entry.starts_with("*.")) entry.remove_prefix(2);
  return {entry};
}

}  // namespace tocsin::wire
