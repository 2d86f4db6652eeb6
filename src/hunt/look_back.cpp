#include "hunt/look_back.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <unordered_map>

#include "match/ranges.h"
#include "model/members.h"
#include "model/normal.h"

namespace tocsin::hunt {
namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned timeout_ms = 600'000;
constexpr std::uint64_t window_max = 1 << 20;
constexpr auto quick = std::chrono::milliseconds(100), slow = std::chrono::milliseconds(1000);

bool is_hash(Kind kind) {
  return kind == Kind::md5 || kind == Kind::sha1 || kind == Kind::sha256 || kind == Kind::sha512;
}

}  // namespace

// What is looked for, by where it may stand.
class LookBack::Targets {
 public:
  using Listed = std::vector<std::pair<std::uint64_t, Observable>>;
  Targets(Listed listed, const std::function<std::string(std::string_view)>& account)
      : listed_(std::move(listed)) {
    std::vector<std::pair<Network, std::uint64_t>> networks;
    for (auto& [id, observable] : listed_) {
      Kind kind = observable.kind;
      if (kind == Kind::mail && account) observable.value = account(observable.value);
      std::string_view value = observable.value;
      if (kind == Kind::ip || kind == Kind::network) {
        if (auto network = ip::parse_network(value)) networks.emplace_back(*network, id);
      } else if (kind == Kind::domain) {
        names_.emplace(value, id);
      } else if (kind == Kind::url) {
        urls_.emplace(value, id);
      } else if (kind == Kind::mail) {
        accounts_.emplace(value, id);
      } else if (is_hash(kind)) {
        hashes_.emplace(value, id);
      } else if (kind == Kind::asn) {
        asns_.emplace(value, id);
      }
    }
    add(std::move(networks));
  }

  // Columns of events, those that nobody asks for as nothing.
  std::string select(std::uint64_t first, std::uint64_t before) const {
    bool texts = !names_.empty() || !urls_.empty() || !hashes_.empty() || !accounts_.empty();
    bool urls = !urls_.empty() || !names_.empty();
    auto numbers = [](bool yes, std::string_view names, std::string_view none) {
      return yes ? names : none;
    };
    return fmt::format(
        "SELECT time, type, {}, {}, {}, {}, {} FROM events WHERE id >= {} AND id < {} AND "
        "flags & {} = 0 AND type <> {}",
        numbers(!networks_.empty(), "source_high, source_low, destination_high, destination_low",
                "0::UBIGINT, 0::UBIGINT, 0::UBIGINT, 0::UBIGINT"),
        numbers(!asns_.empty(), "source_asn, destination_asn", "0::UINTEGER, 0::UINTEGER"),
        numbers(!names_.empty(), "name", "''"), numbers(urls, "url", "''"),
        numbers(texts, "extra", "''"), first, before, flag_exercise, static_cast<int>(Type::test));
  }
  bool empty() const {
    return networks_.empty() && asns_.empty() && names_.empty() && urls_.empty() &&
           hashes_.empty() && accounts_.empty();
  }

  void take(const store::DuckChunk& chunk) {
    std::vector<Ip> ips(chunk.rows());
    std::vector<std::uint32_t> found[2];
    for (std::size_t end = 0; end < 2; ++end) {
      const auto *high = chunk.column<std::uint64_t>(2 + 2 * end),
                 *low = chunk.column<std::uint64_t>(3 + 2 * end);
      for (std::size_t i = 0; i < ips.size(); ++i) ips[i] = Ip::from_halves(high[i], low[i]);
      found[end].assign(ips.size(), 0);
      if (!networks_.empty()) ranges_.find(ips, found[end]);
    }
    for (std::size_t i = 0; i < chunk.rows(); ++i) {
      hits_.clear();
      for (const auto& end : found) {
        for (std::uint32_t at = end[i]; at != 0; at = networks_[at - 1].around)
          hits_.push_back(networks_[at - 1].id);
      }
      texts_of(chunk, i);
      if (hits_.empty()) continue;
      std::ranges::sort(hits_);
      hits_.erase(std::ranges::unique(hits_).begin(), hits_.end());
      TimeUs time = chunk.column<std::int64_t>(0)[i];
      std::uint64_t type = std::uint64_t{1} << chunk.column<std::uint8_t>(1)[i];
      for (std::uint64_t id : hits_) note(id, time, type);
    }
  }

  std::vector<Seen> take_seen() {
    std::vector<Seen> out;
    for (const auto& [id, seen] : seen_) out.push_back(seen);
    std::ranges::sort(out, {}, &Seen::indicator);
    seen_.clear();
    return out;
  }

 private:
  struct Listing {
    std::uint64_t id;
    std::uint32_t around;  // the place of the next wider one, from 1; 0: none
  };
  using Texts = std::unordered_map<std::string_view, std::uint64_t>;  // views of listed_

