#include "store/mutes.h"

#include <algorithm>

#include "base/text.h"
#include "model/normal.h"
#include "store/handling.h"

namespace tocsin::store {
namespace {

constexpr std::size_t subject_bytes_max = 2048, feed_bytes_max = 255;

std::uint64_t ones(unsigned bits) {
  return bits == 0 ? 0 : ~std::uint64_t{0} << (64 - bits);
}

// The first `length` bits of 128.
template <class Prefix>
Prefix masked(std::uint64_t high, std::uint64_t low, unsigned length) {
  return length <= 64 ? Prefix{high & ones(length), 0} : Prefix{high, low & ones(length - 64)};
}

}  // namespace

bool Mute::covers(const Finding& f) const {
  if (type && f.type != *type) return false;
  if (!feed.empty() && (f.feeds.size() != 1 || f.feeds[0] != feed)) return false;
  if (subject.empty()) return true;
  bool address = f.subject_kind == SubjectKind::address;
  if (network.length > 0) return address && network.contains(f.ip);
  return !address && f.subject == subject;
}

Result<Mute> mute_of(const MuteWish& wish, TimeUs now) {
  Mute mute{.until = wish.until / us_per_s * us_per_s, .at = now / us_per_s * us_per_s};
  mute.subject = TRY(one_line(wish.subject, subject_bytes_max, "the subject"));
  mute.feed = TRY(one_line(wish.feed, feed_bytes_max, "the feed"));
  mute.reason = TRY(one_line(wish.reason, reason_bytes_max, "the reason"));
  if (!wish.type.empty()) {
    mute.type = type_named(wish.type);
    if (!mute.type) return invalid("no type " + text::quote(wish.type));
  }
  if (mute.subject.empty() && !mute.type && mute.feed.empty()) {
    return invalid("what to mute? say a subject, a type, a feed, or several of them");
  }
  if (auto network = ip::parse_network(mute.subject)) {
    bool all_v4 = network->length == 96 && network->base.is_v4();
    if (network->length == 0 || all_v4)
      return invalid("mute a type or a feed rather than all addresses");
    mute.network = *network;
    mute.subject = network->length == 128 ? ip::format(network->base) : ip::format(*network);
  } else if (auto name = normal::name(mute.subject, true)) {
    mute.subject = *std::move(name);
  } else if (auto url = normal::url(mute.subject)) {
    mute.subject = *std::move(url);
  }
  if (mute.until <= now) {
    return invalid("the mute's end is in the past: " + times::format(mute.until));
  }
  if (mute.until > now + mute_longest) return invalid("a mute lasts 10 years at most");
  if (mute.reason.empty()) return invalid("say why it is muted");
  return mute;
}

void MuteTable::add(const Mute& mute, Ids ids) {
  if (!mute.feed.empty() && ids.feed_alone == 0) return;
  Rest rest{.type = mute.type, .feeds = mute.feed.empty() ? 0 : ids.feed_alone};
  if (mute.subject.empty()) {
    wide_.push_back(rest);
  } else if (mute.network.length > 0) {
    unsigned length = mute.network.length;
    auto level = std::ranges::find(networks_, length, &Level::length);
    if (level == networks_.end()) level = networks_.insert(level, {length, {}});
    auto prefix = masked<Prefix>(mute.network.base.high(), mute.network.base.low(), length);
    level->prefixes[prefix].push_back(rest);
  } else if (ids.text != 0) {
    texts_[ids.text].push_back(rest);
  }
}

bool MuteTable::fits(const std::vector<Rest>& rests, const Row& row) {
  return std::ranges::any_of(rests, [&](const Rest& rest) {
    return (!rest.type || *rest.type == row.type) && (rest.feeds == 0 || rest.feeds == row.feeds);
  });
}

bool MuteTable::covers(const Row& row) const {
  if (fits(wide_, row)) return true;
  if (!row.is_address) {
    auto at = texts_.find(row.text);
    return at != texts_.end() && fits(at->second, row);
  }
  return std::ranges::any_of(networks_, [&](const Level& level) {
    auto at = level.prefixes.find(masked<Prefix>(row.high, row.low, level.length));
    return at != level.prefixes.end() && fits(at->second, row);
  });
}

}  // namespace tocsin::store
