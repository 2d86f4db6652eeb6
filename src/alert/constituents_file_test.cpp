#include "alert/constituents_file.h"

#include "alert/book.h"
#include "alert/outbox.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::alert {

TEST_CASE("a table of constituents is read, rows of one name together, errors by line") {
  auto file = read_constituents(
      "name,sector,country,language,prefixes,asns,names,contacts,sure\r\n"
      "Bank,Finance,br,pt,192.0.2.0/24 2001:db8::/48,AS64496;64497,*.Bank.example.org,"
      "soc@bank.example.org mailto:noc@bank.example.org,80%\r\n"
      "bank,,,,198.51.100.0/25,,,,\r\n"
      "Broken,,XX,,192.0.2.1/24,AS0,,nobody,120\r\n"
      "\"=cmd|' /C calc'!A0\",,,,,,,<script>@example.org,\r\n");
  REQUIRE(file);
  REQUIRE(file->constituents.size() == 1);
  const Constituent& c = file->constituents[0];
  CHECK(to_json(c) ==
        R"({"asns":[64496,64497],"contacts":["noc@bank.example.org","soc@bank.example.org"],)"
        R"("country":"BR","language":"pt","name":"Bank","names":["bank.example.org"],)"
        R"("prefixes":["192.0.2.0/24","198.51.100.0/25","2001:db8::/48"],"sector":"finance",)"
        R"("sure":80})");
  REQUIRE(file->errors.size() == 2);
  CHECK(file->errors[0].line == 4);
  for (std::string_view part : {"country", "192.0.2.1/24", "AS number", "nobody", "percentage"})
    CHECK(file->errors[0].what.contains(part));
  CHECK(file->errors[1].what.contains("neither a mail address nor an https URL"));
}

TEST_CASE("what is written is read again the same, as CSV and as JSON") {
  Constituent c;
  c.name = "=cmd|' /C calc'!A0, \"Bank\"";
  c.sector = "energy";
  c.country = *Country::parse("PT");
  c.whole_country = c.provider = true;
  c.sure = 70;
  c.prefixes = {*ip::parse_network("192.0.2.0/24"), *ip::parse_network("2001:db8::/48")};
  c.asns = {64496};
  c.names = {"example.org"};
  c.contacts = {"https://hooks.example.org/a?b=c", "soc@example.org"};
  std::string csv = constituents_csv(std::span(&c, 1));
  CHECK(csv.contains("\"'=cmd|"));  // no spreadsheet runs it
  for (const std::string& text : {csv, constituents_json(std::span(&c, 1))}) {
    auto file = read_constituents(text);
    REQUIRE(file);
    CHECK(file->errors.empty());
    REQUIRE(file->constituents.size() == 1);
    CHECK(file->constituents[0] == c);
  }
}

TEST_CASE("a name that a spreadsheet would run comes back as it was") {
  for (const char* name : {"\"@Home\" GmbH", "X; -Y", "X;=Y", "'=Z", "'s-Hertogenbosch"}) {
    CAPTURE(name);
    Constituent c;
    c.name = name;
    auto file = read_constituents(constituents_csv(std::span(&c, 1)));
    REQUIRE(file);
    REQUIRE(file->constituents.size() == 1);
    CHECK(file->constituents[0] == c);
  }
}

TEST_CASE("what cannot be read at all says why") {
  CHECK(!read_constituents(""));
  CHECK(read_constituents("prefixes\n192.0.2.0/24\n").error().what.contains("no column \"name\""));
  CHECK(read_constituents("name,colour\nA,red\n").error().what.contains("'colour'"));
  CHECK(!read_constituents("[{\"name\":\"A\""));
  CHECK(!read_constituents("name\n\xff\xfe\n"));
  auto lines = read_constituents("{\"name\":\"A\"}\n{\"name\":1,\"x\":2}\nnope\n");
  REQUIRE(lines);
  CHECK(lines->constituents.size() == 1);
  CHECK(lines->errors.size() == 2);
  auto hidden = read_constituents("[{\"name\":\"A\\u202eB\"},{\"name\":\"C\\r\\nD\"}]");
  REQUIRE(hidden);
  CHECK(hidden->errors.size() == 2);
}

TEST_CASE("an import is shown first, and is all or nothing") {
  TemporaryFolder folder;
  Dictionary words;
  auto journal = *store::Journal::open(folder.file("journal.db"), words);
  auto book = *Book::open(*store::Tables::open(*journal, "alert", Outbox::schema()));
  std::string_view first = "name,prefixes,contacts\nA,192.0.2.0/24,a@example.org\nB,,\n";
  auto dry = book->import(first, {.dry = true}, 1);
  REQUIRE(dry);
  CHECK(dry->added == 2);
  CHECK(!dry->done);
  CHECK(book->directory()->empty());
  CHECK(book->import(first, {}, 1)->done);
  std::uint64_t id = book->directory()->all()[0].id;

  auto wrong = book->import("name,prefixes\nA,192.0.2.0/25\nC,300.0.0.0/8\n", {}, 1);
  CHECK(!wrong->done);
  CHECK(book->directory()->all()[0].prefixes[0].length == 96 + 24);
  auto partly = book->import("name,prefixes\na,192.0.2.0/25\nC,300.0.0.0/8\n",
                             {.replace = true, .skip_wrong = true}, 1);
  CHECK(partly->done);
  CHECK(partly->changed == 1);
  CHECK(partly->removed == 1);
  CHECK(partly->changes[0].detail.contains("prefixes +192.0.2.0/25 -192.0.2.0/24"));
  REQUIRE(book->directory()->all().size() == 1);
  CHECK(book->directory()->all()[0].id == id);  // the same one, whatever the case of its name
  CHECK(book->import("name,prefixes\nD,192.0.2.0/25\n", {.dry = true}, 1)->disputed.size() == 1);
  CHECK(book->remove(id));
  CHECK(book->remove(id).error().fault == Fault::missing);
}

}  // namespace tocsin::alert
