// Misp stix, reading: see misp_stix.h.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "wire/misp_stix.h"
#include "wire/misp_stix_table.h"
#include "wire/stix_words.h"

namespace tocsin::wire {
namespace {

using Element = simdjson::dom::element;
using Object = simdjson::dom::object;

std::string joined(const MispMapping& mapping, const std::vector<std::string>& parts) {
  std::string out = fmt::format("{}", fmt::join(parts, "|"));
  return mapping.type == "AS" ? "AS" + out : out;
}

// What a pattern or observables say: "file:name" and its value.
using Facts = std::multimap<std::string, std::string>;

void drop_hyphens(std::string& text) {
  std::erase(text, '-');
}

std::string fact_key(std::string_view type, const std::vector<std::string>& steps) {
  std::string out = fmt::format("{}:", type);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    std::string step = steps[i];
    if (i > 0 && steps[i - 1] == "hashes") {
      step = text::upper(step);
      drop_hyphens(step);
    }
    // misp-stix has x_mailer for what the standard would have as 'X-Mailer'.
    if (i > 0 && steps[i - 1] == "additional_header_fields") {
      if (step == "x_mailer") step = "X-Mailer";
      if (step == "reply_to") step = "Reply-To";
    }
    out += (i > 0 ? "." : "") + step;
  }
  return out;
}

std::string literal(const StixLiteral& value) {
  return value.kind == StixLiteral::Kind::integer ? fmt::to_string(value.integer) : value.text;
}

// Of one observation that is equalities joined by AND. nullopt: it is more.
std::optional<Facts> facts_of(const StixPattern& pattern) {
  Facts out;
  const StixNode* node = &pattern.nodes[pattern.root];
  if (node->kind == StixNode::Kind::observation) node = &pattern.nodes[node->children[0]];
  std::vector<std::size_t> leaves = node->children;
  if (node->kind == StixNode::Kind::comparison)
    leaves = {static_cast<std::size_t>(node - pattern.nodes.data())};
  else if (node->kind != StixNode::Kind::all_of)
    return std::nullopt;
  while (!leaves.empty()) {
    const StixNode& leaf = pattern.nodes[leaves.back()];
    leaves.pop_back();
    if (leaf.kind == StixNode::Kind::all_of) {
      leaves.insert(leaves.end(), leaf.children.begin(), leaf.children.end());
      continue;
    }
    if (leaf.kind != StixNode::Kind::comparison) return std::nullopt;
    const StixComparison& one = pattern.comparisons[leaf.at];
    if (one.negated || one.test != StixTest::equal || one.values.size() != 1) return std::nullopt;
    std::vector<std::string> steps;
    for (const StixStep& step : one.path) {
      if (!step.name.empty()) steps.push_back(step.name);
    }
    if (steps.back() == "type") continue;  // of an end, which its value shows
    out.emplace(fact_key(one.type, steps), literal(one.values[0]));
  }
  return out;
}

// Of observables: each scalar, also of those referred to.
class ObservedFacts {
 public:
  explicit ObservedFacts(const std::map<std::string_view, Object>& all) : all_(all) {}

  void add(const Object& observable) {
    type_ = stix_text(observable, "type");
    std::vector<std::string> steps;
    for (auto [name, value] : observable) {
      if (name == "type" || name == "id" || name == "spec_version" || name == "protocols" ||
          name == "is_multipart")
        continue;
      steps = {std::string(name)};
      take(value, steps);
    }
  }
  Facts facts;

