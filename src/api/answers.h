// The backend's structs as the contract's JSON.
#pragma once

#include <string>

#include "api/access.h"
#include "api/backend.h"
#include "api/object.h"
#include "api/people.h"
#include "base/csv_cell.h"
#include "policy/difference.h"
#include "policy/words.h"

namespace tocsin::api {

Object object_of(const FindingRow& row);
Object object_of(const FindingDetail& detail);  // with its explanation
Object object_of(const FindingsSummary& summary);
Object object_of(const FindingWhy& why);
Object object_of(const StatsAnswer& answer, Per per);
Object object_of(const Overview& overview);
Object object_of(const CountryRow& row);
Object object_of(const FeedRow& row);
Object object_of(const CatalogueRow& row);
Object object_of(const ReportRow& row);
Object object_of(const WithdrawalRow& row);
std::vector<Object> told_list(const std::vector<ToldRow>& rows);
Object object_of(const QuarantineRow& row);
Object object_of(const QuarantineGroup& group);
Object object_of(const Health& health);
Object object_of(const SearchHit& hit);
Object object_of(const LineHit& hit);
Object object_of(const TokenRow& row);
// answers_triage.cpp
Object object_of(const store::Judged& judged);
Object object_of(const store::Handling& handling);
Object object_of(const store::Act& act);
Object object_of(const store::Mute& mute);
Object object_of(const store::View& view);
Object object_of(const store::Case& one);
Object object_of(const store::CaseNote& note);
Object object_of(const store::CaseFile& file);
Object object_of(const FeedScore& score);
Object object_of(const Preview& preview);

// handlers_agreements.cpp
Object object_of(const share::AgreementState& state, const People& people);
std::vector<Object> objects_of(const std::vector<policy::ClauseWords>& clauses);
std::vector<Object> objects_of(const std::vector<policy::Difference>& differences);

template <class T>
std::vector<Object> objects_of(const std::vector<T>& rows) {
  std::vector<Object> out;
  for (const T& row : rows) out.push_back(object_of(row));
  return out;
}

// A list's answer: items always stand, next and total where there are.
Object list_of(const std::vector<Object>& items, const std::string& next = {},
               const std::optional<Count>& total = {});

// One finding as a line of CSV, RFC 4180, and the line above all. A cell that a spreadsheet would
// take for a formula begins with an apostrophe.
std::string csv_head(const std::vector<std::string>& columns);
std::string csv_line(const FindingRow& row);
const std::vector<std::string>& finding_columns();
inline std::string csv_cell(std::string_view text) {
  return csv::cell(text);
}

}  // namespace tocsin::api
