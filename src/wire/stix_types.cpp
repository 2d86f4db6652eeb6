#include "wire/stix_types.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/check.h"
#include "base/text.h"
#include "wire/stix_table.h"

namespace tocsin::wire {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    std::string_view part = text::cut(text, separator);
    if (!part.empty()) out.push_back(part);
  }
  return out;
}

struct KindName {
  std::string_view name;
  StixKind kind;
};
constexpr auto kind_names = std::to_array<KindName>({
    {"any", StixKind::any},
    {"text", StixKind::text},
    {"boolean", StixKind::boolean},
    {"integer", StixKind::integer},
    {"count", StixKind::integer},
    {"number", StixKind::number},
    {"time", StixKind::time},
    {"stamp", StixKind::stamp},
    {"ref", StixKind::ref},
    {"sco", StixKind::sco},
    {"hashes", StixKind::hashes},
    {"dictionary", StixKind::dictionary},
    {"extensions", StixKind::extensions},
    {"observables", StixKind::observables},
    {"translations", StixKind::translations},
    {"binary", StixKind::binary},
    {"hex", StixKind::hex},
    {"url", StixKind::url},
    {"language", StixKind::language},
    {"options", StixKind::options},
    {"part", StixKind::part},
    {"one_of", StixKind::one_of},
    {"open", StixKind::open},
});

struct RuleName {
  std::string_view name;
  StixRule::Kind kind;
};
constexpr auto rule_names = std::to_array<RuleName>({
    {"some", StixRule::Kind::some},
    {"exactly", StixRule::Kind::exactly},
    {"ordered", StixRule::Kind::ordered},
    {"later", StixRule::Kind::later},
    {"with", StixRule::Kind::with},
});

template <class Rows>
auto find(const Rows& rows, std::string_view name) -> decltype(&rows[0]) {
  auto found = std::ranges::find(rows, name, [](const auto& row) { return row.name; });
  return found == rows.end() ? nullptr : &*found;
}

using Words = std::map<std::string_view, std::vector<std::string_view>>;
using Shapes = std::map<std::string_view, StixShape>;  // map: their addresses stay

using Tokens = std::vector<std::string_view>;
using Targets = std::map<std::pair<std::string_view, std::string_view>, Tokens>;

struct Table {
  Words words;
  Targets relations;  // of a source and a relation
  Shapes types, parts;
  std::map<std::pair<std::string_view, std::string_view>, StixShape> extensions;
  StixShape domain, observable;  // what all have

  Table();
  StixShape& open(const Tokens& line);
  StixProperty property(const Tokens& line) const;
  void take(const Tokens& line);

  StixShape* open_ = nullptr;  // the block that lines belong to
};

void add(std::vector<StixProperty>& all, StixProperty one) {
  auto at = std::ranges::lower_bound(all, one.name, {}, &StixProperty::name);
  all.insert(at, std::move(one));
}

StixShape& Table::open(const Tokens& line) {
  using Sort = StixShape::Sort;
  if (line[0] == "ext") {
    StixShape& shape = extensions[{line[1], line[2]}];
    shape.name = line[2];
    return shape;
  }
  Sort sort = line[0] == "domain"         ? Sort::domain
              : line[0] == "relationship" ? Sort::relationship
              : line[0] == "observable"   ? Sort::observable
              : line[0] == "meta"         ? Sort::meta
                                          : Sort::part;
  if (line[1] == "-") return sort == Sort::observable ? observable : domain;
  StixShape& shape = (sort == Sort::part ? parts : types)[line[1]];
  shape.name = line[1], shape.sort = sort;
  if (sort != Sort::part) {
    const StixShape& common = sort == Sort::observable ? observable : domain;
    shape.properties = common.properties, shape.rules = common.rules;
  }
  return shape;
}

