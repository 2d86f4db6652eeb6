// Fuzzes the filter language: whatever is taken must print as a text that is taken again and means
// the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "store/filter.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  constexpr TimeUs now = 1'800'000'000 * us_per_s;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto filter = store::parse_filter(text, now);
  if (!filter) {
    check(!filter.error().what.empty(), "an error says what is wrong");
    return 0;
  }
  std::string canonical = store::format(*filter);
  auto again = store::parse_filter(canonical, now + us_per_day);
  // A canonical text may be longer than what was typed, and so be refused for its length alone.
  if (!again && canonical.size() > store::filter_bytes_max) return 0;
  check(again.has_value(), "a canonical filter is a filter");
  for (auto& condition : filter->all) condition.guessed = false;
  check(*again == *filter, "a canonical filter means the same");
  check(store::format(*again) == canonical, "a canonical filter is its own canonical text");
  for (const auto& condition : again->all) {
    static_cast<void>(store::holds(condition, std::int64_t{443}));
    static_cast<void>(store::holds(condition, text));
    static_cast<void>(store::holds(condition, Ip::from_v4(0xc0000201)));
  }
  return 0;
}
