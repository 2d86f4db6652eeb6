// Question: conditions of the command line as the API's parameters: field=value, field>value,
// since=, until=, limit= and bare words.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace tocsin::cli {

struct Question {
  std::multimap<std::string, std::string> query;
  std::size_t limit = 50;
};

// `of_findings`: since and until are of when they were last seen. Errors: invalid.
Result<Question> question(const std::vector<std::string>& conditions, bool of_findings);

}  // namespace tocsin::cli
