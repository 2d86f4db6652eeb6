#include "model/subject.h"

#include "test.h"

namespace tocsin {
namespace {

struct Row {
  EventBatch batch;

  Row(Type type, Roles roles) {
    batch.add_row();
    batch.type[0] = type;
    batch.roles[0] = roles;
  }
  Row& source_ip(const char* text) { return batch.source.ip[0] = *ip::parse(text), *this; }
  Row& destination_ip(const char* text) {
    return batch.destination.ip[0] = *ip::parse(text), *this;
  }
  Row& source_name(const char* text) { return batch.source.name[0] = batch.keep(text), *this; }
  Row& source_url(const char* text) { return batch.source.url[0] = batch.keep(text), *this; }
  Row& account(const char* text) { return batch.account[0] = batch.keep(text), *this; }
  Subject subject() const { return subject_of(batch, 0); }
};

}  // namespace

TEST_CASE("an infected system is its address, a defacement its host name") {
  Row infected(Type::infected_system, usual_roles(Type::infected_system));
  infected.source_ip("192.0.2.7").source_name("host.example.org").destination_ip("198.51.100.2");
  CHECK(infected.subject().kind == SubjectKind::address);
  CHECK(ip::format(infected.subject().ip) == "192.0.2.7");

  Row defaced(Type::unauthorised_information_modification, {Role::affected, Role::unknown});
  defaced.source_ip("192.0.2.7").source_url("http://www.example.org/index.html");
  CHECK(defaced.subject().kind == SubjectKind::name);
  CHECK(defaced.subject().text == "www.example.org");
}

TEST_CASE("a site without a host name is its URL, and without a URL its address") {
  Row site(Type::unauthorised_information_modification, {Role::affected, Role::unknown});
  site.source_ip("192.0.2.7");
  CHECK(site.subject().kind == SubjectKind::address);
  site.source_url("http://192.0.2.7/x");
  CHECK(site.subject().kind == SubjectKind::url);
  CHECK(site.subject().text == "http://192.0.2.7/x");
}

TEST_CASE("a URL alone names an address or a host for the other types") {
  Row row(Type::exploit, {Role::attacker, Role::target});
  row.source_url("http://192.0.2.9:8080/x");
  CHECK(row.subject().kind == SubjectKind::address);
  CHECK(ip::format(row.subject().ip) == "192.0.2.9");
  Row six(Type::exploit, {Role::attacker, Role::target});
  six.source_url("http://[2001:db8::9]/x");
  CHECK(ip::format(six.subject().ip) == "2001:db8::9");
  Row named(Type::exploit, {Role::attacker, Role::target});
  named.source_url("http://a.example.org/x");
  CHECK(named.subject().text == "a.example.org");
}

TEST_CASE("the affected end is the destination only where the roles say so") {
  Row row(Type::ddos, {Role::attacker, Role::affected});
  row.source_ip("192.0.2.1").destination_ip("198.51.100.2");
  row.batch.destination.country[0] = *Country::parse("BR");
  row.batch.destination.asn[0] = 64496;
  CHECK(row.subject().at_destination);
  CHECK(ip::format(row.subject().ip) == "198.51.100.2");
  CHECK(place_of(row.batch, 0).country.text() == "BR");
  CHECK(place_of(row.batch, 0).asn == 64496);

  Row controller(Type::c2_server, {Role::controller, Role::affected});
  controller.source_ip("192.0.2.1").destination_ip("198.51.100.2");
  CHECK(ip::format(controller.subject().ip) == "192.0.2.1");
}

TEST_CASE("an account is a subject only where the type is about accounts") {
  Row leak(Type::data_leak, {Role::affected, Role::unknown});
  leak.source_ip("192.0.2.1").account("a@example.org");
  CHECK(leak.subject().kind == SubjectKind::account);
  Row brute(Type::brute_force, {Role::attacker, Role::target});
  brute.source_ip("192.0.2.1").account("root");
  CHECK(brute.subject().kind == SubjectKind::address);
}

TEST_CASE("a row that carries nothing at the affected end has no subject") {
  Row row(Type::infected_system, usual_roles(Type::infected_system));
  row.destination_ip("198.51.100.2");
  CHECK(row.subject().kind == SubjectKind::none);
}

TEST_CASE("a controller is known only with a reason and the role") {
  Row row(Type::infected_system, {Role::affected, Role::controller});
  row.source_ip("192.0.2.1").destination_ip("198.51.100.2");
  row.batch.destination.country[0] = *Country::parse("NL");
  CHECK(!controller_of(row.batch, 0).known);
  row.batch.controller_reason[0] = ControllerReason::feed;
  CHECK(controller_of(row.batch, 0).known);
  CHECK(controller_of(row.batch, 0).country.text() == "NL");
  row.batch.roles[0].destination = Role::sinkhole;
  CHECK(!controller_of(row.batch, 0).known);
}

TEST_CASE("a joined controller stands at neither end, and only a steered subject has one") {
  Row row(Type::infected_system, {Role::affected, Role::sinkhole});
  row.source_ip("192.0.2.1").destination_ip("198.51.100.2");
  row.batch.controller_reason[0] = ControllerReason::join;
  row.batch.joined_country[0] = *Country::parse("NL");
  CHECK(controller_of(row.batch, 0).known);
  CHECK(controller_of(row.batch, 0).joined);
  CHECK(controller_of(row.batch, 0).country.text() == "NL");
  row.batch.type[0] = Type::c2_server;
  CHECK(!controller_of(row.batch, 0).known);
}

}  // namespace tocsin
