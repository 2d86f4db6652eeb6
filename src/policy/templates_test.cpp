#include "policy/templates.h"

#include "policy/decision.h"
#include "policy/words.h"
#include "test.h"

namespace tocsin::policy {
namespace {

Party party(const char* id, char key) {
  return {
      .id = id, .name = id, .keys = {SigningKey::from_seed(std::string(32, key))->public_key()}};
}

Agreement made(std::string_view name) {
  auto a = from_template(name, "a.b", {party("a.example.org", 'a'), party("b.example.org", 'b')},
                         us_per_day, 2 * us_per_day);
  REQUIRE_MESSAGE(a, a.error().what);
  return *a;
}

Item item(ItemKind kind, Tlp tlp) {
  Item i;
  i.kind = kind;
  i.tlp = tlp;
  i.feed.may_pass_on = true;
  return i;
}

Context way(const Agreement& a, bool forth) {
  Context c{.now = us_per_day, .from = "a.example.org", .to = "b.example.org"};
  if (!forth) std::swap(c.from, c.to);
  c.standing = Standing::active;
  c.purpose = a.purposes.front();
  c.quota_left = 1;
  return c;
}

}  // namespace

TEST_CASE("each template is whole but for its parties") {
  CHECK(templates().size() == 6);
  for (const Template& one : templates()) {
    CAPTURE(std::string(one.name));
    Agreement a = made(one.name);
    CHECK(a.parties[0].as == one.first);
    CHECK(a.parties[1].as == one.second);
    CHECK(!a.title.empty());
    CHECK(!a.allow.empty());
    CHECK(a.retention_days > 0);
    for (const std::string* text : {&a.legal_basis, &a.data_subjects, &a.security, &a.law,
                                    &a.courts, &a.secrecy, &a.language})
      CHECK(!text->empty());
    CHECK(a.notice_days > 0);
    CHECK(!in_words(a).contains("not said"));
    CHECK(read_agreement(agreement_json(a, false), "a") == a);
    for (bool forth : {true, false}) {
      CHECK(!judge(item(ItemKind::event, Tlp::red), a, way(a, forth)).released());
      CHECK(!judge(item(ItemKind::event, Tlp::unmarked), a, way(a, forth)).released());
      CHECK(judge(item(ItemKind::recall, Tlp::green), a, way(a, forth)).released());
    }
  }
  CHECK(template_terms("none").error().what.contains("open, cert-cert, sector-body"));
}

TEST_CASE("each template lets go what its name says") {
  auto goes = [](const char* name, ItemKind kind, Tlp tlp, bool forth = true) {
    Agreement a = made(name);
    return judge(item(kind, tlp), a, way(a, forth)).released();
  };
  CHECK(goes("open", ItemKind::event, Tlp::green));
  CHECK(!goes("open", ItemKind::event, Tlp::amber));
  CHECK(goes("cert-cert", ItemKind::finding, Tlp::amber_strict));
  CHECK(goes("sector-body", ItemKind::warning, Tlp::amber));
  CHECK(!goes("sector-body", ItemKind::warning, Tlp::amber, false));
  CHECK(goes("company-authority", ItemKind::event, Tlp::amber));
  CHECK(!goes("company-authority", ItemKind::event, Tlp::amber, false));
  CHECK(goes("company-authority", ItemKind::opinion, Tlp::amber, false));
  CHECK(goes("statistics-only", ItemKind::statistics, Tlp::green));
  CHECK(!goes("statistics-only", ItemKind::event, Tlp::clear));
  CHECK(goes("addresses-stay", ItemKind::event, Tlp::amber));

  auto dropped = [](const char* name, const char* field, bool forth) {
    Agreement a = made(name);
    Decision d = decide(item(ItemKind::indicator, Tlp::green), a, way(a, forth));
    REQUIRE(d.released);
    return treatment_of(d.treatments, field).drop;
  };
  for (const char* field : {"source.ip", "destination.ip", "source.network", "raw", "extra",
                            "controller", "event_description.text", "source.reverse_dns"}) {
    CAPTURE(std::string(field));
    CHECK(dropped("company-authority", field, true));
    CHECK(dropped("addresses-stay", field, true));
  }
  CHECK(!dropped("addresses-stay", "source.ip", false));
  CHECK(!dropped("cert-cert", "source.ip", true));
  CHECK(dropped("company-authority", "source.fqdn", true));
}

}  // namespace tocsin::policy
