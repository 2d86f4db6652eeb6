#include "warn/history.h"

#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "base/durable_file.h"
#include "base/mapped_file.h"

namespace tocsin::warn {

std::string History::path(Day day, std::uint64_t number) const {
  return fmt::format("{}/{}.{}.day", folder_, times::format_day(day), number);
}

Result<History::Named> History::write(Day day, std::string_view bytes) {
  Named named{next_++, bytes.size()};
  auto file = TRY(DurableFile::create(path(day, named.number)));
  file.bytes(bytes);
  TRY(file.commit());
  return named;
}

Result<DaySeries> History::read(Day day, const Named& named) const {
  auto file = TRY(MappedFile::open(path(day, named.number)));
  return DaySeries::decode(TRY(DurableFile::checked(file.bytes())));
}

void History::remove_others(const Files& files) const {
  std::set<std::string> wanted;
  for (const auto& [day, named] : files) wanted.insert(path(day, named.number));
  std::error_code failed;
  std::vector<std::string> others;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, failed)) {
    std::string path = entry.path().string();
    bool ours = path.ends_with(".day") || path.ends_with(".day.new");
    if (ours && !wanted.contains(path)) others.push_back(std::move(path));
  }
  for (const auto& path : others) std::filesystem::remove(path, failed);
}

}  // namespace tocsin::warn