 private:
  void take(Element value, std::vector<std::string>& steps) {
    Object object;
    simdjson::dom::array list;
    std::string_view text;
    if (!value.get(list)) {
      for (Element item : list) take(item, steps);
    } else if (!value.get(object)) {
      for (auto [name, member] : object) {
        steps.emplace_back(name);
        take(member, steps);
        steps.pop_back();
      }
    } else if (!value.get(text)) {
      bool ref = steps.back().ends_with("_ref") || steps.back().ends_with("_refs");
      auto found = ref ? all_.find(text) : all_.end();
      if (found == all_.end()) return void(facts.emplace(fact_key(type_, steps), text));
      steps.emplace_back("value");
      facts.emplace(fact_key(type_, steps), stix_text(found->second, "value"));
      steps.pop_back();
    } else {
      facts.emplace(fact_key(type_, steps), simdjson::minify(value));
    }
  }
  const std::map<std::string_view, Object>& all_;
  std::string_view type_;
};

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

// What misp-stix's labels say.
struct Named {
  std::string type, category;
  bool is_more = false;  // an object or a galaxy of MISP: more than attributes
  std::optional<bool> to_ids;
};
Named named(const Object& object) {
  Named out;
  simdjson::dom::array labels;
  if (object.at_key("labels").get(labels)) return out;
  for (Element item : labels) {
    std::string_view text;
    if (item.get(text) || !text.starts_with("misp:") || !text.ends_with('"')) continue;
    std::string_view value = text.substr(5, text.size() - 6), name = text::cut(value, '=');
    if (!value.starts_with('"')) continue;
    value.remove_prefix(1);
    if (name == "type") out.type = value;
    if (name == "category") out.category = value;
    if (name == "to_ids") out.to_ids = text::lower(value) == "true";
    out.is_more = out.is_more || name == "name" || name.starts_with("galaxy");
  }
  return out;
}

// The mapping that takes most of the facts; of those with this name, where there is one.
const MispMapping* best(const Facts& facts, std::string_view type) {
  const MispMapping* out = nullptr;
  for (const MispMapping& one : misp_mappings()) {
    if (!type.empty() && one.type != type) continue;
    bool fits = std::ranges::all_of(one.parts,
                                    [&](const std::string& part) { return facts.contains(part); });
    if (fits && (out == nullptr || one.parts.size() > out->parts.size())) out = &one;
  }
  return out;
}

class Reading {
 public:
  explicit Reading(std::span<const Object> objects) : objects_(objects) {
    for (const Object& object : objects_) by_id_.try_emplace(stix_text(object, "id"), object);
    for (const Object& object : objects_) {
      for (std::string_view id : refs(object)) referred_.insert(id);
    }
  }

  MispOfStix run() {
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      if (!object(objects_[i]) || named(objects_[i]).is_more) out_.opaque.push_back(i);
    }
    return std::move(out_);
  }

 private:
  static std::vector<std::string_view> refs(const Object& object) {
    std::vector<std::string_view> out;
    for (auto [name, value] : object) {
      std::string_view text;
      simdjson::dom::array list;
      bool observables = name == "object_refs" || stix_text(object, "created").empty();
      if (!observables) continue;
      if (name.ends_with("_ref") && !value.get(text)) out.push_back(text);
      if (!name.ends_with("_refs") || value.get(list)) continue;
      for (Element item : list) {
        if (!item.get(text)) out.push_back(text);
      }
    }
    return out;
  }

  // Of STIX 2.0's observed-data.
  static std::map<std::string_view, Object> inner_objects(const Object& observed) {
    std::map<std::string_view, Object> out;
    Object inner, one;
    if (observed.at_key("objects").get(inner)) return out;
    for (auto [key, value] : inner) {
      if (!value.get(one)) out.try_emplace(key, one);
    }
    return out;
  }

