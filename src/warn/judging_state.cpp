// What judging knows, as bytes: version, feeds with their series, notices. Little endian.
#include <cmath>
#include <cstring>
#include <type_traits>

#include "warn/judging.h"

namespace tocsin::warn {
namespace {

constexpr std::uint32_t version = 1;
constexpr std::int64_t tick_most = std::int64_t{1} << 40;

template <class T>
void put(std::string& out, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  template <class T>
  bool value(T& out) {
    if (rest_.size() < sizeof out) return false;
    std::memcpy(&out, rest_.data(), sizeof out);
    rest_.remove_prefix(sizeof out);
    return true;
  }
  bool take(std::size_t size, std::string_view& out) {
    if (size > rest_.size()) return false;
    out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  std::size_t left() const { return rest_.size(); }

 private:
  std::string_view rest_;
};

bool take(Reader& in, Filter& filter) {
  std::string_view bytes;
  if (!in.take(Filter::saved_bytes, bytes)) return false;
  auto restored = Filter::restore(bytes);
  if (restored) filter = *restored;
  return restored.has_value();
}

template <class Floats>
bool all_finite(const Floats& values) {
  for (float value : values) {
    if (!std::isfinite(value)) return false;
  }
  return true;
}

struct Head {  // of a feed
  WordId feed;
  std::uint8_t step;
  std::int64_t next, first, days, last_day;
  TimeUs switched;
  std::uint64_t events, future, old;
  float ratio;
  std::uint32_t ticks;
  std::uint64_t tracks;
};

}  // namespace

std::string Judging::save() const {
  std::string out;
  put(out, version);
  put(out, static_cast<std::uint64_t>(feeds_.size()));
  for (const auto& [feed, of] : feeds_) {
    Head head{};
    head.feed = feed;
    head.step = static_cast<std::uint8_t>(of.step);
    head.next = of.next, head.first = of.first, head.days = of.days, head.last_day = of.last_day;
    head.switched = of.switched;
    head.events = of.events, head.future = of.future, head.old = of.old;
    head.ratio = of.ratio;
    head.ticks = of.ticks;
    head.tracks = of.tracks.size();
    put(out, head);
    put(out, of.novelty);
    out += of.total.save();
    for (const Track& track : of.tracks) {
      put(out, track.key);
      put(out, track.last);
      put(out, track.states);
      out += track.filter.save();
    }
  }
  return out + watch_.save();
}

Result<void> Judging::load(std::string_view bytes) {
  Reader in(bytes);
  auto damaged = [this] {
    *this = {};
    return invalid("damaged state of the judging of series");
  };
  std::uint32_t found = 0;
  std::uint64_t feeds = 0;
  *this = {};
  if (!in.value(found) || found != version || !in.value(feeds)) return damaged();
  for (std::uint64_t i = 0; i < feeds; ++i) {
    Head head{};
    if (!in.value(head) || head.step > static_cast<std::uint8_t>(Step::day) ||
        std::abs(head.next) > tick_most || head.tracks > series_max) {
      return damaged();
    }
    OfFeed& of = feeds_[head.feed];
    of.step = static_cast<Step>(head.step);
    of.next = head.next, of.first = head.first, of.days = head.days, of.last_day = head.last_day;
    of.switched = head.switched;
    of.events = head.events, of.future = head.future, of.old = head.old;
    of.ratio = std::isfinite(head.ratio) ? head.ratio : 0;
    of.ticks = head.ticks;
    if (!in.value(of.novelty) || !take(in, of.total)) return damaged();
    for (std::uint64_t k = 0; k < head.tracks; ++k) {
      Track& track = of.tracks.emplace_back();
      if (!in.value(track.key) || !track.key.sound() || !in.value(track.last) ||
          !in.value(track.states) || !all_finite(track.states) || !take(in, track.filter) ||
          !of.places.emplace(track.key, static_cast<std::uint32_t>(k)).second) {
        return damaged();
      }
    }
    count_ += of.tracks.size();
  }
  std::string_view notices;
  if (!in.take(in.left(), notices) || !watch_.load(notices)) return damaged();
  return {};
}

}  // namespace tocsin::warn
