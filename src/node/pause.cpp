#include "node/pause.h"

#include <filesystem>
#include <fstream>

#include "base/durable_file.h"
#include "base/text.h"

namespace tocsin::node {
namespace {
std::string path_of(const std::string& home) {
  return home + "/paused";
}
}  // namespace

std::optional<Pause> pause_of(const std::string& home) {
  std::ifstream file(path_of(home));
  if (!file) return std::nullopt;
  Pause pause;
  std::string since;
  std::getline(file, since);
  std::getline(file, pause.why);
  pause.since = times::parse(since).value_or(time_none);
  if (pause.why.empty()) pause.why = "there is a file paused in the data folder";
  return pause;
}

Result<void> begin_pause(const std::string& home, TimeUs now, std::string_view why) {
  return DurableFile::replace(path_of(home), times::format(now) + "\n" + std::string(why) + "\n");
}

Result<void> end_pause(const std::string& home) {
  std::error_code failed;
  std::filesystem::remove(path_of(home), failed);
  if (failed) {
    return unavailable("cannot remove " + text::quote(path_of(home)) + ": " + failed.message());
  }
  return {};
}

}  // namespace tocsin::node
