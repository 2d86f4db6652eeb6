#include "api/oidc.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <sodium.h>

#include <algorithm>

#include "base/fetch.h"
#include "base/text.h"

namespace tocsin::api {
namespace {

constexpr TimeUs endpoints_life = us_per_hour, clock_leeway = 60 * us_per_s;
constexpr std::size_t token_max = 64 << 10, groups_max = 1000;

fetch::Request request_to(const OidcSettings& settings, std::string url) {
  fetch::Request request{.url = std::move(url)};
  request.contact = settings.contact;
  request.route = settings.route;
  request.route.size_max_bytes = 1 << 20;
  request.route.connect_timeout_ms = 5'000;
  request.route.total_timeout_ms = 10'000;
  request.redirects_max = 0;
  request.tries_max = 1;
  return request;
}

Sha256 hash_of(std::string_view text) {
  return sha256(text);
}

// The middle part of a JWT, as JSON.
Result<std::string> payload_of(std::string_view token) {
  std::string_view rest = token;
  text::cut(rest, '.');
  std::string_view middle = text::cut(rest, '.');
  std::string out(middle.size(), '\0');
  std::size_t size = 0;
  if (token.size() > token_max || middle.empty() || rest.empty() || rest.contains('.') ||
      sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), middle.data(),
                        middle.size(), nullptr, &size, nullptr,
                        sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0) {
    return denied("the provider's ID token is not one");
  }
  out.resize(size);
  return out;
}

std::string text_of(simdjson::dom::element root, std::string_view name) {
  std::string_view text;
  return root[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

// The texts of a claim that is one text or a list of them; dots in its name lead further in.
std::vector<std::string> texts_of(simdjson::dom::element root, std::string_view path) {
  std::vector<std::string> all;
  simdjson::dom::element at;
  if (root[path].get(at) != simdjson::SUCCESS) {  // a name with dots may also be one name
    at = root;
    while (!path.empty()) {
      if (at[text::cut(path, '.')].get(at) != simdjson::SUCCESS) return all;
    }
  }
  std::string_view text;
  simdjson::dom::array list;
  if (at.get(text) == simdjson::SUCCESS) {
    all.emplace_back(text);
  } else if (at.get(list) == simdjson::SUCCESS) {
    for (auto item : list) {
      if (item.get(text) == simdjson::SUCCESS && all.size() < groups_max) all.emplace_back(text);
    }
  }
  return all;
}

}  // namespace

Result<Oidc::Endpoints> Oidc::endpoints(TimeUs now) {
  {
    std::lock_guard lock(mutex_);
    if (endpoints_ && now - endpoints_->read < endpoints_life) return *endpoints_;
  }
  std::string issuer = settings_.issuer;
  while (issuer.ends_with('/')) issuer.pop_back();
  auto response =
      TRY(fetch::get(request_to(settings_, issuer + "/.well-known/openid-configuration")));
  TRY(fetch::expect_success(response, issuer));
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(response.body).get(root) != simdjson::SUCCESS) {
    return unavailable("the provider's description is no JSON");
  }
  if (text_of(root, "issuer") != settings_.issuer) {
    return unavailable("the provider calls itself " + text::quote(text_of(root, "issuer")) +
                       ", not as oidc.issuer says");
  }
  Endpoints found{.authorization = text_of(root, "authorization_endpoint"),
                  .token = text_of(root, "token_endpoint"),
                  .read = now};
  // The token's signature is not looked at: its way must be safe.
  if (!found.authorization.starts_with("https://") || !found.token.starts_with("https://")) {
    return unavailable("the provider's endpoints are not https://");
  }
  std::lock_guard lock(mutex_);
  endpoints_ = found;
  return found;
}

Result<Oidc::Begun> Oidc::begin(TimeUs now) {
  Endpoints at = TRY(endpoints(now));
  std::string state = random_text(), binding = random_text();
  Try begun{.nonce = random_text(),
            .verifier = random_text(48),
            .binding = hash_of(binding),
            .made = now};
  Sha256 digest = sha256(begun.verifier);
  std::string challenge = base64url({reinterpret_cast<const char*>(digest.data()), digest.size()});
  std::string scope = "openid profile";
  for (const std::string& more : settings_.scopes) scope += ' ' + more;
  std::string url = at.authorization + (at.authorization.contains('?') ? '&' : '?') +
                    "response_type=code&client_id=" + http::percent_encode(settings_.client_id) +
                    "&redirect_uri=" + http::percent_encode(settings_.redirect_url) +
                    "&scope=" + http::percent_encode(scope) + "&state=" + state +
                    "&nonce=" + begun.nonce + "&code_challenge=" + challenge +
                    "&code_challenge_method=S256";
  std::lock_guard lock(mutex_);
  std::erase_if(tries_, [&](const auto& e) { return now - e.second.made > try_life; });
  if (tries_.size() >= tries_max) {
    tries_.erase(std::min_element(tries_.begin(), tries_.end(),
                                  [](auto& a, auto& b) { return a.second.made < b.second.made; }));
  }
  tries_[hash_of(state)] = std::move(begun);
  return Begun{.url = std::move(url), .binding = std::move(binding)};
}

Result<std::string> Oidc::id_token(const Endpoints& at, std::string_view code,
                                   std::string_view verifier) const {
  fetch::Request request = request_to(settings_, at.token);
  request.content_type = "application/x-www-form-urlencoded";
  request.post = "grant_type=authorization_code&code=" + http::percent_encode(code) +
                 "&redirect_uri=" + http::percent_encode(settings_.redirect_url) +
                 "&client_id=" + http::percent_encode(settings_.client_id) +
                 "&code_verifier=" + std::string(verifier);
  if (!settings_.client_secret.empty()) {  // RFC 6749 section 2.3.1
    request.username = http::percent_encode(settings_.client_id);
    request.password = http::percent_encode(settings_.client_secret);
  }
  auto response = TRY(fetch::get(request));
  if (response.status != 200) {
    return denied(fmt::format("the provider refused the code: status {}", response.status));
  }
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(response.body).get(root) != simdjson::SUCCESS) {
    return denied("the provider's answer is no JSON");
  }
  std::string token = text_of(root, "id_token");
  if (token.empty()) return denied("the provider gave no ID token");
  return token;
}