StixProperty Table::property(const Tokens& line) const {
  StixProperty out{.name = line[0]};
  out.required = out.name.ends_with('!');
  if (out.required) out.name.remove_suffix(1);
  std::string_view argument = line[1], kind = text::cut(argument, '=');
  out.list = kind.ends_with('*');
  if (out.list) kind.remove_suffix(1);
  const KindName* known = find(kind_names, kind);
  check(known != nullptr, "stix_types: a kind that there is");
  out.kind = known->kind;
  if (kind == "count") {
    out.high = 9'007'199'254'740'991;  // 2^53 - 1
  } else if (out.kind == StixKind::integer || out.kind == StixKind::number) {
    if (std::size_t dots = argument.find(".."); dots != std::string_view::npos) {
      out.low = *text::decimal(argument.substr(0, dots));
      out.high = *text::decimal(argument.substr(dots + 2));
    }
  } else if (out.kind == StixKind::part) {
    out.part = &parts.at(argument);
  } else if (out.kind == StixKind::one_of || out.kind == StixKind::open) {
    out.vocabulary = argument;
    out.words = words.at(argument);
  } else {
    out.negated = argument.starts_with('!');
    out.words = split(argument.substr(out.negated ? 1 : 0), ',');
    for (std::size_t i = 2; i < line.size(); ++i) {
      for (std::string_view type : split(line[i], ',')) out.words.push_back(type);
    }
  }
  return out;
}

void Table::take(const Tokens& line) {
  constexpr auto blocks = std::to_array<std::string_view>(
      {"part", "domain", "relationship", "observable", "meta", "ext"});
  if (line.empty()) return;
  if (line[0] == "words") {
    words[line[1]].assign(line.begin() + 2, line.end());
  } else if (std::ranges::find(blocks, line[0]) != blocks.end()) {
    open_ = &open(line);
  } else if (const RuleName* rule = find(rule_names, line[0]); rule && line.size() > 2) {
    open_->rules.push_back({rule->kind, {line.begin() + 1, line.end()}});
  } else {
    add(open_->properties, property(line));
  }
}

Table::Table() {
  Tokens line;
  for (auto [number, text] : text::numbered_lines(stix_table)) {
    bool goes_on = text.starts_with("+ ");
    if (goes_on) text.remove_prefix(2);
    for (std::string_view part : split(text, ';')) {
      if (!goes_on) {
        take(line);
        line.clear();
      }
      goes_on = false;
      auto tokens = split(part, ' ');
      line.insert(line.end(), tokens.begin(), tokens.end());
    }
  }
  take(line);
  for (auto [number, text] : text::numbered_lines(stix_relations)) {
    auto tokens = split(text, ' ');
    if (tokens.empty()) continue;
    relations[{tokens[0], tokens[1]}].assign(tokens.begin() + 2, tokens.end());
  }
  // Marking definitions have no versions, and need no milliseconds.
  auto& marking = types.at("marking-definition").properties;
  std::erase_if(marking, [](const StixProperty& p) {
    return p.name == "modified" || p.name == "revoked" || p.name == "created";
  });
  add(marking, property({"created!", "time"}));
}

const Table& tables() {
  static const Table made;
  return made;
}

}  // namespace

const StixProperty* StixShape::property(std::string_view wanted) const {
  auto at = std::ranges::lower_bound(properties, wanted, {}, &StixProperty::name);
  return at != properties.end() && at->name == wanted ? &*at : nullptr;
}

const StixShape* stix_shape(std::string_view type) {
  auto found = tables().types.find(type);
  return found == tables().types.end() ? nullptr : &found->second;
}

const StixShape* stix_extension(std::string_view type, std::string_view key) {
  auto found = tables().extensions.find({type, key});
  return found == tables().extensions.end() ? nullptr : &found->second;
}

const StixShape& stix_common(bool observable) {
  return observable ? tables().observable : tables().domain;
}

bool is_stix_word(std::string_view vocabulary, std::string_view word) {
  const auto& words = tables().words.at(vocabulary);
  return std::ranges::find(words, word) != words.end();
}

StixRelation stix_relation(std::string_view source, std::string_view relation,
                           std::string_view target) {
  constexpr auto common =
      std::to_array<std::string_view>({"derived-from", "duplicate-of", "related-to"});
  const StixShape *from = stix_shape(source), *to = stix_shape(target);
  if (!from || !to || std::ranges::find(common, relation) != common.end() ||
      from->sort != StixShape::Sort::domain)
    return StixRelation::suggested;
  auto found = tables().relations.find({source, relation});
  if (found == tables().relations.end()) return StixRelation::other_source;
  auto names = [&](std::string_view type) {
    return std::ranges::find(found->second, type) != found->second.end();
  };
  bool any = to->sort == StixShape::Sort::observable && names("*");
  return any || names(target) ? StixRelation::suggested : StixRelation::other_target;
}

}  // namespace tocsin::wire
