// Saved: values as octets and back, for states that outlive a restart: little endian, texts with
// their length before them.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace tocsin::warn {

static_assert(std::endian::native == std::endian::little);

class Saver {
 public:
  template <class T>
    requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void put(T value) {
    char octets[sizeof value];
    std::memcpy(octets, &value, sizeof value);
    out_.append(octets, sizeof value);
  }
  void put(const std::string& text) {
    put(static_cast<std::uint32_t>(text.size()));
    out_ += text;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// Once something is cut or too long everything after it is 0 or empty, and is_good() false.
class Loader {
 public:
  explicit Loader(std::string_view octets) : rest_(octets) {}

  template <class T>
    requires std::is_arithmetic_v<T> || std::is_enum_v<T>
  void get(T& value) {
    if (rest_.size() < sizeof value) return fail();
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
  }
  void get(bool& value) {
    std::uint8_t octet = 0;
    get(octet);
    value = octet != 0;
  }
  void get(std::string& text) {
    std::uint32_t size = 0;
    get(size);
    if (rest_.size() < size) return fail();
    text.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }
  // A number of things of at least `each` octets: 0 if there cannot be so many.
  std::size_t number(std::size_t each) {
    std::uint32_t n = 0;
    get(n);
    if (n > rest_.size() / each) fail(), n = 0;
    return n;
  }
  bool is_good() const { return good_; }
  bool is_done() const { return good_ && rest_.empty(); }

 private:
  void fail() {
    good_ = false;
    rest_ = {};
  }
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace tocsin::warn
