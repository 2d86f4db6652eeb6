#include "wire/stix_match.h"

#include <fmt/format.h>
#include <glib.h>
#include <re2/re2.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "base/ip.h"
#include "base/text.h"
#include "wire/stix_bind.h"

namespace tocsin::wire {
namespace {

using Element = simdjson::dom::element;
using Object = simdjson::dom::object;
using LiteralKind = StixLiteral::Kind;
using Observation = StixObservations::Observation;

constexpr std::size_t expressions_max = 256;  // regular ones, and LIKE
constexpr std::int64_t expression_bytes_max = 1 << 20;

std::string composed(std::string_view text) {
  if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return std::string(text);
  std::unique_ptr<char, decltype(&g_free)> out(
      g_utf8_normalize(text.data(), static_cast<gssize>(text.size()), G_NORMALIZE_DEFAULT_COMPOSE),
      g_free);
  return out ? std::string(out.get()) : std::string();
}

// The text's characters as bytes, if none is beyond U+00FF.
std::optional<std::string> as_bytes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      out += text[i];
    } else if ((byte == 0xc2 || byte == 0xc3) && i + 1 < text.size()) {
      out += static_cast<char>((byte & 3) << 6 | (text[++i] & 0x3f));
    } else {
      return std::nullopt;
    }
  }
  return out;
}

// LIKE as a regular expression over the whole text.
std::string like(std::string_view text) {
  std::string out = "(?s)^(?:", plain;
  for (char c : text) {
    if (c != '%' && c != '_') {
      plain += c;
      continue;
    }
    out += re2::RE2::QuoteMeta(plain) + (c == '%' ? ".*" : ".");
    plain.clear();
  }
  return out + re2::RE2::QuoteMeta(plain) + ")$";
}

// A value that a path leads to.
struct Value {
  Element element;
  std::optional<std::string> bytes;  // of a `_bin` or `_hex` property
  bool refs = false;                 // a list of references
};

struct ReadyComparison {
  std::unique_ptr<const re2::RE2> text, bytes;    // of LIKE and MATCHES
  Network network;                                // of ISSUBSET and ISSUPERSET
  std::vector<StixTime> times;                    // of values that are times
  std::vector<std::optional<std::string>> latin;  // of values that are texts: their bytes
};

std::unique_ptr<const re2::RE2> expression(const std::string& text, bool latin) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(expression_bytes_max);
  if (latin) options.set_encoding(re2::RE2::Options::EncodingLatin1);
  return std::make_unique<const re2::RE2>(text, options);
}

Result<ReadyComparison> make_ready(const StixComparison& comparison) {
  ReadyComparison out;
  StixTest test = comparison.test;
  if (test == StixTest::like || test == StixTest::matches) {
    std::string constant = composed(comparison.values[0].text);
    auto compiled = [&](const std::string& text, bool latin) {
      return expression(test == StixTest::like ? like(text) : text, latin);
    };
    out.text = compiled(constant, false);
    if (!out.text->ok())
      return invalid(fmt::format("not a regular expression: {}: {}", text::quote(constant),
                                 out.text->error()));
    if (auto bytes = as_bytes(constant)) out.bytes = compiled(*bytes, true);
  } else if (test == StixTest::subset || test == StixTest::superset) {
    out.network = TRY(ip::parse_network(comparison.values[0].text));
  }
  for (const StixLiteral& value : comparison.values) {
    out.latin.push_back(value.kind == LiteralKind::text ? as_bytes(value.text) : std::nullopt);
    StixTime made;
    if (value.kind == LiteralKind::time) {
      auto time = stix_time(value.text);
      if (!time) return invalid("no such day: " + text::quote(value.text));
      made = *time;
    }
    out.times.push_back(made);
  }
  return out;
}

bool is_within(const Network& inner, const Network& outer) {
  return inner.base.is_v4() == outer.base.is_v4() && inner.length >= outer.length &&
         outer.contains(inner.base);
}

// Where a value stands beside a constant. nullopt: the two cannot be compared.
class Compared {
 public:
  Compared(const Value& value, const StixComparison& comparison, const ReadyComparison& ready)
      : value_(value), comparison_(comparison), ready_(ready) {}

