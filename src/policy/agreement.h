// Agreement: what members agreed may go between them, as an object that is written by people,
// hashed and signed. docs/agreements.md has each clause in words.
//
// Its content address is the SHA-256 of its canonical JSON without signatures; what has its default
// value is not written there, so that a later version with more clauses keeps the address.
// Source: FIRST IEP 2.0 for the vocabulary; RFC 8785; RFC 8032.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/signing.h"
#include "base/time.h"
#include "model/country.h"
#include "model/sharing.h"
#include "model/taxonomy.h"
#include "policy/clause.h"
#include "policy/clearance.h"
#include "policy/parts.h"

namespace tocsin::policy {

enum class ItemKind : std::uint8_t {
  event,
  finding,
  indicator,
  sighting,
  warning,
  statistics,
  opinion,
  note,
  request,
  recall,
};
inline constexpr std::size_t item_kinds_count = 10;

enum class Purpose : std::uint8_t {
  defence,
  warning,  // early warning: what rises
  statistics,
  research,
  training,
  law_enforcement,
  commercial,
};

// What a recipient may do with what it got, beyond its own organisation. same_terms and anonymised
// are not comparable; the others stand in order of strictness.
enum class Onward : std::uint8_t { none, with_consent, same_terms, anonymised };

enum class Attribution : std::uint8_t { anonymous, pseudonymous, named };  // in order of strictness

enum class Action : std::uint8_t { generalise, pseudonymise, hash, drop };

std::string_view name(ItemKind kind);
std::string_view name(Purpose purpose);
std::string_view name(Onward onward);
std::string_view name(Attribution attribution);
std::string_view name(Action action);
std::optional<ItemKind> item_kind_named(std::string_view text);
std::optional<Purpose> purpose_named(std::string_view text);
std::optional<Onward> onward_named(std::string_view text);

struct Contact {
  std::string name, mail, phone;
  std::string pgp;  // fingerprint
  bool operator==(const Contact&) const = default;
};

struct Party {
  std::string id;            // of the member
  std::string name;          // of the organisation
  std::string as = "party";  // what it is here: the word that rules and transforms use
  Country country;
  std::vector<PublicKey> keys;  // each may sign for it: two while a key is changed
  std::vector<Contact> contacts;
  bool operator==(const Party&) const = default;
};

// Which way: from a party to a party, by their words; none said: whoever.
struct Way {
  std::vector<std::string> from, to;
  bool operator==(const Way&) const = default;
};

// What may go. All that is said must hold; what matches no rule goes nowhere.
struct Allow {
  Way way;
  std::vector<ItemKind> kinds;       // empty: none
  std::vector<Type> types;           // empty: any
  std::vector<std::string> sectors;  // empty: any
  std::vector<Country> countries;    // of the subject; empty: any
  Tlp max_tlp = Tlp::clear;          // at most amber+strict
  Pap max_pap = Pap::clear;          // no PAP counts as red
  std::uint8_t min_confidence = 0;   // 0 to 100; 0: also what has none
  bool operator==(const Allow&) const = default;
};

// How coarse a value becomes. Other parts have one way: a name its registered domain, a URL its
// host, a place its country.
struct Coarse {
  std::uint8_t v4_bits = 24, v6_bits = 48;  // that stay of an address or network
  std::uint32_t step_s = 86'400;            // a time is rounded down to these
  bool operator==(const Coarse&) const = default;
};

struct Transform {
  std::string field;  // a part's or an event field's name
  Action action = Action::drop;
  Way way;
  Coarse coarse;
  bool operator==(const Transform&) const = default;
};

// May `action` be asked for `part`?
bool can(Action action, Part part);

struct Signature {
  std::string party;
  PublicKey key;
  TimeUs at = 0;
  std::string bytes;  // signature_size octets
  bool operator==(const Signature&) const = default;
};

struct Agreement {
  std::string id, title;
  std::uint32_t version = 1;
  std::string replaces;  // the content address of the version before it; "" for the first
  std::vector<Party> parties;
  TimeUs from = 0, until = 0;  // holds at `from`, no longer at `until`
  TimeUs review = 0;           // 0: none
  std::vector<Purpose> purposes;
  std::vector<Allow> allow;
  std::vector<Transform> transforms;
  std::vector<Part> include;  // of raw and extra, which else never go
  bool tell_affected = false;
  Facts affected_facts;  // what those affected may be told
  Onward onward = Onward::none;
  Attribution attribution = Attribution::anonymous;
  std::uint32_t retention_days = 0;
  std::uint64_t quota_per_day = 0;  // items each way; 0: no limit
  bool reciprocity_counted = false;
  std::uint8_t reciprocity_min_percent = 0;  // given of received, below which reports say so
  bool unsaid_feeds_pass = false;  // a feed whose terms do not say whether it may be passed on
  std::string legal_basis, data_subjects;  // where requests of data subjects go
  bool third_countries = false;
  std::string security;
  std::uint32_t breach_notice_h = 0;  // 0: none agreed
  std::uint32_t notice_days = 0;      // to end it
  bool delete_at_end = true;
  std::string law, courts, secrecy, language;
  std::vector<Signature> signatures;

  bool operator==(const Agreement&) const = default;
  const Party* party(std::string_view member_id) const;
};

inline constexpr std::size_t agreement_bytes_max = 1 << 20, parties_max = 16, allow_max = 64,
                             transforms_max = 256;

// Does the way lead from one of these words to the other?
bool leads(const Way& way, std::string_view from, std::string_view to);

enum class Written : std::uint8_t { whole, terms };  // terms: without parties and dates, a template

// Errors: invalid, all that is wrong, a line each: "FILE:LINE: KEY: WHAT". Unknown keys are wrong.
Result<Agreement> read_agreement_toml(std::string_view text, const std::string& file,
                                      Written written = Written::whole);
// The same from JSON; there are no lines, keys have their path. Errors: also duplicate keys.
Result<Agreement> read_agreement_json(std::string_view text, const std::string& file);
// Whichever of the two the text is.
Result<Agreement> read_agreement(std::string_view text, const std::string& file);

// With comments that name the clauses; read_agreement_toml() gives back an equal one.
std::string agreement_toml(const Agreement& agreement);

// RFC 8785. `signed_too`: with the signatures, as it is sent to partners.
std::string agreement_json(const Agreement& agreement, bool signed_too);

// 64 hexadecimal digits.
std::string content_address(const Agreement& agreement);

// Adds the signature of the party whose key it is, in place of an earlier one.
// Errors: denied, if it is no party's.
Result<void> sign(Agreement& agreement, const SigningKey& key, TimeUs at);

// Of one party, in the order of the parties: empty `why` if it signed exactly this.
struct Signed {
  std::string party;
  std::string why;  // "has not signed"
  TimeUs at = 0;
};
std::vector<Signed> signatures_of(const Agreement& agreement);
bool is_signed_by_all(const Agreement& agreement);

}  // namespace tocsin::policy
