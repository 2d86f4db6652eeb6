// Importer: what an import has read so far, handed to the store in bounded pieces.
#pragma once

#include "hunt/import.h"

namespace tocsin::hunt {

class Importer {
 public:
  Importer(const ImportWish& wish, Indicators& into) : wish_(wish), into_(into) {}

  const ImportWish& wish() const { return wish_; }
  Imported& result() { return result_; }

  void begin_entry() { ++result_.read; }
  // `said`: the type, where the file says one. Errors: invalid, for a wrong claim; unavailable.
  Result<void> take(Observable observable, Claim claim, std::optional<Type> said);
  void reject(std::size_t line, const Error& error);
  Result<void> flush();

 private:
  const ImportWish& wish_;
  Indicators& into_;
  Imported result_;
  std::vector<Told> waiting_;
  std::size_t waiting_bytes_ = 0;
};

// At most `bytes`, and no half of a character.
std::string shortened(std::string_view text, std::size_t bytes);
// A time as files have it: RFC 3339, a day, seconds since 1970. Errors: invalid.
Result<TimeUs> time_said(std::string_view text);
Type usual_type(Kind kind);

// Errors: unavailable; invalid: nothing of the format. One entry that is wrong is rejected.
Result<void> import_list(std::string_view bytes, Importer& importer);
Result<void> import_csv(std::string_view bytes, Importer& importer);
Result<void> import_stix(std::string_view bytes, Importer& importer);
Result<void> import_misp(std::string_view bytes, Importer& importer);

}  // namespace tocsin::hunt
