#include "ledger/head.h"

#include <fmt/format.h>

#include "base/canonical_json.h"
#include "base/check.h"
#include "base/json.h"
#include "base/text.h"

namespace tocsin::ledger {
namespace {

std::string head_text(const Head& head) {
  return fmt::format("tocsin ledger head 1\n{}\n{}\n{}\n{}\n{}\n", head.node, hex(head.log),
                     head.tree.size, hex(head.tree.root), times::format(head.at));
}

std::string canonical(const json::Writer& w) {
  auto text = canonical_json(w.text());
  check(text.has_value(), "ledger: what has no canonical spelling");
  return *std::move(text);
}

Result<std::string> text_of(const Json& from, const char* name) {
  std::string_view text;
  if (from[name].get(text)) return invalid(fmt::format("no text `{}`", name));
  return std::string(text);
}

Result<std::uint64_t> number_of(const Json& from, const char* name) {
  std::uint64_t number = 0;
  if (from[name].get(number) || number > log_size_max)
    return invalid(fmt::format("no number `{}`, or one too large", name));
  return number;
}

Result<Sha256> hash_of_member(const Json& from, const char* name) {
  return parse_hash(TRY(text_of(from, name)));
}

Result<PublicKey> key_of(const Json& from) {
  return PublicKey::parse(TRY(text_of(from, "key")));
}

Result<TimeUs> time_of(const Json& from) {
  return times::parse(TRY(text_of(from, "at")));
}

Result<std::string> octets_of(const Json& from, const char* name) {
  std::string digits = TRY(text_of(from, name)), out;
  for (std::size_t at = 0; at < digits.size(); at += 64) {
    std::string some = digits.substr(at, 64);
    some.resize(64, '0');
    out += bytes_of(TRY(parse_hash(some)));
  }
  if (digits.size() % 2 != 0) return invalid("half an octet");
  out.resize(digits.size() / 2);
  return out;
}

Result<std::string> leaf_of(const Json& from) {
  Json leaf;
  if (from["leaf"].get(leaf)) return invalid("no leaf");
  return canonical_json(leaf);
}

}  // namespace

Head signed_head(const std::string& node, const Sha256& log, const Tree& tree, TimeUs at,
                 const SigningKey& key) {
  Head head{.node = node, .log = log, .tree = tree, .at = at, .key = key.public_key()};
  head.signature = key.sign(head_text(head));
  return head;
}

bool is_signed(const Head& head) {
  return head.key.verifies(head_text(head), head.signature);
}

Signed sign_as(const std::string& by, std::string_view text, const SigningKey& key) {
  return {.by = by, .key = key.public_key(), .signature = key.sign(text)};
}

std::string witness_text(std::string_view by, const Head& head) {
  return fmt::format("tocsin ledger witness 1\n{}\n{}", by, head_text(head));
}

std::string receipt_text(std::string_view by, const Place& place, const Sha256& receipt) {
  return fmt::format("tocsin ledger receipt 1\n{}\n{}\n{}\n{}\n", by, hex(place.log), place.index,
                     hex(receipt));
}

std::string json_of(const Head& head) {
  json::Writer w;
  w.object().member("at", times::format(head.at)).member("key", head.key.text());
  w.member("log", hex(head.log)).member("node", head.node).member("root", hex(head.tree.root));
  w.member("signature", hex(head.signature)).member("size", head.tree.size).end();
  return canonical(w);
}

std::string json_of(const Signed& one) {
  json::Writer w;
  w.object().member("by", one.by).member("key", one.key.text());
  w.member("signature", hex(one.signature)).end();
  return canonical(w);
}

std::string json_of(std::span<const Sha256> hashes) {
  json::Writer w;
  w.list();
  for (const Sha256& hash : hashes) w.value(hex(hash));
  w.end();
  return w.take();
}

std::string json_of(const Shown& shown) {
  json::Writer w;
  w.object().key("head").raw(json_of(shown.head)).member("index", shown.index);
  w.key("leaf").raw(shown.leaf).key("proof").raw(json_of(shown.proof)).end();
  return w.take();
}

std::string json_of(const Acknowledged& answer) {
  json::Writer w;
  w.object().key("by").raw(json_of(answer.by)).member("index", answer.place.index);
  w.key("leaf").raw(answer.leaf).member("log", hex(answer.place.log)).end();
  return w.take();
}

Result<Head> read_head(const Json& value) {
  Head head;
  head.node = TRY(text_of(value, "node"));
  head.log = TRY(hash_of_member(value, "log"));
  head.tree.size = TRY(number_of(value, "size"));
  if (head.tree.size == 0) return invalid("a head of no entries");
  head.tree.root = TRY(hash_of_member(value, "root"));
  head.at = TRY(time_of(value));
  head.key = TRY(key_of(value));
  head.signature = TRY(octets_of(value, "signature"));
  return head;
}

Result<Signed> read_signed(const Json& value) {
  Signed one;
  one.by = TRY(text_of(value, "by"));
  one.key = TRY(key_of(value));
  one.signature = TRY(octets_of(value, "signature"));
  return one;
}

Result<std::vector<Sha256>> read_hashes(const Json& value, std::size_t most) {
  simdjson::dom::array list;
  if (value.get(list)) return invalid("hashes are a list");
  std::vector<Sha256> out;
  for (const Json& item : list) {
    std::string_view text;
    if (item.get(text)) return invalid("a hash is a text");
    if (out.size() == most) return invalid(fmt::format("more than {} hashes", most));
    out.push_back(TRY(parse_hash(text)));
  }
  return out;
}

Result<Shown> read_shown(const Json& value) {
  Shown shown;
  shown.leaf = TRY(leaf_of(value));
  shown.index = TRY(number_of(value, "index"));
  Json part;
  if (value["proof"].get(part)) return invalid("no proof");
  shown.proof = TRY(read_hashes(part, proof_max));
  if (value["head"].get(part)) return invalid("no head");
  shown.head = TRY(read_head(part));
  return shown;
}

Result<Acknowledged> read_acknowledged(const Json& value) {
  Acknowledged answer;
  answer.leaf = TRY(leaf_of(value));
  answer.place.index = TRY(number_of(value, "index"));
  answer.place.log = TRY(hash_of_member(value, "log"));
  Json part;
  if (value["by"].get(part)) return invalid("no signature");
  answer.by = TRY(read_signed(part));
  return answer;
}

Result<Shown> read_shown(std::string_view json) {
  simdjson::dom::parser parser;
  Json value;
  if (parser.parse(simdjson::padded_string(json)).get(value)) return invalid("not JSON");
  return read_shown(value);
}

Result<Acknowledged> read_acknowledged(std::string_view json) {
  simdjson::dom::parser parser;
  Json value;
  if (parser.parse(simdjson::padded_string(json)).get(value)) return invalid("not JSON");
  return read_acknowledged(value);
}

}  // namespace tocsin::ledger
