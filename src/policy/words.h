// Agreements in plain words, for people who sign them.
#pragma once

#include <string>
#include <vector>

#include "policy/agreement.h"
#include "policy/clause.h"

namespace tocsin::policy {

// Each clause on lines of its own, under its number.
std::string in_words(const Agreement& agreement);

// The same by clause, without the line above them.
struct ClauseWords {
  Clause clause = Clause::heading;
  std::vector<std::string> lines;
};
std::vector<ClauseWords> clauses_in_words(const Agreement& agreement);

std::string in_words(const Allow& rule);           // "event, finding up to TLP:AMBER and PAP:RED"
std::string in_words(const Transform& transform);  // "address: generalise to /24 and /48"
std::string in_words(TimeUs time);                 // "never" for 0
std::string in_words(Tlp tlp);
std::string in_words(Pap pap);

inline std::string in_words(const std::string& text) {
  return text;
}
inline std::string in_words(Country country) {
  return country.text();
}
template <class T>
  requires requires(T value) { name(value); }
std::string in_words(T value) {
  return std::string(name(value));
}

template <class T>
std::string in_words(const std::vector<T>& values) {
  std::string out;
  for (const T& value : values) out += (out.empty() ? "" : ", ") + in_words(value);
  return out;
}

}  // namespace tocsin::policy
