// The OpenAPI 3.1 document, made from the tables of routes and schemas. docs/openapi.json is a copy
// of it. Source: OpenAPI Specification 3.1.0.
#pragma once

#include <string>

namespace tocsin::api {

std::string openapi();  // on several lines, keys sorted

}  // namespace tocsin::api
