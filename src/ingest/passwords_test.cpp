#include "ingest/passwords.h"

#include "test.h"

namespace tocsin::ingest {

TEST_CASE("what stands for a password is known by its name") {
  for (const char* name : {"password",
                           "Password",
                           "PASSWD",
                           "extra.passwd",
                           "user_pass",
                           "userPass",
                           "plaintextPassword",
                           "password_hash",
                           "passwordHash",
                           "senha",
                           "pwd",
                           "login.password.md5",
                           "Passwort",
                           "device-password",
                           "userpassword",
                           "extra.userpassword",
                           "pass_word",
                           "passwordhash",
                           "PasswordMD5",
                           "login_pw",
                           "extra.pw",
                           "default_password",
                           "client_password",
                           "credentials",
                           "stolen_credentials",
                           "client_secret",
                           "password2"}) {
    CHECK_MESSAGE(is_password(name), name);
  }
}

TEST_CASE("what says something of passwords is no password") {
  for (const char* name :
       {"has_password", "passive", "client_long_password", "bypass", "compass",
        "client_can_handle_expired_passwords", "passport", "password_policy", "requires_password",
        "", "pass_count", "haspassword", "passwordless", "is_secret", "credential_type",
        "secret-page", "example.pw", "has_passwords"}) {
    CHECK_MESSAGE(!is_password(name), name);
  }
}

TEST_CASE("a header or a record that carries one is known") {
  CHECK(names_password("time,ip,username,password,port"));
  CHECK(names_password(R"({"login":"x","Password":"hunter2"})"));
  CHECK(names_password("user=x pass=hunter2"));
  CHECK(names_password("time,ip,credentials,port"));
  CHECK(names_password(R"({"login":"x","client_secret": "hunter2"})"));
  CHECK(!names_password("time,ip,has_password,passive_dns"));
  CHECK(!names_password(R"({"text":"it asks for credentials at http://www.example.pw/secret/a"})"));
}

TEST_CASE("only the password is taken out of a nested value") {
  std::uint64_t dropped = 0;
  CHECK(without_passwords(
            R"({"a":[1,{"Password":"x","b":"530 Login or password incorrect"}],"pwd":{},"c":[]})",
            dropped) == R"({"a":[1,{"b":"530 Login or password incorrect"}],"c":[]})");
  CHECK(dropped == 2);
  CHECK(without_passwords(R"(["Email addresses","Passwords"])", dropped) ==
        R"(["Email addresses","Passwords"])");
  CHECK(dropped == 2);
  CHECK(without_passwords("{\"password\":", dropped).empty());
  CHECK(dropped == 3);
}

}  // namespace tocsin::ingest
