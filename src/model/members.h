// Members: the `extra` column of a batch, member by member, without a JSON parser.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tocsin {

// One member as it stands: the name without its quotes, escapes kept; the value as JSON.
struct Member {
  std::string_view name, json;
};

// A range over the members of `"a":1,"extra.b":"x"`. Ends at the first damage; reads no byte
// beyond the fragment.
class Members {
 public:
  explicit Members(std::string_view fragment) : fragment_(fragment) {}

  class iterator {
   public:
    explicit iterator(std::string_view rest) : rest_(rest) { next(); }
    const Member& operator*() const { return member_; }
    iterator& operator++() {
      next();
      return *this;
    }
    bool operator==(std::nullptr_t) const { return done_; }

   private:
    void next();
    std::string_view rest_;
    Member member_;
    bool done_ = false;
  };

  iterator begin() const { return iterator(fragment_); }
  static std::nullptr_t end() { return nullptr; }

 private:
  std::string_view fragment_;
};

// The JSON of one member; "" if there is none of that name.
std::string_view member(std::string_view fragment, std::string_view name);

// A JSON string's text, or a number's or literal's spelling; what is damaged comes as it is.
std::string json_text(std::string_view json);

}  // namespace tocsin
