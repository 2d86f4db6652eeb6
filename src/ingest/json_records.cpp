#include "ingest/json_records.h"

#include "base/text.h"

namespace tocsin::ingest {
namespace {

constexpr std::size_t npos = std::string_view::npos;
constexpr std::size_t depth_max = 256;
constexpr unsigned failures_max =
    16;  // then every line stands alone, so that the time stays linear

class Scanner {
 public:
  Scanner(std::string_view text, const EachRecord& record, const EachReject& reject)
      : text_(text), record_(record), reject_(reject) {}

  Result<void> run(std::string_view path) {
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
    unsigned failures = 0;
    bool lines = false;  // one value a line: none reaches beyond its own
    while (blank(), at_ < text_.size()) {
      std::size_t start = at_;
      std::size_t line_end = std::min(text_.find('\n', start), text_.size());
      end_ = lines ? line_end : text_.size();
      bool tree = text_[start] == '{' || text_[start] == '[';
      auto done = tree ? value(path, {}) : Result<void>(wrong("neither an object nor a list"));
      end_ = text_.size();
      if (done) {
        lines = lines || (path.empty() && text_[start] == '{' && at_ <= line_end);
        continue;
      }
      if (!path.empty() || text_[start] == '[') return done;
      lines = lines || ++failures > failures_max;
      reject_(line_at(start), done.error(), text_.substr(start, line_end - start));
      at_ = line_end;
    }
    return {};
  }

 private:
  void blank() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").contains(text_[at_])) ++at_;
  }

  std::size_t line_at(std::size_t position) {
    for (; counted_ < position; ++counted_) line_ += text_[counted_] == '\n';
    return line_;
  }

  std::unexpected<Error> wrong(std::string_view what) {
    return invalid("not JSON: " + std::string(what) + " in line " +
                   std::to_string(line_at(std::min(at_, text_.size()))));
  }

  // Where the string at `from` ends, after its quote; npos if it does not, or not within its line.
  std::size_t string_end(std::size_t from) const {
    for (std::size_t i = from + 1; i < text_.size(); ++i) {
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == '"') {
        return i + 1;
      } else if (text_[i] == '\n') {
        return npos;
      }
    }
    return npos;
  }

  // Where the value at `from` ends; npos if it does not.
  std::size_t value_end(std::size_t from) const {
    std::string open;
    std::size_t i = from;
    while (i < end_) {
      char c = text_[i];
      if (c == '"') {
        i = string_end(i);
        if (i == npos || i > end_) return npos;
      } else if (c == '{' || c == '[') {
        if (open.size() == depth_max) return npos;
        open += c == '{' ? '}' : ']';
        ++i;
      } else if (c == '}' || c == ']') {
        if (open.empty()) return i;
        if (open.back() != c) return npos;
        open.pop_back();
        ++i;
      } else if (open.empty() && std::string_view(", \t\r\n").contains(c)) {
        return i;
      } else {
        ++i;
        continue;  // a number or literal goes on; punctuation inside goes by
      }
      if (open.empty()) return i;
    }
    return open.empty() && i > from ? i : npos;
  }

  Result<void> take(std::string_view key) {
    std::size_t start = at_, end = value_end(at_);
    if (end == npos || end == start) return wrong("a value that does not end");
    at_ = end;
    record_({line_at(start), text_.substr(start, end - start), key});
    return {};
  }

  Result<void> list() {
    ++at_;
    for (bool first = true;; first = false) {
      blank();
      if (at_ < text_.size() && text_[at_] == ']') {
        ++at_;
        return {};
      }
      if (!first) {
        if (at_ >= text_.size() || text_[at_] != ',') return wrong("no comma between values");
        ++at_;
        blank();
      }
      if (at_ >= text_.size()) return wrong("the list does not end");
      TRY(take(key_));
    }
  }

  // The value at at_, of which `path` is wanted.
  Result<void> value(std::string_view path, std::string_view key) {
    blank();
    if (at_ >= text_.size()) return wrong("nothing");
    key_ = key;
    if (path.empty()) return text_[at_] == '[' ? list() : take(key);
    std::string_view rest = path, name = text::cut(rest, '.');
    if (text_[at_] != '{') return invalid("no " + text::quote(path) + " in the report");
    return members(name, rest);
  }

  Result<void> members(std::string_view name, std::string_view rest) {
    ++at_;
    bool found = false;
    for (bool first = true;; first = false) {
      blank();
      if (at_ < text_.size() && text_[at_] == '}') {
        ++at_;
        break;
      }
      if (!first) {
        if (at_ >= text_.size() || text_[at_] != ',') return wrong("no comma between members");
        ++at_;
        blank();
      }
      std::size_t end = at_ < text_.size() && text_[at_] == '"' ? string_end(at_) : npos;
      if (end == npos) return wrong("no member name");
      std::string_view key = text_.substr(at_ + 1, end - at_ - 2);
      at_ = end;
      blank();
      if (at_ >= text_.size() || text_[at_] != ':') return wrong("no colon after a name");
      ++at_;
      blank();
      if (name == "*" || key == name) {
        found = true;
        TRY(value(rest, key));
      } else {
        std::size_t value_at = value_end(at_);
        if (value_at == npos || value_at == at_) return wrong("a value that does not end");
        at_ = value_at;
      }
    }
    if (!found && name != "*") return invalid("no " + text::quote(name) + " in the report");
    return {};
  }

  std::string_view text_, key_;
  const EachRecord& record_;
  const EachReject& reject_;
  std::size_t at_ = 0, counted_ = 0, line_ = 1;
  std::size_t end_ = text_.size();  // no value goes on beyond
};

}  // namespace

Result<void> json_records(std::string_view text, std::string_view path, const EachRecord& record,
                          const EachReject& reject) {
  return Scanner(text, record, reject).run(path);
}

}  // namespace tocsin::ingest
