#include "alert/wording.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "model/explanations.h"
#include "temporary_folder.h"
#include "test.h"

namespace tocsin::alert {
namespace {

std::set<std::string> placeholders(std::string_view sentence) {
  std::set<std::string> all;
  for (std::size_t at = 0; (at = sentence.find('{', at)) != sentence.npos; ++at)
    all.emplace(sentence.substr(at, sentence.find('}', at) + 1 - at));
  return all;
}

struct Folder {
  TemporaryFolder folder;
  void put(const std::string& name, std::string_view text) {
    std::filesystem::create_directory(folder.file("letters"));
    std::ofstream(folder.file("letters/" + name), std::ios::binary) << text;
  }
  Wordings read() const { return read_wordings(folder.file("letters")); }
};

}  // namespace

TEST_CASE("each language that comes with the program is whole") {
  std::set<std::string> tags;
  for (const auto& [tag, text] : shipped_letters()) {
    tags.emplace(tag);
    auto said = read_sentences(text, std::string(tag));
    REQUIRE_MESSAGE(said, (said ? "" : said.error().what));
    for (const auto& [key, sentence] : english()->sentences) {
      auto at = said->find(key);
      REQUIRE_MESSAGE(at != said->end(), std::string(tag) << " lacks " << key);
      CHECK_MESSAGE(placeholders(at->second) == placeholders(sentence), std::string(tag)
                                                                            << ": " << key);
      if (tag != "en" && sentence.size() > 40)
        CHECK_MESSAGE(at->second != sentence, std::string(tag) << ": " << key);
    }
  }
  CHECK(tags == std::set<std::string>{"en", "es", "fr", "pt"});
}

TEST_CASE("every type and known identifier is explained, and nothing else") {
  std::set<std::string> wanted, found;
  for (const std::string& key : explanation_keys()) {
    for (const char* part : {".what", ".meaning", ".first_step"}) wanted.insert(key + part);
  }
  for (const auto& [key, sentence] : english()->sentences) {
    if (key.starts_with("type.") || key.starts_with("identifier.")) found.insert(key);
  }
  CHECK(wanted == found);
}

TEST_CASE("pt-BR falls back to pt, and pt to English, sentence by sentence") {
  Folder home;
  home.put("pt-BR.toml", "[letter]\nto = \"A/C {constituent}\"\n");
  home.put("de.toml", "[finding]\ntimes = \"{count} Mal\"\nport = 'Port {port}'\n");
  home.put("de-AT.toml", "[letter]\nto = \"An: {constituent}\"\n");
  home.put("en.toml", "[letter]\nto = \"For {constituent}\"\n");
  home.put("fr.toml~", "not TOML");
  Wordings all = home.read();
  CHECK(all.problems.empty());
  auto to = [&](std::string_view language) {
    return all.of(language)->say("letter.to", {{"constituent", "{Bank}"}});
  };
  CHECK(to("pt-BR") == "A/C {Bank}");
  CHECK(to("PT-br") == "A/C {Bank}");
  CHECK(to("pt-BR-x-own") == "A/C {Bank}");
  CHECK(to("pt") == "Para: {Bank}");
  CHECK(to("pt-PT") == "Para: {Bank}");
  CHECK(to("de-AT") == "An: {Bank}");
  CHECK(to("de") == "For {Bank}");
  for (auto language : {"", "-", "xx", "ptx", "e"}) CHECK(to(language) == "For {Bank}");
  CHECK(all.of("de-AT")->say_count("subject.digest", 2, {{"date", "today"}}) ==
        "2 problems in your networks (today)");
  CHECK(all.of("pt-BR")->say_count("letter.more", 1) == "e mais 1: veja a lista anexa");

  CHECK(all.of("pt-BR")->missing.empty());
  CHECK(all.of("en")->missing.empty());
  CHECK(all.of("de")->missing.size() == english()->sentences.size() - 2);
  CHECK(all.of("de-AT")->missing.size() == english()->sentences.size() - 3);
  for (auto language : {"en-GB", "pt", "pt-PT", "de-CH"}) CHECK(all.has(language));
  for (auto language : {"", "xx", "ptx"}) CHECK(!all.has(language));
}

TEST_CASE("what is wrong in a file is told with its line, its key and what is valid") {
  auto error = [](std::string_view text) {
    auto read = read_sentences(text, "letters/pt.toml");
    return read ? std::string("right") : read.error().what;
  };
  CHECK(error("") == "right");
  CHECK(error("\xef\xbb\xbf[letter]\r\nto = \"Para {constituent}\"\r\n") == "right");
  CHECK(error("[finding]\nport = \"{Port}\"\n") ==
        "letters/pt.toml:2: finding.port: unknown placeholder '{Port}'; valid: {port}");
  CHECK(error("[subject]\nurgent_one = \"{count} {}\"\n") ==
        "letters/pt.toml:2: subject.urgent_one: unknown placeholder '{}'; valid: {count}, {date}");
  CHECK(error("[tlp]\nred = \"{count}\"\n") ==
        "letters/pt.toml:2: tlp.red: unknown placeholder '{count}'; this sentence has none");
  for (auto brace : {"{", "}", "}{", "{port", "{port}}"}) {
    CHECK(error("[finding]\nport = \"" + std::string(brace) + "\"\n") ==
          "letters/pt.toml:2: finding.port: a brace without its other half; valid: {port}");
  }
  CHECK(error("\n[finding]\nlast = \"x\"\n") ==
        "letters/pt.toml:3: finding.last: unknown key; valid in finding: calls, last_seen, port, "
        "times");
  CHECK(error("[type.spam]\nwhat = \"x\"\nwhy = \"y\"\n") ==
        "letters/pt.toml:3: type.spam.why: unknown key; valid in type.spam: first_step, meaning, "
        "what");
  CHECK(error("[type.spamm]\nwhat = \"x\"\n")
            .starts_with("letters/pt.toml:2: type.spamm.what: unknown key; valid in type: "
                         "application-compromise, "));
  CHECK(error("to = \"x\"\n") ==
        "letters/pt.toml:1: to: unknown key; valid: finding, identifier, letter, subject, tlp, "
        "type");
  CHECK(error("letter = \"x\"\n") == "letters/pt.toml:1: letter: must be a table, [letter]");
  CHECK(error("[letter.to]\nx = \"x\"\n").contains("letter.to.x: unknown key; valid in letter: "));
  CHECK(error("[letter]\nto = 7\n") == "letters/pt.toml:2: letter.to: must be a text in quotes");
  CHECK(error("[letter]\nto = ' '\n") == "letters/pt.toml:2: letter.to: must not be empty");
  for (auto text : {"[letter]\nto = \"a\\nb\"", "[letter]\nto = '''a\nb'''",
                    "[letter]\nto = \"a\\u0000\"", "[letter]\nto = \"a\\u0085\""})
    CHECK(error(text) ==
          "letters/pt.toml:2: letter.to: must be one line without control characters");
  CHECK(error("[letter]\nto = \"" + std::string(2001, 'x') + "\"") ==
        "letters/pt.toml:2: letter.to: has 2001 bytes; the most is 2000");
  CHECK(error("# ol\xe1\n[letter]\npass_on = \"ol\xe1\"\n") ==
        "letters/pt.toml:1: text: is not UTF-8; save the file in that encoding\n"
        "letters/pt.toml:3: letter.pass_on: is not UTF-8; save the file in that encoding");
  CHECK(error("[letter]\nto = \xe2\x80\x9cPara\xe2\x80\x9d\n").starts_with("letters/pt.toml:2: "));
  CHECK(error("[letter]\nto = \"a\"\nto = \"b\"\n").starts_with("letters/pt.toml:3: "));
  CHECK(error(std::string((1 << 20) + 1, '\n')) ==
        "letters/pt.toml: text: has more than 1048576 bytes");
  CHECK(error("[letter]\n\"t\\no\" = \"x\"\n").starts_with("letters/pt.toml:2: letter.t\\x0ao: "));
}

TEST_CASE("a wrong file is left out and told of; the others are taken") {
  Folder home;
  home.put("pt.toml", "[letter]\nto = \"{name}\"\nfrom = \"x\"\n");
  home.put("es.toml", "[letter]\nto = \"Atn. {constituent}\"\n");
  home.put("my letters.toml", "");
  std::filesystem::create_directory(home.folder.file("letters/it.toml"));
  Wordings all = home.read();
  CHECK(fmt::format("{}", fmt::join(all.problems, "\n")) ==
        "letters/it.toml: is no file\n"
        "'letters/my letters.toml': is named after no language, such as pt or pt-BR\n"
        "letters/pt.toml:2: letter.to: unknown placeholder '{name}'; valid: {constituent}\n"
        "letters/pt.toml:3: letter.from: unknown key; valid in letter: attached, first_step, "
        "more_one, more_other, pass_on, provider_one, provider_other, questions, times, to, "
        "told_one, told_other");
  CHECK(all.of("pt")->say("letter.to", {{"constituent", "Bank"}}) == "Para: Bank");
  CHECK(all.of("es")->say("letter.to", {{"constituent", "Bank"}}) == "Atn. Bank");
  CHECK(!all.has("it"));
}

}  // namespace tocsin::alert