  std::optional<std::partial_ordering> order(std::size_t at) {
    const StixLiteral& literal = comparison_.values[at];
    std::string_view text;
    bool is_text = !value_.bytes && !value_.element.get(text);
    if (value_.bytes) {
      if (literal.kind == LiteralKind::binary) return *value_.bytes <=> literal.text;
      if (literal.kind == LiteralKind::text && ready_.latin[at])
        return *value_.bytes <=> *ready_.latin[at];
      return std::nullopt;
    }
    if (literal.kind == LiteralKind::time) return is_text ? time(text, at) : std::nullopt;
    if (is_text) {
      if (literal.kind == LiteralKind::text) return text <=> std::string_view(literal.text);
      auto bytes = literal.kind == LiteralKind::binary ? as_bytes(text) : std::nullopt;
      if (bytes) return *bytes <=> literal.text;
      return std::nullopt;
    }
    bool yes = false;
    if (!value_.element.get(yes)) {
      if (literal.kind != LiteralKind::boolean) return std::nullopt;
      return yes == literal.yes ? std::partial_ordering::equivalent
                                : std::partial_ordering::unordered;
    }
    return literal.is_number() ? number(literal) : std::nullopt;
  }
  std::optional<Error> error;

 private:
  std::optional<std::partial_ordering> time(std::string_view text, std::size_t at) {
    auto made = stix_time(text);
    if (made) return *made <=> ready_.times[at];
    error = Error{Fault::invalid, "not a time, to be compared with one: " + text::quote(text)};
    return std::nullopt;
  }
  // In the widest numbers there are: 2^63 - 1 is not 2^63.
  std::optional<std::partial_ordering> number(const StixLiteral& literal) const {
    long double ours = 0;
    std::int64_t integer = 0;
    std::uint64_t large = 0;
    double real = 0;
    if (!value_.element.is_number()) return std::nullopt;
    if (value_.element.is_int64() && !value_.element.get(integer)) {
      ours = static_cast<long double>(integer);
    } else if (value_.element.is_uint64() && !value_.element.get(large)) {
      ours = static_cast<long double>(large);
    } else if (!value_.element.get(real)) {
      ours = real;
    }
    long double theirs = literal.kind == LiteralKind::real
                             ? static_cast<long double>(literal.real)
                             : static_cast<long double>(literal.integer);
    return ours <=> theirs;
  }

  const Value& value_;
  const StixComparison& comparison_;
  const ReadyComparison& ready_;
};

bool fits(const ReadyComparison& ready, const Value& value) {
  if (value.bytes) return ready.bytes && re2::RE2::PartialMatch(*value.bytes, *ready.bytes);
  std::string_view text;
  if (value.element.get(text)) return false;
  return re2::RE2::PartialMatch(composed(text), *ready.text);
}

Result<bool> holds(const StixComparison& comparison, const ReadyComparison& ready,
                   const Value& value) {
  Compared compared(value, comparison, ready);
  bool yes = false;
  auto order = [&](std::size_t at) { return compared.order(at); };
  switch (comparison.test) {
    case StixTest::equal:
      yes = order(0) == std::partial_ordering::equivalent;
      break;
    case StixTest::not_equal:
      yes = order(0) != std::partial_ordering::equivalent;
      break;
    case StixTest::less:
      yes = order(0).value_or(std::partial_ordering::unordered) < 0;
      break;
    case StixTest::less_equal:
      yes = order(0).value_or(std::partial_ordering::unordered) <= 0;
      break;
    case StixTest::greater:
      yes = order(0).value_or(std::partial_ordering::unordered) > 0;
      break;
    case StixTest::greater_equal:
      yes = order(0).value_or(std::partial_ordering::unordered) >= 0;
      break;
    case StixTest::in:
      for (std::size_t i = 0; i < comparison.values.size() && !yes && !compared.error; ++i)
        yes = order(i) == std::partial_ordering::equivalent;
      break;
    case StixTest::like:
    case StixTest::matches:
      yes = fits(ready, value);
      break;
    case StixTest::subset:
    case StixTest::superset: {
      std::string_view text;
      if (value.bytes || value.element.get(text)) break;
      auto network = ip::parse_network(text);
      bool inner = comparison.test == StixTest::subset;
      yes = network &&
            (inner ? is_within(*network, ready.network) : is_within(ready.network, *network));
      break;
    }
    case StixTest::exists:
      yes = true;
      break;
  }
  if (compared.error) return std::unexpected(*compared.error);
  return yes != comparison.negated;
}

}  // namespace

struct StixMatcher::Ready {
  StixPattern pattern;
  std::vector<ReadyComparison> comparisons;
};

