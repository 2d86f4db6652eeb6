#include "warn/pool.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/check.h"

namespace tocsin::warn {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr char version = 1;
constexpr double lone_p = 0.05;  // a pool without one member above it rests on that one
constexpr double hit_deviations = 1.64;

double number(float value) {
  return static_cast<double>(value);
}

// A weighted sum of scores, from which each part can be taken out again.
struct Sum {
  double score = 0, variance = 0, cube = 0;
  std::uint32_t members = 0;

  void add(const Surprise& part, double weight) {
    score += weight * part.score;
    variance += weight * weight;
    cube += weight * weight * weight * part.skewness;
    ++members;
  }
  Surprise surprise() const {
    if (variance <= 0) return {};
    double deviation = std::sqrt(variance);
    return {score / deviation, cube / (variance * deviation)};
  }
  Surprise without(const Surprise& part, double weight) const {
    Sum rest = *this;
    rest.add({-part.score, 0}, weight);
    rest.variance = variance - weight * weight;
    rest.cube = cube - weight * weight * weight * part.skewness;
    return rest.variance > variance * 1e-9 ? rest.surprise() : Surprise{};
  }
};

// Nobody has more than the share of the sum. At most three of four or more are above 0.3.
void cap(std::span<double*> weights) {
  std::size_t n = 0;
  double sum = 0;
  for (double* w : weights) n += *w > 0, sum += *w;
  if (n == 0) return;
  double most = std::max(Pool::weight_max, 1 / static_cast<double>(n)), top = 0;
  for (std::size_t capped = 0; capped < n;) {
    double rest = 0;
    std::size_t above = 0;
    for (double* w : weights) {
      bool high = *w >= most * sum;
      above += high;
      if (!high) rest += *w;
    }
    if (above == capped) break;
    capped = above;
    double left = 1 - most * static_cast<double>(capped);
    if (rest <= 0 || left <= 1e-9) {  // two or three members: the same for each
      top = 0;
      for (double* w : weights) top = std::max(top, *w);
      for (double* w : weights) *w = *w > 0 ? top : 0;
      return;
    }
    sum = rest / left;
    top = most * sum;
  }
  if (top > 0) {
    for (double* w : weights) *w = std::min(*w, top);
  }
}

}  // namespace

struct Pool::Score {
  Surprise surprise;
  double weight = 0;  // 0: takes no part
  double count = 0;
  Expected expected;
  bool counted = false;  // gives counts, not a p-value
};

Pool::Pool(std::span<const std::uint32_t> groups) : members_(groups.size()) {
  check(!groups.empty() && groups.size() <= members_max, "a pool has 1 to 120 members");
  std::array<std::uint32_t, members_max> sizes{}, index{};
  for (auto group : groups) {
    if (group == no_group) continue;
    check(group < members_max, "the number of a group is below 120");
    ++sizes[group];
  }
  for (std::size_t g = 0; g < members_max; ++g) {
    index[g] = sizes[g] < 2 || sizes[g] == groups.size()
                   ? no_group
                   : static_cast<std::uint32_t>(groups_.size());
    if (index[g] != no_group) groups_.emplace_back();
  }
  for (auto group : groups) group_of_.push_back(group == no_group ? no_group : index[group]);
}

bool Pool::is_silent(std::size_t member) const {
  static const double bound = std::log(silence_probability);
  return number(members_[member].empty) < bound;
}

void Pool::score(const Reading& reading, Member& member, Score& out, Verdict& verdict) {
  if (reading.kind == Reading::Kind::silent) {
    ++verdict.silent;
    return;
  }
  if (reading.kind == Reading::Kind::p_value) {
    if (!(reading.p > 0 && reading.p <= 1)) {
      ++verdict.absurd;
      return;
    }
    // -ln p is exponential: mean 1, variance 1, skewness 2.
    out = {.surprise = {std::min(-std::log(reading.p) - 1, score_max), 2}, .weight = 1};
    return;
  }
  const auto& [mean, dispersion] = reading.expected;
  bool sane = reading.count >= 0 && reading.count <= count_max && mean >= 0 && mean <= count_max &&
              dispersion >= 0 && dispersion <= count_max;
  if (!sane) {
    ++verdict.absurd;
    return;
  }
  Expected expected{std::max(mean, mean_min), std::max(dispersion, 1.0)};
  member.empty = reading.count > 0
                     ? 0
                     : static_cast<float>(
                           std::max(number(member.empty) + std::log(none_seen(expected)), -1e6));
  if (is_silent(static_cast<std::size_t>(&member - members_.data()))) {
    ++verdict.silent;
    return;
  }
  verdict.extreme += reading.count > extreme_times * (expected.mean + 1);
  double deviation = std::sqrt(expected.variance());
  out = {.surprise = {std::min((reading.count - expected.mean) / deviation, score_max),
                      (2 * expected.dispersion - 1) / deviation},
         .weight = deviation,
         .count = reading.count,
         .expected = expected,
         .counted = true};
}

