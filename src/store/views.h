// Views: filters that people keep under a name, each for themselves or shared with all.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "store/tables.h"

namespace tocsin::store {

inline constexpr std::size_t view_name_bytes_max = 100, view_query_bytes_max = 8192,
                             views_max = 200;  // of one person

struct View {
  std::uint64_t id = 0;
  std::string owner{}, name{};
  std::string query{};  // of the console's address: "q=type%3Ainfected-system&tab=reopened"
  bool shared = false;
  TimeUs at = 0;
};

// Any thread. What another keeps and does not share is not there for `user`. Errors: missing;
// invalid (a name twice, too long, too many); denied, to change what another shares.
class Views {
 public:
  static Result<std::unique_ptr<Views>> open(Journal& journal, std::function<TimeUs()> now);

  Result<std::vector<View>> list(const std::string& user) const;  // by name
  Result<View> keep(View view, const std::string& user);          // a new one
  Result<View> change(View view, const std::string& user);        // the one with its id
  Result<void> forget(std::uint64_t id, const std::string& user);
  Result<void> forget_all(const std::string& user);  // who is removed: another may get the name

 private:
  Views(Tables tables, std::function<TimeUs()> now)
      : tables_(std::move(tables)), now_(std::move(now)) {}
  Result<View> own(std::uint64_t id, const std::string& user) const;
  mutable Tables tables_;
  std::function<TimeUs()> now_;
};

}  // namespace tocsin::store
