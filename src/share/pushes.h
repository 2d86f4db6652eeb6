// Pushes: what members get by POST to an address of theirs, as JSON lines, signed: events under the
// agreements, in the order in which they came in, each at least once.
//
// Where a push stands is kept in the journal's file; what is on its way is in the ledger before it
// leaves, and is the same again when it is tried again. docs/push.md.
// Source: RFC 2104 for the signature; DESIGN D7, D9.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "share/handout.h"

namespace tocsin::share {

enum class PushDialect : std::uint8_t { tocsin, idea, intelmq };
std::string_view name(PushDialect dialect);
std::optional<PushDialect> push_dialect_named(std::string_view text);

struct Push {
  std::string name, member;
  std::string url;        // https; http to loopback
  std::string secret;     // name of the secret that signs
  std::string agreement;  // id; "": of all with the member
  PushDialect dialect = PushDialect::tocsin;
};

// How one stands.
struct PushState {
  const Push* push = nullptr;  // as long as the Pushes live
  TimeUs sent = 0;             // when a letter arrived last; 0: none has
  bool waits = false;          // there is something that has not arrived
  unsigned failures = 0;       // in a row
  TimeUs next = 0;             // when it is tried again, after a failure
  std::string error{};         // of the last try; "": it arrived
};

class Pushes {
 public:
  struct Letter {
    std::string delivery;  // the same for the same content
    std::string body;
  };
  struct Parts {
    store::Journal& journal;  // outlives it, as does the next
    Shelves& shelves;
    std::vector<Push> all;
    // Sends it; blocks. Errors: why it did not arrive.
    std::function<Result<void>(const Push& to, const Letter& letter)> post;
    std::size_t events_max = 500, bytes_max = 1 << 20;  // of one letter
  };
  static Result<std::unique_ptr<Pushes>> open(Parts parts);

  // Sends what is due, one letter of each push. True: there may be more at once.
  Result<bool> send_due(const std::stop_token& stop);

  Result<std::vector<PushState>> states() const;

 private:
  struct Standing {
    TimeUs after = 0, until = 0, next = 0;  // until: of what is on its way; 0: nothing is
    TimeUs sent = 0;
    std::string digest, error;
    unsigned failures = 0;
  };
  struct Made {
    Letter letter;
    TimeUs after = 0;  // where it leads
    std::size_t events = 0;
  };
  Pushes(Parts parts, store::Tables tables)
      : parts_(std::move(parts)), tables_(std::move(tables)) {}
  Result<Standing> standing(const std::string& name) const;
  static Result<void> keep(store::Sqlite& db, const std::string& name, const Standing& standing);
  Result<Made> make(Handout& to, const Push& push, Standing& standing);
  Result<bool> send(const Push& push);

  Parts parts_;
  store::Tables tables_;
};

}  // namespace tocsin::share