Result<Oidc::Person> Oidc::finish(const Answer& answer, TimeUs now) {
  std::optional<Try> begun;
  {
    std::lock_guard lock(mutex_);
    auto found = tries_.find(hash_of(answer.state));
    if (found != tries_.end()) {
      begun = std::move(found->second);
      tries_.erase(found);
    }
  }
  if (!begun || now - begun->made > try_life) {
    return denied("this sign-in was not begun here, or is too old");
  }
  // Against a stranger's answer in this browser: it must be the one that began.
  if (hash_of(answer.binding) != begun->binding) {
    return denied("this sign-in was begun in another browser");
  }
  if (!answer.issuer.empty() && answer.issuer != settings_.issuer) {
    return denied("this answer is another provider's");
  }
  if (!answer.error.empty()) {
    return denied("the provider says: " + text::quote(answer.error));
  }
  if (answer.code.empty()) return denied("the provider gave no code");
  Endpoints at = TRY(endpoints(now));
  std::string token = TRY(id_token(at, answer.code, begun->verifier));
  return read_token(token, begun->nonce, now);
}

Result<Oidc::Person> Oidc::read_token(std::string_view token, std::string_view nonce,
                                      TimeUs now) const {
  std::string payload = TRY(payload_of(token));
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(payload).get(root) != simdjson::SUCCESS || !root.is_object()) {
    return denied("the provider's ID token is not one");
  }
  if (text_of(root, "iss") != settings_.issuer) return denied("the ID token is another issuer's");
  auto audience = texts_of(root, "aud");
  bool ours = std::find(audience.begin(), audience.end(), settings_.client_id) != audience.end();
  std::string party = text_of(root, "azp");
  if (!ours || (audience.size() > 1 && party.empty()) ||
      (!party.empty() && party != settings_.client_id)) {
    return denied("the ID token is for somebody else");
  }
  double expires = 0;
  if (root["exp"].get(expires) != simdjson::SUCCESS ||
      expires * us_per_s + clock_leeway <= static_cast<double>(now)) {
    return denied("the ID token has expired; are the clocks right?");
  }
  if (nonce.empty() || !equal_in_constant_time(text_of(root, "nonce"), nonce)) {
    return denied("the ID token answers another sign-in");
  }
  Person person{.subject = text_of(root, "sub"), .name = text_of(root, settings_.name_claim)};
  if (person.subject.empty() || person.name.empty()) {
    return denied("the ID token lacks sub or " + settings_.name_claim);
  }
  person.subject = settings_.issuer + '|' + person.subject;
  person.role = settings_.roles.of(texts_of(root, settings_.groups_claim));
  return person;
}

}  // namespace tocsin::api