Verdict Pool::step(std::int64_t tick, std::span<const Reading> readings) {
  check(readings.size() == members_.size(), "one reading per member");
  Verdict verdict;
  if (tick <= tick_) return verdict;
  tick_ = tick;

  std::array<Score, members_max> scores{};
  double squares = 0;
  std::uint32_t counted = 0;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    score(readings[i], members_[i], scores[i], verdict);
    if (scores[i].weight <= 0) continue;
    ++verdict.members;
    members_[i].own.step(scores[i].surprise);
    if (scores[i].counted) ++counted, squares += scores[i].weight * scores[i].weight;
  }
  // What a member weighs that gives no counts is not known: as much as one that does.
  if (counted > 0) {
    for (Score& s : scores) {
      if (s.weight > 0 && !s.counted) s.weight = std::sqrt(squares / counted);
    }
  }
  if (members_.size() > 1) step_together({scores.data(), members_.size()}, verdict);
  judge({scores.data(), members_.size()}, verdict);
  return verdict;
}

// The groups' paths and the pool's, that one also without each member.
void Pool::step_together(std::span<const Score> scores, Verdict& verdict) {
  std::array<double, members_max> weights{};
  std::array<double*, members_max> some{};
  for (std::uint32_t g = 0; g < groups_.size(); ++g) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      weights[i] = scores[i].weight;
      if (group_of_[i] == g) some[n++] = &weights[i];
    }
    cap({some.data(), n});
    Sum sum;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (group_of_[i] == g && weights[i] > 0) sum.add(scores[i].surprise, weights[i]);
    }
    if (sum.members > 0) groups_[g].step(sum.surprise());
  }

  for (std::size_t i = 0; i < scores.size(); ++i) {
    weights[i] = scores[i].weight;
    some[i] = &weights[i];
  }
  cap({some.data(), scores.size()});
  Sum sum;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (weights[i] > 0) sum.add(scores[i].surprise, weights[i]);
  }
  if (sum.members == 0) return;
  double deviation = std::sqrt(pool_.spread()), lowest = Path::height_max;
  bool at_bottom = pool_.height <= 0;
  pool_.step(sum.surprise());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    Member& member = members_[i];
    Surprise rest = sum.without(scores[i].surprise, weights[i]);
    double gain = exponent_of(rest.skewness) * (rest.score / deviation - Path::reference);
    double height = std::clamp(number(member.without) + gain, 0.0, Path::height_max);
    member.without = static_cast<float>(height);
    if (at_bottom) member.excess = member.variance = 0;
    const Score& s = scores[i];
    if (s.weight <= 0) continue;
    member.excess += static_cast<float>(s.counted ? s.count - s.expected.mean : s.surprise.score);
    member.variance += static_cast<float>(s.counted ? s.expected.variance() : 1);
    verdict.hit += number(member.excess) > hit_deviations * std::sqrt(number(member.variance));
    if (height < lowest) lowest = height, verdict.which = static_cast<std::uint32_t>(i);
  }
  if (verdict.members > 1) {
    verdict.without_one_p = std::min(1.0, Verdict::looks * alarm_rate_of(lowest));
  }
}

