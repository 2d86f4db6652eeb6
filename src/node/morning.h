// Morning: the ten lines that the team finds in its mail before work begins: figures, no subject,
// address or name of anybody, so that they may be read without signing in.
#pragma once

#include <string>
#include <vector>

namespace tocsin::node {

class Node;

std::vector<std::string> morning_lines(Node& node);  // ten at most

}  // namespace tocsin::node
