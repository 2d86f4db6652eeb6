// Stix checker: the walk of stix_check.h over one object, and what it finds.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

#include "wire/stix_check.h"
#include "wire/stix_types.h"
#include "wire/stix_words.h"

namespace tocsin::wire {

// Where in an object: a list from the inside out, on the stack.
struct StixAt {
  static constexpr std::size_t no_index = static_cast<std::size_t>(-1);
  const StixAt* up = nullptr;
  std::string_view name;
  std::size_t index = no_index;

  StixAt at(std::string_view member) const { return {this, member, no_index}; }
  StixAt at(std::size_t item) const { return {this, {}, item}; }
  std::string path() const;
};

class StixChecker {
 public:
  using Element = simdjson::dom::element;
  using Object = simdjson::dom::object;

  explicit StixChecker(StixVerdict& verdict) : verdict_(verdict) {}

  // A bundle or another object. `old`: it is of STIX 2.0 unless it says otherwise.
  void any(Element value, const StixAt& at, bool old);

 private:
  void bundle(const Object& bundle, const StixAt& at);
  void object(const Object& object, const StixAt& at, bool old, bool inner);

  // What holds for any JSON in STIX: depth, no null, nothing empty, no name twice, exact integers.
  // `custom`: the depth of the custom property in which the value stands.
  void sound(Element value, const StixAt& at, std::size_t depth, std::size_t custom);
  void sound_members(const Object& object, const StixAt& at, std::size_t depth, std::size_t custom);
  void sound_empty(const StixAt& at, std::string_view what, std::size_t depth, std::size_t custom);
  void sound_names(const Object& object, const StixAt& at);
  void sound_integer(Element value, const StixAt& at);

  void type_and_id(const Object& object, const StixAt& at, bool observable, bool inner);
  void custom_type(const Object& object, const StixAt& at);
  // `open`: other properties are told of by an extension.
  void shape(const StixShape& shape, const Object& object, const StixAt& at, bool open);
  void rule(const StixRule& rule, const Object& object, const StixAt& at);
  void custom_property(std::string_view name, const StixAt& at);
  void name_of(std::string_view name, Element value, const StixAt& at);

  // One value by its kind. (stix_values.cpp)
  void value(const StixProperty& property, Element value, const StixAt& at);
  void one(const StixProperty& property, Element value, const StixAt& at);
  void text(const StixProperty& property, std::string_view text, const StixAt& at);
  void number(const StixProperty& property, Element value, const StixAt& at);
  void reference(const StixProperty& property, std::string_view id, const StixAt& at);
  void hashes(const Object& hashes, const StixAt& at);
  void hash(std::string_view algorithm, std::string_view hash, const StixAt& at);
  void dictionary(const Object& dictionary, const StixAt& at);
  void extensions(const Object& extensions, const StixAt& at);
  void extension(std::string_view key, const Object& extension, const StixAt& at);
  void observables(const Object& observables, const StixAt& at);
  void translations(const Object& contents, const StixAt& at);
  void options(const Object& options, const StixAt& at);

  // What holds for one type. (stix_rules.cpp)
  void special(const Object& object, const StixAt& at);
  void observable_rules(const Object& object, const StixAt& at);
  void traffic_rules(const Object& object, const StixAt& at);
  void mail_rules(const Object& object, const StixAt& at);
  void software_rules(const Object& object, const StixAt& at);
  void extension_warnings(const Object& object, const StixAt& at);
  void definition_rules(const Object& object, const StixAt& at);
  void tlp_rules(const Object& object, const StixAt& at);
  void indicator_rules(const Object& object, const StixAt& at);
  void relationship_rules(const Object& object, const StixAt& at);
  void markings(const Object& object, const StixAt& at);
  void external_references(const Object& object, const StixAt& at);
  void kill_chains(const Object& object, const StixAt& at);
  void dictionary_keys(const Object& object, const StixAt& at);

  void breach(const StixAt& at, std::string what);
  void warn(std::string_view check, const StixAt& at, std::string what);

  StixVerdict& verdict_;
  std::string id_, type_;  // of the object that is looked at
  bool old_ = false;       // it is of STIX 2.0
  std::size_t values_ = 0;
};

}  // namespace tocsin::wire
