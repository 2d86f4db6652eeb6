#include "api/serve.h"

#include <sys/stat.h>

#include <fstream>

#include "api/fake_backend.h"
#include "base/http_client.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::api {

TEST_CASE("tokens stand in the journal, and a damaged one is named") {
  TemporaryFolder folder;
  Dictionary words;
  auto journal = *store::Journal::open(folder.file("journal.db"), words);
  std::string token;
  {
    auto tokens = *Tokens::open(token_store_of(*journal));
    TokenRow wish{.name = "exporter \"x\"", .owner = "u_1", .owner_name = "ana"};
    wish.role = Role::analyst;
    wish.rights = {Right::read};
    wish.expires = 1'800'000'000 * us_per_s;
    token = tokens->create(wish, 1'700'000'000 * us_per_s)->token;
    REQUIRE(tokens->find(token, 1'700'000'060 * us_per_s).has_value());
    tokens->keep_uses();
  }
  auto again = *Tokens::open(token_store_of(*journal));
  REQUIRE(again->list().size() == 1);
  CHECK(again->list()[0].name == "exporter \"x\"");
  CHECK(again->list()[0].used == 1'700'000'060 * us_per_s);
  CHECK(again->list()[0].owner == "u_1");
  CHECK(again->list()[0].rights == Rights{Right::read});
  CHECK(again->list()[0].expires == 1'800'000'000 * us_per_s);
  CHECK(again->find(token, 1'700'000'061 * us_per_s)->role == Role::analyst);
  REQUIRE(again->remove(again->list()[0].id).has_value());
  CHECK((*Tokens::open(token_store_of(*journal)))->list().empty());
  // A token of 0.1.0 knows no owner: it is the node's, with all rights of its role.
  REQUIRE(journal
              ->keep_value("token/t_0", R"({"id":"t_0","name":"x","hash":"00","role":"analyst",)"
                                        R"("created_us":1})")
              .has_value());
  auto old = (*Tokens::open(token_store_of(*journal)))->list();
  REQUIRE(old.size() == 1);
  CHECK(old[0].owner == local_user);
  CHECK((rights_of(old[0].role) & old[0].rights) == rights_of(Role::analyst));
  REQUIRE(journal->keep_value("token/t_1", R"({"id":"t_1"})").has_value());
  CHECK(Tokens::open(token_store_of(*journal)).error().what.starts_with("a token in the journal"));
}

TEST_CASE("a node listens where its configuration says; beyond loopback with a certificate") {
  TemporaryFolder folder;
  std::string config = folder.file("tocsin.toml");
  std::ofstream(config) << "[server]\nlisten = \"0.0.0.0\"\nport = 0\n";
  auto node = node::Node::open({.home = folder.file("home"), .config = config});
  REQUIRE_MESSAGE(node.has_value(), (node ? "" : node.error().what));
  FakeBackend backend;
  auto api = *open_api(**node, backend);
  auto listening = listen(**node, *api);
  REQUIRE_MESSAGE(listening.has_value(), (listening ? "" : listening.error().what));
  CHECK(listening->url.starts_with("https://"));
  CHECK(listening->fingerprint.size() == 95);
  struct stat found{};
  REQUIRE(::stat(folder.file("home/tls/node.key").c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);

  auto client = http::HttpClient::unix_socket(node::socket_path((*node)->home()));
  REQUIRE(client.has_value());
  auto session = client->call({.target = "/api/v1/session"});
  REQUIRE(session.has_value());
  CHECK(session->body.contains("\"role\":\"administrator\""));
  CHECK(session->body.contains("\"user\":\"local\""));
  CHECK(client->call({.method = "POST", .target = "/api/v1/reports", .body = "x"})->status == 200);

  api->stop();
  listening->server.reset();
  auto second = listen(**node, *api);  // with the certificate that is there
  REQUIRE(second.has_value());
  CHECK(second->fingerprint == listening->fingerprint);
  second->server.reset();
  CHECK(api->call({.method = "GET", .path = "/healthz", .segments = {"healthz"}}).status == 200);
}

}  // namespace tocsin::api
