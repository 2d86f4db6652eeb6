#include "wire/stix_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "wire/stix_lexer.h"

namespace tocsin::wire {
namespace {

using Kind = StixNode::Kind;
using Token = StixToken;

struct TestName {
  std::string_view name;
  StixTest test;
};
constexpr auto tests = std::to_array<TestName>({{"=", StixTest::equal},
                                                {"!=", StixTest::not_equal},
                                                {"<", StixTest::less},
                                                {"<=", StixTest::less_equal},
                                                {">", StixTest::greater},
                                                {">=", StixTest::greater_equal},
                                                {"IN", StixTest::in},
                                                {"LIKE", StixTest::like},
                                                {"MATCHES", StixTest::matches},
                                                {"ISSUBSET", StixTest::subset},
                                                {"ISSUPERSET", StixTest::superset}});

// What no identifier may be.
constexpr auto keywords = std::to_array<std::string_view>(
    {"AND", "OR", "NOT", "FOLLOWEDBY", "LIKE", "MATCHES", "ISSUPERSET", "ISSUBSET", "EXISTS",
     "LAST", "IN", "START", "STOP", "SECONDS", "true", "false", "WITHIN", "REPEATS", "TIMES"});

constexpr std::size_t path_max = 64;        // steps
constexpr std::size_t qualifiers_max = 16;  // of one observation

// A parser of one pattern, by recursive descent; it only descends at parentheses.
class Parser {
 public:
  Parser(std::string_view text, StixPatternVersion version) : lexer_(text), version_(version) {}

  Result<StixPattern> whole() {
    TRY(advance());
    out_.root = TRY(observations(0));
    if (token_.kind != Token::Kind::end) return unexpected("the end");
    return std::move(out_);
  }

 private:
  using Parse = Result<std::size_t> (Parser::*)(std::size_t depth);

  Result<void> advance() {
    token_ = TRY(lexer_.next());
    return {};
  }
  bool is(std::string_view spelled) const {
    return (token_.kind == Token::Kind::word || token_.kind == Token::Kind::sign) &&
           token_.spelled == spelled;
  }
  std::unexpected<Error> unexpected(std::string_view wanted) const {
    return invalid(
        fmt::format("column {}: expected {}, found {}", token_.column, wanted,
                    token_.kind == Token::Kind::end ? "the end" : text::quote(token_.spelled)));
  }
  Result<void> expect(std::string_view spelled) {
    if (!is(spelled)) return unexpected(fmt::format("{}", spelled));
    return advance();
  }
  std::size_t node(StixNode made) {
    out_.nodes.push_back(std::move(made));
    return out_.nodes.size() - 1;
  }
  Result<void> bounded(std::size_t depth) const {
    if (depth < stix_pattern_depth_max) return {};
    return invalid(
        fmt::format("column {}: nested deeper than {}", token_.column, stix_pattern_depth_max));
  }

  // part (operation part)*
  Result<std::size_t> chain(std::string_view operation, Kind kind, Parse part, std::size_t depth) {
    std::size_t first = TRY((this->*part)(depth));
    if (!is(operation)) return first;
    StixNode made{.kind = kind, .children = {first}};
    while (is(operation)) {
      TRY(advance());
      made.children.push_back(TRY((this->*part)(depth)));
    }
    return node(std::move(made));
  }

  Result<std::size_t> observations(std::size_t depth) {
    return chain("FOLLOWEDBY", Kind::followed_by, &Parser::observations_or, depth);
  }
  Result<std::size_t> observations_or(std::size_t depth) {
    return chain("OR", Kind::either, &Parser::observations_and, depth);
  }
  Result<std::size_t> observations_and(std::size_t depth) {
    return chain("AND", Kind::both, &Parser::observation, depth);
  }
  Result<std::size_t> observation(std::size_t depth) {
    TRY(bounded(depth));
    std::size_t made = 0;
    if (is("(")) {
      TRY(advance());
      made = TRY(observations(depth + 1));
      TRY(expect(")"));
    } else if (is("[")) {
      TRY(advance());
      made = TRY(comparisons(depth + 1));
      made = node({.kind = Kind::observation, .children = {made}});
      TRY(expect("]"));
    } else {
      return unexpected("[ or (");
    }
    return qualified(made);
  }