namespace {

// One pattern over some observations; counts its work.
class Run {
 public:
  Run(const StixPattern& pattern, const std::vector<ReadyComparison>& comparisons,
      const std::vector<Observation>& observations)
      : pattern_(pattern), comparisons_(comparisons), observations_(observations) {}

  // The expression over observations, with what each of its leaves may be.
  Result<StixBinding> binding(std::size_t at, std::vector<std::pair<StixTime, StixTime>>& spans) {
    const StixNode& node = pattern_.nodes[at];
    if (node.kind == StixNode::Kind::start_stop) {
      spans.emplace_back(node.start, node.stop);
      auto inner = TRY(binding(node.children[0], spans));
      spans.pop_back();
      return inner;
    }
    StixBinding out;
    if (node.kind == StixNode::Kind::observation) {
      for (std::size_t i = 0; i < observations_.size(); ++i) {
        const Observation& one = observations_[i];
        bool inside = std::ranges::all_of(spans, [&](const auto& span) {
          return span.first < span.second && one.first < span.second && one.last >= span.first;
        });
        if (!inside) continue;
        auto roots = TRY(evaluate(node.children[0], one));
        if (std::ranges::find(roots, true) != roots.end()) out.candidates.push_back(i);
      }
      return out;
    }
    out.kind = node.kind == StixNode::Kind::both ? StixBinding::Kind::all : StixBinding::Kind::any;
    for (std::size_t child : node.children) out.children.push_back(TRY(binding(child, spans)));
    return out;
  }

 private:
  // Of which observables an expression in brackets holds.
  Result<std::vector<bool>> evaluate(std::size_t at, const Observation& observation) {
    const StixNode& node = pattern_.nodes[at];
    if (node.kind == StixNode::Kind::comparison) return comparison(node.at, observation);
    bool all = node.kind == StixNode::Kind::all_of;
    std::vector<bool> out(observation.observables.size(), all);
    for (std::size_t child : node.children) {
      auto roots = TRY(evaluate(child, observation));
      for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = all ? out[i] && roots[i] : out[i] || roots[i];
    }
    return out;
  }

  Result<std::vector<bool>> comparison(std::size_t at, const Observation& observation) {
    const StixComparison& comparison = pattern_.comparisons[at];
    std::vector<bool> out(observation.observables.size());
    for (std::size_t i = 0; i < out.size(); ++i) {
      TRY(spend());
      const auto& one = observation.observables[i];
      if (one.type == comparison.type)
        out[i] = TRY(leads(at, observation, Value{one.object, {}, false}, 0));
    }
    return out;
  }

  // Does a value that the rest of the path leads to pass the test?
  Result<bool> leads(std::size_t at, const Observation& observation, const Value& value,
                     std::size_t step_at) {
    TRY(spend());
    const StixComparison& comparison = pattern_.comparisons[at];
    if (step_at == comparison.path.size()) return holds(comparison, comparisons_[at], value);
    const StixStep& step = comparison.path[step_at];
    if (value.bytes) return false;
    if (!step.name.empty()) {
      Object object;
      Value next;
      if (value.element.get(object) || object.at_key(step.name).get(next.element)) return false;
      if (!enter(step.name, observation, next)) return false;
      return leads(at, observation, next, step_at + 1);
    }
    simdjson::dom::array list;
    if (value.element.get(list)) return false;
    std::size_t index = 0;
    for (Element item : list) {
      bool wanted = step.any || index == *step.index;
      ++index;
      Value next{item, {}, false};
      if (!wanted || (value.refs && !resolve(observation, next.element))) continue;
      if (TRY(leads(at, observation, next, step_at + 1))) return true;
    }
    return false;
  }

  // What a property's name says of its value.
  static bool enter(std::string_view name, const Observation& observation, Value& value) {
    std::string_view text;
    bool is_text = !value.element.get(text);
    if (name.ends_with("_refs")) {
      value.refs = true;
    } else if (name.ends_with("_ref")) {
      return resolve(observation, value.element);
    } else if (is_text && (name.ends_with("_bin") || name.ends_with("_hex"))) {
      value.bytes = name.ends_with("_bin") ? from_base64(text) : from_hex(text);
      return value.bytes.has_value();
    }
    return true;
  }
  static bool resolve(const Observation& observation, Element& element) {
    std::string_view id;
    if (element.get(id) || !observation.known) return false;
    auto found = observation.known->find(id);
    if (found == observation.known->end()) return false;
    element = found->second;
    return true;
  }

