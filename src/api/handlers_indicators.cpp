// Indicators: listed, imported, ended; their sightings and false positives.
#include <fmt/format.h>

#include "api/answers.h"
#include "api/handlers.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "hunt/import.h"

namespace tocsin::api {
namespace {

using hunt::Claim;
using hunt::Indicator;

std::string time_text(TimeUs time) {
  return time == time_none || time == 0 ? std::string() : times::format(time);
}

// "feed:urlhaus", "member:cert.example.org", "person:ana", "node"; a name alone is a feed's.
Result<hunt::Source> source_of(std::string_view text) {
  if (text == name(hunt::SourceKind::node)) return hunt::Source{hunt::SourceKind::node, ""};
  std::string_view rest = text;
  if (auto kind = hunt::source_kind_named(text::cut(rest, ':')); kind && !rest.empty())
    return hunt::Source{*kind, std::string(rest)};
  return hunt::Source{hunt::SourceKind::feed, std::string(text)};
}

std::string source_text(const hunt::Source& source) {
  std::string kind(name(source.kind));
  return source.name.empty() ? kind : kind + ":" + source.name;
}

Object object_of(const Claim& claim) {
  Object out;
  out.add("source", source_text(claim.source))
      .add("object", claim.object)
      .add("type", name(claim.type))
      .add("family", claim.family)
      .add("techniques", claim.techniques)
      .add("severity", name(claim.severity))
      .add("tlp", name(claim.tlp))
      .add("pap", name(claim.pap))
      .add("valid_from", time_text(claim.from))
      .add("valid_until", time_text(claim.until))
      .add("text", claim.text)
      .add("told", time_text(claim.told))
      .flag("revoked", claim.revoked);
  if (claim.confidence) out.add("confidence", int{*claim.confidence});
  return out;
}

Object object_of(const hunt::Sighting& sighting) {
  std::vector<std::string> types;
  for (Type type : sighting.types) types.emplace_back(name(type));
  return Object()
      .add("id", sighting.id)
      .add("source", source_text(sighting.source))
      .add("first", time_text(sighting.first))
      .add("last", time_text(sighting.last))
      .add("count", sighting.count)
      .add("types", types)
      .add("text", sighting.text)
      .add("told", time_text(sighting.told))
      .flag("false_positive", sighting.false_positive);
}

template <class Member>
std::vector<std::string> words_of(const Indicator& indicator, Member word) {
  std::vector<std::string> words;
  for (const Claim& claim : indicator.claims) {
    std::string one(word(claim));
    if (!one.empty() && std::ranges::find(words, one) == words.end())
      words.push_back(std::move(one));
  }
  return words;
}

// What its claims say together.
Object object_of(const Indicator& indicator, TimeUs now) {
  std::optional<int> confidence;
  Severity severity = Severity::none;
  for (const Claim& claim : indicator.claims) {
    if (claim.confidence) confidence = std::max(confidence.value_or(0), int{*claim.confidence});
    severity = std::max(severity, claim.severity);
  }
  Object out;
  out.add("id", hunt::indicator_id(indicator.id))
      .add("kind", name(indicator.observable.kind))
      .add("value", indicator.observable.value)
      .add("state", name(indicator.state(now)))
      .add("added", time_text(indicator.added))
      .add("valid_from", time_text(indicator.since))
      .add("valid_until", time_text(indicator.until))
      .add("types", words_of(indicator, [](const Claim& c) { return name(c.type); }))
      .add("families", words_of(indicator, [](const Claim& c) { return c.family; }))
      .add("sources", words_of(indicator, [](const Claim& c) { return source_text(c.source); }))
      .add("corroboration", hunt::corroboration(indicator, now))
      .add("severity", name(severity))
      .add("tlp", name(indicator.tlp()))
      .add("known_good", indicator.known_good)
      .add("sightings", indicator.sightings)
      .add("false_positives", indicator.false_positives)
      .add("looked_up", indicator.looked_up);
  out.add("confidence", confidence);
  if (indicator.expired != time_none) {
    out.add("expired", time_text(indicator.expired))
        .add("expired_by", indicator.expired_by)
        .add("expired_why", indicator.expired_why);
  }
  return out;
}

Result<Object> whole(Context& context, const Call& call, const Indicator& indicator) {
  call.show(indicator.tlp());
  std::vector<Object> claims, sightings;
  for (const Claim& claim : indicator.claims) claims.push_back(object_of(claim));
  auto seen = TRY(context.backend.indicators().sightings(indicator.id));
  for (const auto& one : seen) sightings.push_back(object_of(one));
  // The time now, and not that of the call: an end that it made is over.
  return object_of(indicator, context.now()).add("claims", claims).add("seen", sightings);
}

Result<std::uint64_t> indicator_in(const Call& call) {
  std::uint64_t id = hunt::indicator_id_of(call.path.at("id"));
  if (id == 0) return missing("no indicator " + text::quote(call.path.at("id")));
  return id;
}

// The value that `named` has for a parameter; nullopt where it is not given. Errors: invalid.
template <class T>
Result<std::optional<T>> named_in(const Params& params, std::string_view parameter,
                                  std::optional<T> (*named)(std::string_view text)) {
  if (!params.has(parameter)) return std::optional<T>();
  auto value = named(params.text(parameter));
  if (!value)
    return invalid(fmt::format("no {} {}", parameter, text::quote(params.text(parameter))));
  return value;
}

Result<hunt::ImportWish> wish_of(const Call& call) {
  const Params& params = call.params;
  hunt::ImportWish wish;
  wish.format = TRY(named_in<hunt::ImportFormat>(params, "format", hunt::import_format_named));
  wish.type = TRY(named_in<Type>(params, "type", type_named));
  Claim& usual = wish.usual;
  usual.source = {hunt::SourceKind::person, call.caller.user};
  if (params.has("source")) usual.source = {hunt::SourceKind::feed, params.text("source")};
  usual.family = params.text("family");
  for (std::string_view rest = params.text("techniques"); !rest.empty();)
    usual.techniques.emplace_back(text::trim(text::cut(rest, ',')));
  usual.severity = TRY(named_in<Severity>(params, "severity", severity_named)).value_or(Severity{});
  usual.tlp = TRY(named_in<Tlp>(params, "tlp", tlp_named)).value_or(Tlp::unmarked);
  usual.pap = TRY(named_in<Pap>(params, "pap", pap_named)).value_or(Pap::unmarked);
  if (params.has("confidence")) {
    std::uint64_t confidence = params.number("confidence", 0);
    if (confidence > 100) return invalid("a confidence is 0 to 100");
    usual.confidence = static_cast<std::uint8_t>(confidence);
  }
  if (params.has("valid_from")) usual.from = params.time("valid_from");
  usual.until = params.time("valid_until");
  usual.text = params.text("text");
  return wish;
}

Answer sight(Context& context, const Call& call, hunt::Sighting sighting) {
  std::uint64_t id = TRY(indicator_in(call));
  sighting.source = {hunt::SourceKind::person, call.caller.user};
  auto indicator = TRY(context.backend.indicators().sight(id, std::move(sighting)));
  return answered(call, TRY(whole(context, call, indicator)));
}

Result<TimeUs> time_in(const JsonBody& body, std::string_view name, TimeUs otherwise) {
  std::string text = TRY(body.text(name));
  if (text.empty()) return otherwise;
  return times::parse(text);
}

}  // namespace

Answer list_indicators(Context& context, const Call& call) {
  const Params& params = call.params;
  hunt::IndicatorsAsk ask{.q = params.text("q"), .exact = params.text("exact") == "yes"};
  ask.kind = TRY(named_in<hunt::Kind>(params, "kind", hunt::kind_named));
  ask.type = TRY(named_in<Type>(params, "type", type_named));
  ask.state = TRY(named_in<hunt::State>(params, "state", hunt::state_named));
  if (params.has("source")) ask.source = TRY(source_of(params.text("source")));
  ask.cursor = params.text("cursor");
  ask.limit = TRY(limit_of(call));
  auto page = TRY(context.backend.indicators().list(ask));
  std::vector<Object> items;
  for (const Indicator& one : page.items) {
    call.show(one.tlp());
    items.push_back(object_of(one, call.now));
  }
  Object answer = list_of(items, page.next);
  return answered(call, answer.add("due", TRY(context.backend.indicators().due())));
}

Answer show_indicator(Context& context, const Call& call) {
  std::uint64_t id = TRY(indicator_in(call));
  auto indicator = TRY(context.backend.indicators().one(id));
  return answered(call, TRY(whole(context, call, indicator)));
}

Answer import_indicators(Context& context, const Call& call) {
  auto wish = TRY(wish_of(call));
  std::string_view bytes = call.request.body;
  std::optional<MappedFile> spooled;
  if (!call.request.body_path.empty()) {
    spooled.emplace(TRY(MappedFile::open(call.request.body_path)));
    bytes = spooled->bytes();
  }
  if (bytes.empty()) return invalid("the file is empty");
  hunt::Indicators& store = context.backend.indicators();
  auto done = TRY(hunt::import_indicators(bytes, wish, store));
  std::vector<Object> rejects;
  for (const auto& one : done.first_rejected)
    rejects.push_back(Object().add("line", one.line).add("reason", one.why));
  return answered(call, Object()
                            .add("format", name(done.format))
                            .add("read", done.read)
                            .add("observables", done.observables)
                            .add("patterns", done.patterns)
                            .add("added", done.added.fresh)
                            .add("claims", done.added.claims)
                            .add("unchanged", done.added.same)
                            .add("known_good", done.added.known_good)
                            .add("erased", done.added.erased)
                            .add("beyond_limit", done.added.full)
                            .add("skipped", done.skipped)
                            .add("rejected", done.rejected)
                            .add("rejects", rejects)
                            .add("unknown_columns", done.unknown_columns)
                            .add("due", TRY(store.due())));
}

Answer expire_indicator(Context& context, const Call& call) {
  std::uint64_t id = TRY(indicator_in(call));
  auto body = TRY(JsonBody::read(call.request, "why"));
  std::string why = TRY(body.text("why"));
  auto indicator = TRY(context.backend.indicators().expire(id, why, call.caller.user));
  return answered(call, TRY(whole(context, call, indicator)));
}

Answer add_sighting(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "first|last|count|text"));
  hunt::Sighting sighting;
  sighting.last = TRY(time_in(body, "last", call.now));
  sighting.first = TRY(time_in(body, "first", sighting.last));
  if (body.has("count")) sighting.count = TRY(body.number("count"));
  sighting.text = TRY(body.text("text"));
  return sight(context, call, std::move(sighting));
}

Answer add_false_positive(Context& context, const Call& call) {
  auto body = TRY(JsonBody::read(call.request, "text"));
  hunt::Sighting sighting{.false_positive = true, .first = call.now, .last = call.now};
  sighting.text = TRY(body.text("text"));
  if (text::trim(sighting.text).empty()) return invalid("say why it is a false positive");
  return sight(context, call, std::move(sighting));
}

}  // namespace tocsin::api