  Result<std::size_t> qualified(std::size_t inner) {
    std::vector<Kind> before;
    while (is("START") || is("WITHIN") || is("REPEATS")) {
      StixNode made{.children = {inner}};
      made.kind = is("START") ? Kind::start_stop : is("WITHIN") ? Kind::within : Kind::repeats;
      if (version_ == StixPatternVersion::v21 &&
          std::ranges::find(before, made.kind) != before.end())
        return invalid(fmt::format("column {}: {} stands twice", token_.column, token_.spelled));
      before.push_back(made.kind);
      if (before.size() > qualifiers_max)
        return invalid(
            fmt::format("column {}: more than {} qualifiers", token_.column, qualifiers_max));
      TRY(advance());
      TRY(qualifier(made));
      inner = node(std::move(made));
    }
    return inner;
  }

  Result<void> qualifier(StixNode& made) {
    if (made.kind == Kind::start_stop) {
      made.start = TRY(time());
      TRY(expect("STOP"));
      made.stop = TRY(time());
      return {};
    }
    bool whole = token_.kind == Token::Kind::integer;
    bool wrong = token_.spelled.starts_with('-') ||
                 (!whole && (made.kind == Kind::repeats || token_.kind != Token::Kind::real));
    StixLiteral amount;
    if (!wrong) amount = TRY(literal());
    if (wrong) return unexpected(made.kind == Kind::repeats ? "a count" : "a number of seconds");
    made.seconds = whole ? static_cast<double>(amount.integer) : amount.real;
    made.times = static_cast<std::uint64_t>(amount.integer);
    return expect(made.kind == Kind::repeats ? "TIMES" : "SECONDS");
  }

  Result<StixTime> time() {
    bool text = version_ == StixPatternVersion::v20 && token_.kind == Token::Kind::text;
    if (token_.kind != Token::Kind::time && !text) return unexpected("a time");
    auto made = stix_time(token_.value);
    if (!made) return unexpected("a day that there is");
    TRY(advance());
    return *made;
  }

  Result<std::size_t> comparisons(std::size_t depth) {
    return chain("OR", Kind::any_of, &Parser::comparisons_and, depth);
  }
  Result<std::size_t> comparisons_and(std::size_t depth) {
    return chain("AND", Kind::all_of, &Parser::comparison, depth);
  }
  Result<std::size_t> comparison(std::size_t depth) {
    TRY(bounded(depth));
    if (is("(")) {
      TRY(advance());
      std::size_t made = TRY(comparisons(depth + 1));
      TRY(expect(")"));
      return made;
    }
    StixComparison made;
    if (is("NOT")) {
      made.negated = true;
      TRY(advance());
      if (!is("EXISTS")) return unexpected("EXISTS");
    }
    if (is("EXISTS")) {
      TRY(advance());
      made.test = StixTest::exists;
      TRY(object_path(made));
    } else {
      TRY(object_path(made));
      TRY(test(made));
    }
    out_.comparisons.push_back(std::move(made));
    return node({.kind = Kind::comparison, .at = out_.comparisons.size() - 1});
  }

  Result<void> test(StixComparison& made) {
    std::size_t column = token_.column;
    made.negated = is("NOT");
    if (made.negated) TRY(advance());
    bool sign = token_.kind == Token::Kind::sign || token_.kind == Token::Kind::word;
    auto row = std::ranges::find(tests, sign ? token_.spelled : "", &TestName::name);
    if (row == tests.end()) return unexpected("a comparison");
    made.test = row->test;
    TRY(advance());
    if (made.test == StixTest::in) {
      TRY(set(made));
    } else {
      bool ordered = made.test >= StixTest::less && made.test <= StixTest::greater_equal;
      if (made.test > StixTest::in && token_.kind != Token::Kind::text) return unexpected("a text");
      if (ordered && (is("true") || is("false"))) return unexpected("what has an order");
      made.values.push_back(TRY(literal()));
    }
    return hash(made, column);
  }

  Result<void> set(StixComparison& made) {
    std::size_t column = token_.column;
    TRY(expect("("));
    while (!is(")")) {
      if (!made.values.empty()) TRY(expect(","));
      made.values.push_back(TRY(literal()));
    }
    TRY(advance());
    for (const StixLiteral& value : made.values) {
      const StixLiteral& first = made.values[0];
      if (value.kind != first.kind && !(value.is_number() && first.is_number()))
        return invalid(fmt::format("column {}: a set whose values are not of one kind", column));
    }
    return {};
  }