  Result<void> spend() {
    if (++work_ > stix_match_work_max)
      return invalid(fmt::format("the pattern needs more than {} steps", stix_match_work_max));
    return {};
  }

  const StixPattern& pattern_;
  const std::vector<ReadyComparison>& comparisons_;
  const std::vector<Observation>& observations_;
  std::size_t work_ = 0;
};

Result<Observation> observed(const Object& object) {
  Observation out{.id = stix_text(object, "id")};
  auto first = stix_time(stix_text(object, "first_observed"));
  auto last = stix_time(stix_text(object, "last_observed"));
  std::int64_t times = 0;
  if (!first || !last || *last < *first)
    return invalid("an observed-data whose times are none: " + text::quote(out.id));
  if (object.at_key("number_observed").get(times) || times < 1)
    return invalid("an observed-data whose number_observed is none: " + text::quote(out.id));
  out.first = *first, out.last = *last, out.times = static_cast<std::uint64_t>(times);
  return out;
}

}  // namespace

Result<void> StixObservations::add(Element bundle) {
  Object whole;
  if (bundle.get(whole)) return invalid("neither a bundle nor an observed-data");
  auto known = std::make_shared<std::unordered_map<std::string_view, Element>>();
  std::vector<Object> observations;
  auto take = [&](Element element) {
    Object object;
    if (element.get(object)) return;
    if (stix_has(object, "number_observed")) {  // observed-data, or what it was called before
      observations.push_back(object);
    } else if (std::string_view id = stix_text(object, "id"); !id.empty()) {
      known->emplace(id, element);
    }
  };
  simdjson::dom::array objects;
  if (stix_text(whole, "type") != "bundle") {
    take(bundle);
  } else if (!whole.at_key("objects").get(objects)) {
    for (Element element : objects) take(element);
  }
  for (const Object& object : observations) {
    auto one = TRY(observed(object));
    auto note = [&](Element element) {
      Object observable;
      if (element.get(observable)) return;
      std::string_view type = stix_text(observable, "type");
      if (!type.empty()) one.observables.push_back({type, element});
    };
    one.known = known;
    Object inner;
    if (!object.at_key("objects").get(inner) && inner.size() > 0) {
      auto own = std::make_shared<std::unordered_map<std::string_view, Element>>();
      for (auto [key, element] : inner) {
        own->emplace(key, element);
        note(element);
      }
      one.known = std::move(own);
    }
    simdjson::dom::array refs;
    if (!object.at_key("object_refs").get(refs)) {
      for (Element ref : refs) {
        std::string_view id;
        if (ref.get(id)) continue;
        if (auto found = known->find(id); found != known->end()) note(found->second);
      }
    }
    all_.push_back(std::move(one));
  }
  return {};
}

StixMatcher::StixMatcher(std::unique_ptr<const Ready> ready) : ready_(std::move(ready)) {}
StixMatcher::StixMatcher(StixMatcher&&) noexcept = default;
StixMatcher& StixMatcher::operator=(StixMatcher&&) noexcept = default;
StixMatcher::~StixMatcher() = default;

Result<StixMatcher> StixMatcher::make(StixPattern pattern) {
  if (pattern.is_temporal())
    return invalid("FOLLOWEDBY, WITHIN and REPEATS are read, and not yet evaluated");
  auto ready = std::make_unique<Ready>();
  std::size_t expressions = 0;
  for (const StixComparison& comparison : pattern.comparisons) {
    expressions += comparison.test == StixTest::like || comparison.test == StixTest::matches;
    if (expressions > expressions_max)
      return invalid(fmt::format("more than {} of LIKE and MATCHES", expressions_max));
    ready->comparisons.push_back(TRY(make_ready(comparison)));
  }
  ready->pattern = std::move(pattern);
  return StixMatcher(std::move(ready));
}

Result<std::vector<std::size_t>> StixMatcher::match(const StixObservations& observations) const {
  std::vector<std::pair<StixTime, StixTime>> spans;
  Run run(ready_->pattern, ready_->comparisons, observations.all());
  auto wanted = TRY(run.binding(ready_->pattern.root, spans));
  std::vector<std::uint64_t> times;
  for (const Observation& one : observations.all()) times.push_back(one.times);
  return bind_observations(std::move(wanted), times);
}

}  // namespace tocsin::wire
