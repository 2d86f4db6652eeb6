// List: one value a line, the shape of most public blocklists: what its lines say.
#pragma once

#include <string_view>
#include <vector>

namespace tocsin::wire {

// What a line of a list says, without blanks and comments; "" if it says nothing. Comments are
// lines that begin with # ; // or !, an ad blocker's heading "[Adblock…]", and what follows the
// first word of a line after # ; or //; `inline_comments`: also what follows any # or ;, for
// entries that have none in them.
std::string_view list_entry(std::string_view line, bool inline_comments);

// The names that an entry of a list of names lists: itself, without "*." before it, or what an ad
// blocker's "||name^" stops, or, in a line of a hosts file, those that lead nowhere (0.0.0.0,
// 127.0.0.1, ::, ::1). None in a line that every hosts file has, such as "127.0.0.1 localhost".
// What is no name comes as it is. Source: hosts(5); Adblock Plus, "How to write filters".
std::vector<std::string_view> listed_names(std::string_view entry);

}  // namespace tocsin::wire
