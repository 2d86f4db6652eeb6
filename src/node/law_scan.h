// law_scan: the stored events that name a value.
#pragma once

#include <set>
#include <string>

#include "node/law.h"

namespace tocsin::node {

// Does a row of the store name the value?
bool is_named(const SubjectValue& value, const EventBatch& b, std::size_t i);

// What a scan of the stored events gathers.
struct Gathered {
  Correction correction;
  std::set<Day> days;
  std::set<Type> types;
  std::set<std::uint64_t> reports;
  TimeUs first = time_none, last = time_none;

  void add(const EventBatch& b, std::size_t i) {
    correction.events.push_back(b.id(i));
    days.insert(times::day_of(b.time[i]));
    types.insert(b.type[i]);
    reports.insert(b.report);
    if (first == time_none || b.time[i] < first) first = b.time[i];
    if (last == time_none || b.time[i] > last) last = b.time[i];
  }
};

// Adds every event behind `after` that meets the condition and names the value.
Result<void> gather(const store::Columns& columns, const SubjectValue& value,
                    const std::string& where, EventId after, Gathered& into);

}  // namespace tocsin::node
