// The world of bench_counts: deterministic events, as batches and as plain counting knows them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/batch.h"

namespace tocsin {

inline constexpr Day first_day = 20089;  // 2025-01-01
inline constexpr Day days = 608;         // to 2026-08-31

inline std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

// An event as plain counting knows it.
struct Plain {
  Day day = 0;
  WordId feed = 0, family = 0, sector = 0;
  std::uint32_t asn = 0;
  Country country{};
  Type type{};
  bool steered = false;  // of a type that has controllers
  Country controller{};  // empty: unknown
  bool name = false;     // the subject is a name, else an address
  std::uint32_t subject = 0;
};

// A country that reports much, sixty others; bots, exposed services, defacements. The country's
// bots come from 1.2 M addresses a month, of which a part returns: some 8 M in eight months.
class World {
 public:
  void fill(EventBatch& b, std::uint64_t from, std::uint64_t total, std::vector<Plain>* plain) {
    b.clear();
    b.seq = ++seq_;
    b.feed = 1 + static_cast<WordId>(seq_ % 6);
    if (b.feed == 6 && at(from, total) < first_day + 365) b.feed = 1;  // new in the second year
    for (std::uint64_t k = 0; k < batch_events_max && from + k < total; ++k) {
      std::uint64_t r = mix(state_++), s = mix(r);
      Day day = at(from + k, total);
      auto i = static_cast<std::size_t>(k);
      b.add_row();
      b.time[i] = times::start_of(day) + static_cast<TimeUs>(r % 86'400) * us_per_s;
      bool main = r % 10 != 0;
      std::uint64_t other = s % 60;
      Country country =
          main ? Country{'B' << 8 | 'R'}
               : Country{static_cast<std::uint16_t>(('A' + other / 8) << 8 | ('A' + other % 8))};
      b.source.country[i] = country;
      auto month = static_cast<std::uint64_t>(day / 30);
      std::uint64_t host =
          mix((s >> 8) % (main ? 1'200'000 : 60'000) + (month << 24) + (main ? 0 : other << 44));
      // 420 upper halves for the country, 40 for each other.
      std::uint64_t block = main ? 0x0b00 + host % 420 : 0x2000 + other * 40 + host % 40;
      auto address = static_cast<std::uint32_t>(block << 16 | (host >> 32 & 0xffff));
      b.source.asn[i] = static_cast<std::uint32_t>(
          1000 + (main ? (address >> 14) % 1600 : 2000 + other * 20 + address % 20));
      std::uint64_t what = (r >> 32) % 1000;
      b.type[i] = what < 700   ? Type::infected_system
                  : what < 900 ? Type::vulnerable_system
                  : what < 998 ? Type::potentially_unwanted_accessible
                               : Type::unauthorised_information_modification;
      b.roles[i] = usual_roles(b.type[i]);
      b.family[i] = b.type[i] == Type::infected_system
                        ? 10 + static_cast<WordId>(std::min((s >> 40) % 30, (s >> 50) % 30))
                        : 0;
      if (b.type[i] == Type::infected_system && s >> 60 > 4) {
        b.controller_reason[i] = ControllerReason::feed;
        std::uint64_t c = (s >> 55) % 30;
        b.destination.country[i] = {static_cast<std::uint16_t>(('N' << 8) + 'A' + c % 26)};
      }
      if (s >> 61 == 0) b.sector[i] = 100 + static_cast<WordId>((s >> 30) % 12);
      b.source.ip[i] = Ip::from_v4(address);
      bool defaced = b.type[i] == Type::unauthorised_information_modification;
      auto site = static_cast<std::uint32_t>(r % 40'000);
      if (defaced) b.source.name[i] = b.keep("www" + std::to_string(site) + ".example.org");
      if (plain == nullptr) continue;
      plain->push_back({.day = day,
                        .feed = b.feed,
                        .family = b.family[i],
                        .sector = b.sector[i],
                        .asn = b.source.asn[i],
                        .country = country,
                        .type = b.type[i],
                        .steered = b.type[i] == Type::infected_system,
                        .controller = b.destination.country[i],
                        .name = defaced,
                        .subject = defaced ? site : address});
    }
  }

 private:
  static Day at(std::uint64_t event, std::uint64_t total) {
    return first_day + static_cast<Day>(event * days / total);
  }
  std::uint64_t state_ = 1, seq_ = 0;
};

}  // namespace tocsin
