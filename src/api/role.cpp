#include "api/role.h"

#include <array>

namespace tocsin::api {
namespace {

constexpr std::array<std::string_view, 6> role_names = {
    "nobody", "viewer", "analyst", "agreement-editor", "administrator", "auditor"};
constexpr std::array<std::string_view, 6> right_names = {"nobody", "read",       "work",
                                                         "agree",  "administer", "audit"};
// By Role.
constexpr std::array<Rights, 6> rights = {Rights{},
                                          Rights{Right::read},
                                          Rights{Right::read, Right::work},
                                          Rights{Right::read, Right::work, Right::agree},
                                          every_right,
                                          Rights{Right::read, Right::audit}};

}  // namespace

std::string_view name(Role role) {
  return role_names.at(static_cast<std::size_t>(role));
}

std::optional<Role> role_named(std::string_view text) {
  for (std::size_t i = 1; i < role_names.size(); ++i) {
    if (role_names[i] == text) return static_cast<Role>(i);
  }
  return std::nullopt;
}

std::string_view name(Right right) {
  return right_names.at(static_cast<std::size_t>(right));
}

std::optional<Right> right_named(std::string_view text) {
  for (std::size_t i = 1; i < right_names.size(); ++i) {
    if (right_names[i] == text) return static_cast<Right>(i);
  }
  return std::nullopt;
}

Rights rights_of(Role role) {
  return rights.at(static_cast<std::size_t>(role));
}

std::vector<std::string> names_of(Rights some) {
  std::vector<std::string> names;
  for (Right right : rights_all) {
    if (right != Right::nobody && some.has(right)) names.emplace_back(name(right));
  }
  return names;
}

}  // namespace tocsin::api
