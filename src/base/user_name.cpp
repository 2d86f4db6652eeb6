#include "base/user_name.h"

#include <glib.h>

#include <memory>

#include "base/text.h"

namespace tocsin {
namespace {

constexpr std::size_t characters_max = 64, bytes_max = 1024;

struct Free {
  void operator()(char* text) const { g_free(text); }
};
using GText = std::unique_ptr<char, Free>;

std::string normal(std::string_view text, GNormalizeMode mode) {
  GText out(g_utf8_normalize(text.data(), static_cast<gssize>(text.size()), mode));
  return out ? std::string(out.get()) : std::string();
}

// Folding may take a text out of its normal form, and the other way round.
std::string folded(std::string_view text) {
  std::string key = normal(text, G_NORMALIZE_ALL_COMPOSE);
  GText lower(g_utf8_casefold(key.data(), static_cast<gssize>(key.size())));
  return lower ? normal(lower.get(), G_NORMALIZE_ALL_COMPOSE) : std::string();
}

bool is_script(GUnicodeScript script) {
  return script != G_UNICODE_SCRIPT_COMMON && script != G_UNICODE_SCRIPT_INHERITED;
}

}  // namespace

Result<UserName> user_name(std::string_view text) {
  text = text::trim(text);
  if (text.empty()) return invalid("a user needs a name");
  if (text.size() > bytes_max || !text::is_utf8(text)) {
    return invalid("a user's name has 1 to 64 characters");
  }
  UserName name{.shown = normal(text, G_NORMALIZE_DEFAULT_COMPOSE)};
  GUnicodeScript script = G_UNICODE_SCRIPT_COMMON;
  std::size_t characters = 0;
  for (const char* at = name.shown.c_str(); *at != '\0'; at = g_utf8_next_char(at)) {
    gunichar c = g_utf8_get_char(at);
    bool plain = g_unichar_isalnum(c) != 0 || g_unichar_ismark(c) != 0;
    bool sign = c == '.' || c == '_' || c == '-' || c == '@';
    if (!plain && (!sign || characters == 0)) {
      return invalid("a user's name has letters, digits, and . _ - @ after the first: " +
                     text::quote(text));
    }
    GUnicodeScript own = g_unichar_get_script(c);
    if (is_script(own)) {
      if (is_script(script) && own != script) {
        return invalid("a user's name mixes no scripts: " + text::quote(text));
      }
      script = own;
    }
    ++characters;
  }
  if (characters > characters_max) return invalid("a user's name has 1 to 64 characters");
  name.key = folded(name.shown);
  return name;
}

}  // namespace tocsin