  // A value that a hash of that algorithm cannot have.
  Result<void> hash(const StixComparison& made, std::size_t column) const {
    if (made.test > StixTest::not_equal && made.test != StixTest::in) return {};
    for (std::size_t i = 1; i < made.path.size(); ++i) {
      if (!made.path[i - 1].name.ends_with("hashes")) continue;
      std::size_t octets = stix_hash_octets(made.path[i].name);
      for (const StixLiteral& value : made.values) {
        bool fits = value.text.size() == 2 * octets && from_hex(value.text);
        if (octets > 0 && value.kind == StixLiteral::Kind::text && !fits)
          return invalid(fmt::format("column {}: not a {} hash: {}", column, made.path[i].name,
                                     text::quote(value.text)));
      }
    }
    return {};
  }

  bool is_identifier() const {
    return token_.kind == Token::Kind::word &&
           std::ranges::find(keywords, token_.spelled) == keywords.end();
  }

  Result<void> object_path(StixComparison& made) {
    if (!is_identifier() && token_.kind != Token::Kind::hyphened) return unexpected("a type");
    made.type = token_.spelled;
    TRY(advance());
    TRY(expect(":"));
    TRY(named_step(made));
    while (made.path.size() <= path_max) {
      if (is(".")) {
        TRY(advance());
        TRY(named_step(made));
      } else if (is("[")) {
        TRY(advance());
        TRY(index_step(made));
        TRY(expect("]"));
      } else {
        return {};
      }
    }
    return invalid(fmt::format("column {}: a path of more than {} steps", token_.column, path_max));
  }

  Result<void> named_step(StixComparison& made) {
    if (token_.kind == Token::Kind::text) {
      made.path.push_back({.name = token_.value});
    } else if (is_identifier()) {
      made.path.push_back({.name = std::string(token_.spelled)});
    } else {
      return unexpected("a property");
    }
    return advance();
  }

  Result<void> index_step(StixComparison& made) {
    if (is("*")) {
      made.path.push_back({.any = true});
      return advance();
    }
    std::string_view digits = token_.spelled;
    if (digits.starts_with('+')) digits.remove_prefix(1);
    auto index = text::number(digits);
    if (token_.kind != Token::Kind::integer || !index) return unexpected("an index or *");
    made.path.push_back({.index = *index});
    return advance();
  }

  Result<StixLiteral> literal() {
    using LiteralKind = StixLiteral::Kind;
    StixLiteral made;
    std::string_view digits = token_.spelled;
    if (digits.starts_with('+')) digits.remove_prefix(1);
    if (token_.kind == Token::Kind::integer) {
      auto number = text::signed_number(digits);
      if (!number) return unexpected("an integer of 64 bits");
      made.kind = LiteralKind::integer, made.integer = *number;
    } else if (token_.kind == Token::Kind::real) {
      auto number = text::decimal(digits);
      if (!number) return unexpected("a number");
      made.kind = LiteralKind::real, made.real = *number;
    } else if (token_.kind == Token::Kind::text) {
      made.kind = LiteralKind::text, made.text = token_.value;
    } else if (token_.kind == Token::Kind::binary) {
      made.kind = LiteralKind::binary, made.text = token_.value;
    } else if (token_.kind == Token::Kind::time) {
      made.kind = LiteralKind::time, made.text = token_.value;
    } else if (is("true") || is("false")) {
      made.kind = LiteralKind::boolean, made.yes = is("true");
    } else {
      return unexpected("a value");
    }
    TRY(advance());
    return made;
  }

  StixLexer lexer_;
  StixPatternVersion version_;
  Token token_;
  StixPattern out_;
};

}  // namespace

bool StixPattern::is_temporal() const {
  return std::ranges::any_of(nodes, [](const StixNode& node) {
    return node.kind == Kind::followed_by || node.kind == Kind::within ||
           node.kind == Kind::repeats;
  });
}

Result<StixPattern> parse_stix_pattern(std::string_view text, StixPatternVersion version) {
  if (text.size() > stix_pattern_bytes_max)
    return invalid(fmt::format("a pattern of more than {} octets", stix_pattern_bytes_max));
  if (!text::is_utf8(text)) return invalid("a pattern that is not UTF-8");
  return Parser(text, version).whole();
}

std::string stix_quoted(std::string_view text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

}  // namespace tocsin::wire