  // An address is in each network around it, and Ranges knows the longest.
  void add(std::vector<std::pair<Network, std::uint64_t>> networks) {
    std::ranges::sort(networks);
    std::vector<match::Ranges::Prefix> prefixes;
    for (const auto& [network, id] : networks) {
      auto place = static_cast<std::uint32_t>(networks_.size() + 1);
      std::uint32_t around = place - 1;
      while (around != 0 && !(prefixes[around - 1].network.length <= network.length &&
                              prefixes[around - 1].network.contains(network.base)))
        around = networks_[around - 1].around;
      networks_.push_back({id, around});
      prefixes.push_back({network, place});
    }
    ranges_ = match::Ranges::build(std::move(prefixes));
  }

  void look(const Texts& texts, std::string_view text) {
    if (text.empty() || texts.empty()) return;
    if (auto found = texts.find(text); found != texts.end()) hits_.push_back(found->second);
  }
  void look_url(std::string_view url) {
    look(urls_, url);
    look(names_, normal::url_host(url));
  }

  void texts_of(const store::DuckChunk& chunk, std::size_t i) {
    for (std::size_t column : {6, 7}) {
      std::uint32_t asn = asns_.empty() ? 0 : chunk.column<std::uint32_t>(column)[i];
      if (asn != 0) look(asns_, std::to_string(asn));
    }
    look(names_, chunk.text(8, i));
    look_url(chunk.text(9, i));
    std::string_view extra = chunk.text(10, i);
    if (extra.size() <= 2) return;
    for (const Member& member : Members(extra.substr(1, extra.size() - 2))) {
      if (member.name == "destination.fqdn") {
        look(names_, json_text(member.json));
      } else if (member.name == "destination.url") {
        look_url(json_text(member.json));
      } else if (member.name == "source.account" || member.name == "destination.account") {
        look(accounts_, json_text(member.json));
      } else if (member.name.starts_with("malware.hash.")) {
        look(hashes_, json_text(member.json));
      }
    }
  }

  void note(std::uint64_t id, TimeUs time, std::uint64_t type) {
    Seen& seen =
        seen_.try_emplace(id, Seen{.indicator = id, .first = time, .last = time}).first->second;
    ++seen.count;
    seen.first = std::min(seen.first, time);
    seen.last = std::max(seen.last, time);
    seen.types |= type;
  }

  Listed listed_;
  std::vector<Listing> networks_;
  match::Ranges ranges_;
  Texts names_, urls_, hashes_, accounts_, asns_;
  std::vector<std::uint64_t> hits_;
  std::unordered_map<std::uint64_t, Seen> seen_;
};

LookBack::LookBack(Parts parts) : parts_(std::move(parts)) {}
LookBack::~LookBack() = default;

Result<bool> LookBack::step() {
  LookedUp state = TRY(parts_.indicators.looked_up());
  if (state.up_to <= state.done) {
    auto next = TRY(parts_.indicators.after(state.done, look_back_indicators_max));
    if (next.empty()) return false;
    state = {.done = state.done, .up_to = next.back().first, .last_seq = parts_.last_seq()};
  }
  if (!targets_ || targets_after_ != state.done || targets_up_to_ != state.up_to) {
    auto listed = TRY(parts_.indicators.after(state.done, look_back_indicators_max));
    std::erase_if(listed, [&](const auto& one) { return one.first > state.up_to; });
    targets_ = std::make_unique<Targets>(std::move(listed), parts_.account);
    targets_after_ = state.done, targets_up_to_ = state.up_to;
  }
  std::uint64_t to = std::min({state.seq + window_, state.last_seq, parts_.columns.watermark()});
  if (targets_->empty()) to = state.last_seq;
  if (to < state.last_seq && to <= state.seq) return false;  // the columns are behind
  auto began = Clock::now();
  if (to > state.seq && !targets_->empty()) {
    auto take = [&](const store::DuckChunk& chunk) { targets_->take(chunk); };
    std::ignore = targets_->take_seen();  // of a part that failed
    TRY(parts_.columns.select(targets_->select(event_id(state.seq + 1, 0), event_id(to + 1, 0)),
                              take, timeout_ms));
  }
  state.seq = to;
  if (state.seq >= state.last_seq) state.done = state.up_to;
  auto seen = targets_->take_seen();
  TRY(parts_.indicators.keep_looked_up(state, seen));
  if (state.done == state.up_to) targets_.reset();
  auto took = Clock::now() - began;
  if (took < quick) window_ = std::min(window_ * 2, window_max);
  if (took > slow) window_ = std::max<std::uint64_t>(window_ / 2, 1);
  return true;
}

}  // namespace tocsin::hunt
