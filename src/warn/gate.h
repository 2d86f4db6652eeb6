// KeyGate: lets a key through that has come three times: a count-min sketch with conservative
// update, of 16 MB, which is made when it is first asked. It keeps ten million keys of one mad
// scanner out of the series. It never keeps out a key that came three times; it lets some through
// sooner.
// Source: G. Cormode, S. Muthukrishnan, J. Algorithms 55 (2005) 58; C. Estan, G. Varghese, SIGCOMM
// 2002 (conservative update).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::warn {

class KeyGate {
 public:
  static constexpr std::uint8_t times = 3;

  // Counts the key once more; true: it has come `times` times. `hash`: evenly spread.
  bool pass(std::uint64_t hash) {
    if (counts_.empty()) counts_.resize(rows * width);
    std::array<std::uint8_t*, rows> at;
    std::uint8_t least = times;
    for (std::size_t i = 0; i < rows; ++i) {
      at[i] = &counts_[i * width + (hash >> (i * 14) & (width - 1))];
      least = std::min(least, *at[i]);
    }
    if (least >= times) return true;
    for (std::uint8_t* count : at) *count = std::max<std::uint8_t>(*count, least + 1);
    return least + 1 >= times;
  }
  void clear() { counts_ = {}; }
  std::size_t size_bytes() const { return counts_.size(); }
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(counts_.data()), counts_.size()};
  }
  bool load(std::string_view bytes) {
    if (!bytes.empty() && bytes.size() != rows * width) return false;
    counts_.assign(bytes.begin(), bytes.end());
    return true;
  }
  static constexpr std::size_t size_max = std::size_t{4} << 22;

 private:
  static constexpr std::size_t rows = 4, width = size_max / rows;
  std::vector<std::uint8_t> counts_;
};

}  // namespace tocsin::warn
