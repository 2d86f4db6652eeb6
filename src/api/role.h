// Role and right: what a person or program is here, and what a call needs.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::api {

// What a person or program is here. `nobody` is who has not said who they are.
enum class Role : std::uint8_t {
  nobody,
  viewer,
  analyst,
  agreement_editor,
  administrator,
  auditor
};
inline constexpr Role roles_all[] = {Role::nobody,           Role::viewer,        Role::analyst,
                                     Role::agreement_editor, Role::administrator, Role::auditor};
std::string_view name(Role role);  // "agreement-editor"
std::optional<Role> role_named(std::string_view text);

// What a call needs. read: see; work: take in, judge, alert; agree: constituents, agreements, what
// leaves; administer: people, feeds, the node; audit: who did what.
enum class Right : std::uint8_t { nobody, read, work, agree, administer, audit };
inline constexpr Right rights_all[] = {Right::nobody, Right::read,       Right::work,
                                       Right::agree,  Right::administer, Right::audit};
std::string_view name(Right right);
std::optional<Right> right_named(std::string_view text);

// A set of rights. What needs none is in every one.
class Rights {
 public:
  constexpr Rights() = default;
  constexpr Rights(std::initializer_list<Right> some) {
    for (Right right : some) bits_ |= 1u << static_cast<unsigned>(right);
  }
  constexpr bool has(Right right) const { return (bits_ >> static_cast<unsigned>(right) & 1) != 0; }
  constexpr Rights operator&(Rights other) const {
    Rights both;
    both.bits_ = bits_ & other.bits_;
    return both;
  }
  constexpr Rights operator|(Rights other) const {
    Rights either;
    either.bits_ = bits_ | other.bits_;
    return either;
  }
  constexpr bool operator==(const Rights&) const = default;

 private:
  unsigned bits_ = 1;
};
inline constexpr Rights every_right = {Right::read, Right::work, Right::agree, Right::administer,
                                       Right::audit};

Rights rights_of(Role role);
inline bool may(Role role, Right right) {
  return rights_of(role).has(right);
}
// "read", "work" …, without nobody.
std::vector<std::string> names_of(Rights rights);

}  // namespace tocsin::api