void Pool::judge(std::span<const Score> scores, Verdict& verdict) const {
  bool several = members_.size() > 1, grouped = !groups_.empty();
  double shares = member_share + (grouped ? group_share : 0) + (several ? pool_share : 0);
  std::uint32_t leaned_on = verdict.which;  // the member that the pool's path would miss most
  // The highest of each level, then the level of which that is rarest.
  auto take = [&](Level level, std::span<const Path* const> paths, double share) {
    auto top = std::ranges::max_element(paths, {}, [](const Path* path) { return path->height; });
    double p = (*top)->alarm_rate() * static_cast<double>(paths.size()) * shares / share;
    if (p >= verdict.p) return;
    verdict.p = p;
    verdict.recent_p = (*top)->recent_tail();
    verdict.level = level;
    verdict.which = static_cast<std::uint32_t>(top - paths.begin());
  };
  verdict.which = 0;
  std::array<const Path*, members_max> paths{&pool_};
  if (several) take(Level::pool, {paths.data(), 1}, pool_share);
  for (std::size_t g = 0; g < groups_.size(); ++g) paths[g] = &groups_[g];
  if (grouped) take(Level::group, {paths.data(), groups_.size()}, group_share);
  for (std::size_t i = 0; i < members_.size(); ++i) paths[i] = &members_[i].own;
  take(Level::member, {paths.data(), members_.size()}, member_share);
  if (verdict.level == Level::pool && verdict.p < 1 && verdict.without_one_p >= lone_p &&
      verdict.members > 1) {
    verdict.level = Level::member;
    verdict.which = leaned_on;
  }
  double variance = 0;
  verdict.expected = {0, 1};
  for (std::size_t i = 0; i < scores.size(); ++i) {
    bool part =
        verdict.level == Level::pool ||
        (verdict.level == Level::group ? group_of_[i] == verdict.which : i == verdict.which);
    if (!part || !scores[i].counted) continue;
    verdict.count += scores[i].count;
    verdict.expected.mean += scores[i].expected.mean;
    variance += scores[i].expected.variance();
  }
  if (verdict.expected.mean > 0) verdict.expected.dispersion = variance / verdict.expected.mean;
}

// version, tick, numbers of groups and members, the pool's path, those of groups, the members.
std::string Pool::save() const {
  std::string bytes(1, version);
  auto put = [&](const void* from, std::size_t size) {
    bytes.append(static_cast<const char*>(from), size);
  };
  auto groups = static_cast<std::uint32_t>(groups_.size());
  auto members = static_cast<std::uint32_t>(members_.size());
  put(&tick_, sizeof tick_);
  put(&groups, sizeof groups);
  put(&members, sizeof members);
  put(&pool_, sizeof pool_);
  put(groups_.data(), groups_.size() * sizeof(Path));
  put(members_.data(), members_.size() * sizeof(Member));
  return bytes;
}

Result<void> Pool::restore(std::string_view bytes) {
  std::size_t head = 1 + sizeof tick_ + 2 * sizeof(std::uint32_t);
  std::size_t size = head + (1 + groups_.size()) * sizeof(Path) + members_.size() * sizeof(Member);
  if (bytes.size() != size || bytes[0] != version)
    return invalid("not a pool's state of this version and number of members");
  const char* at = bytes.data() + 1;
  auto get = [&](void* to, std::size_t length) {
    std::memcpy(to, at, length);
    at += length;
  };
  Pool read = *this;
  std::uint32_t groups = 0, members = 0;
  get(&read.tick_, sizeof tick_);
  get(&groups, sizeof groups);
  get(&members, sizeof members);
  if (groups != groups_.size() || members != members_.size())
    return invalid("a pool's state of other members");
  get(&read.pool_, sizeof pool_);
  get(read.groups_.data(), groups_.size() * sizeof(Path));
  get(read.members_.data(), members_.size() * sizeof(Member));
  bool sane = read.pool_.is_sane();
  for (const Path& p : read.groups_) sane = sane && p.is_sane();
  for (const Member& m : read.members_) {
    sane = sane && m.own.is_sane() && m.without >= 0 && number(m.without) <= Path::height_max &&
           std::isfinite(m.excess) && m.variance >= 0 && std::isfinite(m.variance) &&
           m.empty <= 0 && std::isfinite(m.empty);
  }
  if (!sane) return invalid("a pool's state with values that none can have");
  *this = std::move(read);
  return {};
}

}  // namespace tocsin::warn
