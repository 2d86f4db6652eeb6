#include "model/subject.h"

#include "model/normal.h"

namespace tocsin {
namespace {

Subject at_name(std::string_view text, bool at_destination) {
  return {SubjectKind::name, at_destination, {}, text};
}

// The host part of a URL as a subject: a name, an address, or none.
Subject host_of(std::string_view url, bool at_destination) {
  std::string_view host = url.empty() ? url : normal::url_host(url);
  if (host.empty()) return {SubjectKind::none, at_destination, {}, {}};
  bool may_be_address = host.find(':') != host.npos || (host.back() >= '0' && host.back() <= '9');
  if (may_be_address) {
    if (auto ip = ip::parse(host); ip && !ip->empty()) {
      return {SubjectKind::address, at_destination, *ip, {}};
    }
  }
  return at_name(host, at_destination);
}

Subject by_address(const EventBatch& b, std::size_t i, const EndColumns& end, bool at_destination) {
  if (!end.ip[i].empty()) return {SubjectKind::address, at_destination, end.ip[i], {}};
  if (!end.name[i].empty()) return at_name(b.text(end.name[i]), at_destination);
  if (end.url[i].empty()) return {SubjectKind::none, at_destination, {}, {}};
  std::string_view url = b.text(end.url[i]);
  Subject host = host_of(url, at_destination);
  if (host.kind != SubjectKind::none) return host;
  return {SubjectKind::url, at_destination, {}, url};
}

Subject by_site(const EventBatch& b, std::size_t i, const EndColumns& end, bool at_destination) {
  if (!end.name[i].empty()) return at_name(b.text(end.name[i]), at_destination);
  if (!end.url[i].empty()) {
    std::string_view url = b.text(end.url[i]);
    Subject host = host_of(url, at_destination);
    if (host.kind == SubjectKind::name) return host;
    return {SubjectKind::url, at_destination, {}, url};
  }
  return by_address(b, i, end, at_destination);
}

}  // namespace

std::string_view name(SubjectKind kind) {
  switch (kind) {
    case SubjectKind::address:
      return "ip";
    case SubjectKind::name:
      return "name";
    case SubjectKind::url:
      return "url";
    case SubjectKind::account:
      return "account";
    case SubjectKind::none:
      break;
  }
  return "";
}

SubjectOrder subject_order(Type type) {
  switch (type) {
    case Type::unauthorised_information_modification:  // defacement
    case Type::application_compromise:  // a web site with an injected script or shell
    case Type::malware_distribution:
    case Type::phishing:
    case Type::masquerade:
    case Type::copyright:
    case Type::harmful_speech:
    case Type::violence:
    case Type::dga_domain:
      return SubjectOrder::site;
    case Type::privileged_account_compromise:
    case Type::unprivileged_account_compromise:
    case Type::data_leak:
      return SubjectOrder::account;
    default:
      return SubjectOrder::address;
  }
}

bool subject_at_destination(Type type, Roles roles) {
  if (type == Type::c2_server || type == Type::dga_domain) return false;
  return roles.destination == Role::affected && roles.source != Role::affected;
}

Subject subject_of(const EventBatch& b, std::size_t i) {
  bool at_destination = subject_at_destination(b.type[i], b.roles[i]);
  const EndColumns& end = at_destination ? b.destination : b.source;
  switch (subject_order(b.type[i])) {
    case SubjectOrder::site:
      return by_site(b, i, end, at_destination);
    case SubjectOrder::account:
      if (!at_destination && !b.account[i].empty()) {
        return {SubjectKind::account, false, {}, b.text(b.account[i])};
      }
      break;
    case SubjectOrder::address:
      break;
  }
  return by_address(b, i, end, at_destination);
}

SubjectPlace place_of(const EventBatch& b, std::size_t i) {
  const EndColumns& end = subject_at_destination(b.type[i], b.roles[i]) ? b.destination : b.source;
  return {end.country[i], end.asn[i]};
}

bool is_steered(Type type, Roles roles) {
  if (type == Type::c2_server || type == Type::dga_domain) return false;
  if (type == Type::infected_system) return true;
  return subject_at_destination(type, roles) ? roles.source == Role::controller
                                             : roles.destination == Role::controller;
}

Controller controller_of(const EventBatch& b, std::size_t i) {
  if (b.controller_reason[i] == ControllerReason::unknown) return {};
  if (!is_steered(b.type[i], b.roles[i])) return {};
  if (b.controller_reason[i] == ControllerReason::join) {
    return {.known = true, .joined = true, .country = b.joined_country[i]};
  }
  bool at_destination = !subject_at_destination(b.type[i], b.roles[i]);
  Role role = at_destination ? b.roles[i].destination : b.roles[i].source;
  if (role != Role::controller) return {};
  return {.known = true,
          .at_destination = at_destination,
          .country = (at_destination ? b.destination : b.source).country[i]};
}

}  // namespace tocsin
