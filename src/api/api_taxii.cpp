// The door of members' nodes: TAXII 2.1, and MISP, by the tokens that partners have, or their
// certificates. docs/taxii.md, docs/misp.md.
#include <fmt/format.h>
#include <sodium.h>

#include "api/api.h"
#include "api/audited.h"
#include "base/text.h"
#include "share/misp.h"
#include "share/shelf.h"
#include "share/taxii.h"

namespace tocsin::api {
namespace {

constexpr std::uint64_t misp_body_max = 1 << 20;  // a search

TimeUs steady_us() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

// A bearer token, or the password of Basic, for clients that know nothing else; its user does not
// count. MISP's programs send it bare, as `Authorization: KEY`. Source: RFC 6750 section 2.1; RFC
// 7617.
std::string token_of(const http::Request& request, bool misp) {
  std::string_view rest = text::trim(request.header("authorization"));
  if (misp && !rest.contains(' ')) return std::string(rest);
  std::string_view scheme = text::cut(rest, ' ');
  rest = text::trim(rest);
  if (text::equal_fold(scheme, "bearer")) return std::string(rest);
  if (!text::equal_fold(scheme, "basic")) return {};
  std::string plain(rest.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(plain.data()), plain.size(), rest.data(),
                        rest.size(), nullptr, &size, nullptr,
                        sodium_base64_VARIANT_ORIGINAL) != 0) {
    return {};
  }
  plain.resize(size);
  std::size_t colon = plain.find(':');
  return colon == plain.npos ? std::string() : plain.substr(colon + 1);
}

// By its token; who shows none, by the key of the certificate that it shows.
const share::Partner* partner_of(const share::PartnerBook& book, const std::string& token,
                                 const std::string& pin) {
  if (!token.empty()) return book.by_token(token);
  return pin.empty() ? nullptr : book.by_pin(pin);
}

}  // namespace

http::Admission Api::admit_taxii(const http::Request& head) {
  auto* shelves = context_.backend.shelves();
  auto* feeds = context_.backend.misp();
  bool misp = share::is_misp_path(head);
  auto refuse = misp ? share::misp_refusal : share::taxii_refusal;
  auto unauthenticated = misp ? share::misp_unauthenticated : share::taxii_unauthenticated;
  if (shelves == nullptr || (misp && feeds == nullptr))
    return {.refusal = refuse(404, "this node shares with nobody")};
  std::string origin = origin_of(head, door_.settings.proxy).ip;
  TimeUs now = context_.now();
  std::string token = token_of(head, misp), pin(head.header(http::client_pin));
  auto book = context_.backend.partners()->book();
  const share::Partner* partner = partner_of(*book, token, pin);
  if (partner == nullptr) {
    // Who tries tokens is slowed like who tries passwords; a right one is never held up.
    if (auto wait = brake_.wait_s(origin, now); wait > 0 && !token.empty()) {
      http::Response response = refuse(429, "too many tokens that are none");
      response.headers.emplace_back("Retry-After", std::to_string(wait));
      return {.refusal = std::move(response)};
    }
    if (!token.empty()) brake_.failed(origin, now);
    refusals_.add({.at = now, .address = origin, .call = misp ? "MISP" : "TAXII"}, "denied: 401");
    return {.refusal = unauthenticated()};
  }
  std::string member = partner->profile.member;
  if (auto wait = pace_.take("member " + member, steady_us())) {
    http::Response response = refuse(429, "too many requests");
    response.headers.emplace_back("Retry-After", std::to_string(wait));
    return {.refusal = std::move(response)};
  }
  const auto& settings = shelves->settings();
  http::Admission admission{.lane = http::Lane::bulk, .body_max = settings.content_bytes_max};
  if (misp) admission.body_max = misp_body_max;
  admission.too_large = [refuse, most = admission.body_max] {
    return refuse(413, fmt::format("at most {} octets; divide it into several requests", most));
  };
  admission.handle = [this, shelves, feeds, member, token, pin, misp,
                      unauthenticated](const http::Request& request) -> Result<http::Response> {
    // A body may come minutes after its head: a partner that was stopped in between is nobody.
    auto now_known = context_.backend.partners()->book();
    const share::Partner* still = partner_of(*now_known, token, pin);
    if (still == nullptr || still->profile.member != member) return unauthenticated();
    if (misp) return share::serve_misp(request, member, *feeds);
    const auto& path = request.segments;
    if (path.size() == 3 && path[1] == share::taxii_root && path[2] == "hints") {
      auto stream = context_.backend.hint_members(member);
      if (!stream) return share::taxii_refusal(503, stream.error().what);
      return http::Response{.headers = {{"Content-Type", "text/event-stream"}}, .events = *stream};
    }
    auto shelf = shelves->of(member);
    return share::serve_taxii(request, member, *shelf, shelves->settings());
  };
  return admission;
}

}  // namespace tocsin::api
