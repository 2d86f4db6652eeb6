#include "ingest/formats.h"

#include "base/text.h"
#include "base/unpack.h"

namespace tocsin::ingest {

Result<Reader> find_format(std::string_view name) {
  for (const auto& entry : formats()) {
    if (entry.name == name) return Reader(entry.plugin.read);
  }
  return missing("no format " + text::quote(name) + "; see: tocsin formats");
}

std::string detect_format(std::string_view, std::string_view) { return {}; }

std::vector<KnownFormat> known_formats() {
  std::vector<KnownFormat> out;
  for (const auto& entry : formats()) out.push_back({entry.name, entry.plugin.summary});
  return out;
}

Result<std::string> report_text(std::string raw) { return unpack_text(raw); }

}  // namespace tocsin::ingest
