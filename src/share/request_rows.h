// Rows of requests in the journal's SQLite file, and their words. For share/requests*.cpp alone.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "share/requests.h"
#include "store/sqlite.h"

namespace tocsin::share::rows {

std::span<const char* const> request_steps();

Result<void> keep(store::Sqlite& db, const Request& request);
// `where`: SQL behind WHERE; `bind` gives its values, from 1 on.
Result<std::vector<Request>> requests(store::Sqlite& db, std::string_view where,
                                      const std::function<void(store::Statement&)>& bind);
Result<void> note(store::Sqlite& db, std::string_view id, const RequestAct& act);
Result<std::vector<RequestAct>> request_acts(store::Sqlite& db, std::string_view id,
                                             std::size_t most);

}  // namespace tocsin::share::rows
