// Passwords: which names in a report stand for one. What stands under them is dropped where reports
// are read, in every format; the node stores none. Source: DESIGN D7; docs/law.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::ingest {

// "password", "extra.Passwd", "user_pass", "plaintextPassword", "senha", "password_hash"; not
// "has_password", "passive", "client_long_password": those say something of passwords.
bool is_password(std::string_view name);

// Does some word of these bytes, such as a column of a header or a JSON name, stand for one?
bool names_password(std::string_view bytes);

// An object or a list in JSON without the members, at any depth, whose names stand for one;
// `dropped` grows by their number. What is no JSON is dropped whole: "".
std::string without_passwords(std::string_view json, std::uint64_t& dropped);

}  // namespace tocsin::ingest