  // False: it says something that no attribute has.
  bool object(const Object& one) {
    std::string_view type = stix_text(one, "type");
    if (referred_.contains(stix_text(one, "id"))) return true;  // what refers to it tells it
    if (type == "indicator") return indicator(one);
    if (type == "vulnerability") return add(one, "vulnerability", stix_text(one, "name"), false);
    if (type == "campaign") return add(one, "campaign-name", stix_text(one, "name"), false);
    if (type == "relationship") return stix_text(one, "relationship_type") == "based-on";
    bool observable = stix_text(one, "created").empty() && type != "marking-definition";
    if (type != "observed-data" && !observable) return false;
    std::map<std::string_view, Object> inner = inner_objects(one);
    ObservedFacts facts(inner.empty() ? by_id_ : inner);
    if (observable) facts.add(one);
    for (const auto& [key, each] : inner) facts.add(each);
    for (std::string_view id : observable ? std::vector<std::string_view>() : refs(one)) {
      if (auto found = by_id_.find(id); found != by_id_.end()) facts.add(found->second);
    }
    return attributes(one, std::move(facts.facts), false);
  }

  bool indicator(const Object& one) {
    std::string_view language = stix_text(one, "pattern_type"), pattern = stix_text(one, "pattern");
    if (is_misp_rule(language)) return add(one, language, pattern, true);
    auto parsed = parse_stix_pattern(pattern);
    if (!parsed || (!language.empty() && language != "stix")) return false;
    auto facts = facts_of(*parsed);
    // misp-stix escapes it in patterns, and nobody else does.
    bool escaped = facts && !named(one).type.empty();
    if (escaped) {
      for (auto& [key, value] : *facts) value = replaced(value, "\\%", "%");
    }
    return facts && attributes(one, *std::move(facts), true);
  }

  bool attributes(const Object& object, Facts facts, bool to_ids) {
    Named name = named(object);
    bool any = false;
    while (!facts.empty()) {
      const MispMapping* mapping = best(facts, name.type);
      if (mapping == nullptr) break;
      std::vector<std::string> parts;
      for (const std::string& part : mapping->parts) {
        auto found = facts.find(part);
        parts.push_back(found->second);
        facts.erase(found);
      }
      // An end stands there as an object of its own too.
      std::erase_if(facts, [&](const auto& fact) {
        bool end = fact.first.ends_with(":value") || fact.first.ends_with("_ref.value");
        return end && std::ranges::find(parts, fact.second) != parts.end();
      });
      any = true;
      add(object, mapping->type, joined(*mapping, parts), to_ids);
      if (!name.type.empty()) break;
    }
    return any && facts.empty();
  }

  bool add(const Object& object, std::string_view type, std::string_view value, bool to_ids) {
    auto time = stix_time(stix_text(object, "modified"));
    std::string_view id = stix_text(object, "id");
    Named name = named(object);
    std::string uuid = misp_uuid(object);
    if (uuid.empty()) uuid = id.substr(std::min(id.size(), id.find("--") + 2));
    MispAttribute one{.type = std::string(type),
                      .value = std::string(value),
                      .category = name.category,
                      .uuid = uuid,
                      .comment = std::string(stix_text(object, "description")),
                      .time = time ? time->us() : time_none,
                      .to_ids = name.to_ids.value_or(to_ids)};
    auto [known, is_new] = places_.try_emplace({one.type, one.value}, out_.attributes.size());
    if (is_new) {
      out_.attributes.push_back(std::move(one));
    } else if (to_ids) {  // an indicator says more of it than that it was observed
      out_.attributes[known->second] = std::move(one);
    }
    return true;
  }

  // Of the attribute that an object of ours was made of.
  static std::string misp_uuid(const Object& object) {
    simdjson::dom::array list;
    if (object.at_key("external_references").get(list)) return {};
    for (Element item : list) {
      Object one;
      if (!item.get(one) && stix_text(one, "source_name") == "misp")
        return std::string(stix_text(one, "external_id"));
    }
    return {};
  }

  std::span<const Object> objects_;
  std::map<std::string_view, Object> by_id_;
  std::set<std::string_view> referred_;                                // observables
  std::map<std::pair<std::string, std::string>, std::size_t> places_;  // of type and value
  MispOfStix out_;
};

}  // namespace

MispOfStix misp_of_stix(std::span<const Object> objects) {
  return Reading(objects).run();
}

}  // namespace tocsin::wire
