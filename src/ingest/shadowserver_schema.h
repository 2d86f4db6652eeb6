// The schema file that Shadowserver publishes for IntelMQ, where an operator has fetched it: its
// columns go before our tables. Source: https://interchange.shadowserver.org/intelmq/v1/schema
#pragma once

#include <string_view>

#include "base/result.h"
#include "ingest/shadowserver_reading.h"

namespace tocsin::shadowserver {

// Puts what the schema says of `reading.type_name` into `reading`: constants, title, mappings.
// False: it does not know the type. Errors: invalid, if `schema` is not such a file; names what is
// wrong.
Result<bool> read_schema(std::string_view schema, Reading& reading);

// How many report types it knows. Errors: invalid, if it is no schema file, or knows none.
Result<std::size_t> schema_types(std::string_view schema);

}  // namespace tocsin::shadowserver
