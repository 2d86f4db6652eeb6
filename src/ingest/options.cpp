#include "ingest/options.h"

#include "base/text.h"

namespace tocsin::ingest {

bool yes(const Feed& feed, std::string_view option, bool otherwise) {
  std::string_view value = feed.option(option);
  return value.empty() ? otherwise : value == "true";
}

std::uint64_t number(const Feed& feed, std::string_view option, std::uint64_t otherwise) {
  return text::number(feed.option(option)).value_or(otherwise);
}

std::vector<std::string> list(const Feed& feed, std::string_view option) {
  std::vector<std::string> out;
  for (auto [line, item] : text::numbered_lines(feed.option(option))) {
    if (!item.empty()) out.emplace_back(item);
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> table(const Feed& feed, std::string_view option) {
  std::vector<std::pair<std::string, std::string>> out;
  std::string prefix = std::string(option) + ".";
  for (auto row = feed.options.lower_bound(prefix);
       row != feed.options.end() && row->first.starts_with(prefix); ++row) {
    out.emplace_back(row->first.substr(prefix.size()), row->second);
  }
  return out;
}

}  // namespace tocsin::ingest
