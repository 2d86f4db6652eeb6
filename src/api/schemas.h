// Schemas: the shapes of the API's answers and bodies, in a short notation, for the OpenAPI
// document and its tests.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tocsin::api {

// `members`: name:type, parted by blanks; `!` after the name: always there. Types: string integer
// number boolean time (RFC 3339) day any, a|b for a choice, [type] for a list, {type} for an object
// of such values, or a schema's name.
struct Schema {
  std::string_view name, about, members;
};

std::span<const Schema> schemas();

}  // namespace tocsin::api
