// The scan finds quoted regions by the parity of quotes, 64 bytes at a time; a record whose quotes
// stand elsewhere than at the ends of a field or doubled is read again plainly. Source: Langdale,
// Lemire, "Parsing Gigabytes of JSON per Second", section 3.1.
#include "base/csv.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tocsin::csv {
namespace {

constexpr std::size_t block_bytes = 64;
constexpr std::size_t npos = std::string_view::npos;

enum Mask : std::size_t { delimiters, newlines, quotes, nuls, masks_count };

#if defined(__x86_64__)

// Without quotes the quote is looked for as NUL, and the caller ignores that mask.
__attribute__((target("avx2"))) void classify_avx2(const char* block, const Dialect& dialect,
                                                   std::uint64_t* masks) {
  const char wanted[masks_count] = {dialect.delimiter, '\n', dialect.quote, '\0'};
  __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block));
  __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + 32));
  for (std::size_t i = 0; i < masks_count; ++i) {
    __m256i byte = _mm256_set1_epi8(wanted[i]);
    auto a = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, byte)));
    auto b = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, byte)));
    masks[i] = a | static_cast<std::uint64_t>(b) << 32;
  }
}

void classify_sse2(const char* block, const Dialect& dialect, std::uint64_t* masks) {
  const char wanted[masks_count] = {dialect.delimiter, '\n', dialect.quote, '\0'};
  for (std::size_t i = 0; i < masks_count; ++i) {
    __m128i byte = _mm_set1_epi8(wanted[i]);
    std::uint64_t mask = 0;
    for (unsigned part = 0; part < 4; ++part) {
      __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + part * 16));
      auto bits = static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, byte)));
      mask |= static_cast<std::uint64_t>(bits) << part * 16;
    }
    masks[i] = mask;
  }
}

#else

void classify_plainly(const char* block, const Dialect& dialect, std::uint64_t* masks) {
  for (std::size_t i = 0; i < masks_count; ++i) masks[i] = 0;
  for (std::size_t i = 0; i < block_bytes; ++i) {
    masks[delimiters] |= static_cast<std::uint64_t>(block[i] == dialect.delimiter) << i;
    masks[newlines] |= static_cast<std::uint64_t>(block[i] == '\n') << i;
    masks[quotes] |= static_cast<std::uint64_t>(block[i] == dialect.quote) << i;
    masks[nuls] |= static_cast<std::uint64_t>(block[i] == '\0') << i;
  }
}

#endif

// Bit i of the result is the parity of bits 0 to i.
std::uint64_t parity_up_to(std::uint64_t bits) {
  for (unsigned shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

std::uint64_t below(unsigned bit) {
  return (std::uint64_t{1} << bit) - 1;
}

}  // namespace

Reader::Reader(std::string_view bytes, const Dialect& dialect, std::size_t line)
    : bytes_(bytes),
      dialect_(dialect),
      fields_(dialect.fields_max),
      next_line_(line),
      again_left_(std::max(bytes.size(), std::size_t{64} << 20)) {
#if defined(__x86_64__)
  classify_ = __builtin_cpu_supports("avx2") ? classify_avx2 : classify_sse2;
#else
  classify_ = classify_plainly;
#endif
  if (bytes_.starts_with("\xef\xbb\xbf")) bytes_.remove_prefix(3);
}

void Reader::restart(std::size_t at) {
  at_ = next_block_ = at;
  ends_ = special_ = inside_ = closed_ = 0;
  may_open_ = 1;
  irregular_ = false;
}

// Scans the next block into ends_ and special_. False at the end of the text.
bool Reader::load() {
  if (next_block_ >= bytes_.size()) return false;
  special_before_ |= special_ != 0;
  block_ = next_block_;
  const char* data = bytes_.data() + block_;
  std::size_t left = bytes_.size() - block_;
  char tail[block_bytes];
  std::uint64_t valid = ~std::uint64_t{0};
  if (left < block_bytes) {
    std::memset(tail, ' ', block_bytes);
    std::memcpy(tail, data, left);
    data = tail;
    valid = below(static_cast<unsigned>(left));
  }
  next_block_ += std::min(left, block_bytes);

  std::uint64_t masks[masks_count];
  classify_(data, dialect_, masks);
  std::uint64_t quote = dialect_.quote ? masks[quotes] & valid : 0;
  std::uint64_t separators = (masks[delimiters] | masks[newlines]) & valid;
  if (quote == 0 && inside_ == 0 && closed_ == 0) {
    ends_ = separators;
    special_ = masks[nuls] & valid;
    may_open_ = separators >> 63;
    return true;
  }
  std::uint64_t region =
      parity_up_to(quote) ^ inside_;  // from an opening quote up to before its closing one
  std::uint64_t opens = quote & region;
  std::uint64_t closes = quote & ~region;
  std::uint64_t after_close = (closes << 1 | closed_) & valid;
  std::uint64_t wrong = opens & ~((separators | quote) << 1 | may_open_);
  for (std::uint64_t odd = after_close & ~(separators | quote); odd != 0; odd &= odd - 1)
    if (data[std::countr_zero(odd)] != '\r') wrong |= odd & -odd;
  ends_ = separators & ~region;
  special_ = (masks[nuls] & valid) | (after_close & quote) | (masks[newlines] & region & valid);
  irregular_ = wrong != 0;
  if (irregular_) ends_ &= below(static_cast<unsigned>(std::countr_zero(wrong)));
  inside_ = region >> 63 ? ~std::uint64_t{0} : 0;
  may_open_ = (separators | quote) >> 63;
  closed_ = closes >> 63;
  return true;
}

inline void Reader::add(std::size_t begin, std::size_t end) {
  if (count_ == fields_.size()) {
    overflow_ = true;
    return;
  }
  const char* data = bytes_.data();
  if (begin != end && data[begin] == dialect_.quote && dialect_.quote) {
    if (end - begin < 2 || data[end - 1] != dialect_.quote) plainly_ = true;
    fields_[count_++] = {data + begin + 1, end - begin - std::min<std::size_t>(2, end - begin)};
    return;
  }
  fields_[count_++] = {data + begin, end - begin};
}

Step Reader::next() {
  for (;;) {
    begin_ = at_;
    line_ = next_line_;
    count_ = 0;
    overflow_ = plainly_ = false;
    if (begin_ >= bytes_.size()) return Step::end;
    if (!dialect_.comment.empty() && skip_comment()) continue;
    std::size_t field = begin_, end = npos;
    while (end == npos) {
      while (ends_ == 0) {
        if (irregular_) break;
        if (next_block_ - begin_ > dialect_.record_bytes_max)
          return give_up(inside_ != 0, next_block_);
        if (!load()) break;
      }
      if (ends_ == 0) break;
      std::size_t at = block_ + static_cast<unsigned>(std::countr_zero(ends_));
      ends_ &= ends_ - 1;
      if (bytes_[at] == '\n') {
        end = at;
      } else {
        add(field, at);
        field = at + 1;
      }
    }
    if (end == npos && irregular_) return read_plainly();
    if (end == npos && inside_ != 0) return give_up(true, bytes_.size());
    bool at_end = end == npos;
    if (at_end) end = bytes_.size();
    std::size_t after = at_end ? end : end + 1;
    std::uint64_t mine = at_end ? ~std::uint64_t{0} : below(static_cast<unsigned>(end - block_));
    bool special = special_before_ || (special_ & mine) != 0;
    special_ &= ~mine;
    special_before_ = false;
    if (end > field && bytes_[end - 1] == '\r') --end;
    if (end - begin_ > dialect_.record_bytes_max) return give_up(false, end);
    add(field, end);
    if (plainly_) return read_plainly();
    if (count_ == 1 && end == begin_) {  // a blank line
      at_ = after;
      next_line_ = line_ + 1;
      continue;
    }
    return finish(end, after, special);
  }
}

Step Reader::finish(std::size_t end, std::size_t after, bool special) {
  record_ = bytes_.substr(begin_, end - begin_);
  at_ = after;
  next_line_ = line_ + 1;
  if (special) {
    next_line_ += static_cast<std::size_t>(std::ranges::count(record_, '\n'));
    if (record_.find('\0') != npos) return refuse("the record holds a NUL byte");
    unescape();
  }
  if (overflow_) return refuse(fmt::format("more than {} fields", dialect_.fields_max));
  return Step::record;
}

// Undoes doubled quotes. A field was quoted if a quote stands before it.
void Reader::unescape() {
  if (!dialect_.quote) return;
  unescaped_.clear();
  unescaped_.reserve(record_.size());  // so that views into it hold
  for (std::size_t i = 0; i < count_; ++i) {
    std::string_view field = fields_[i];
    if (field.data() == bytes_.data() || field.data()[-1] != dialect_.quote) continue;
    if (field.find(dialect_.quote) == npos) continue;
    std::size_t start = unescaped_.size();
    for (std::size_t k = 0; k < field.size(); ++k) {
      unescaped_ += field[k];
      if (field[k] == dialect_.quote) ++k;
    }
    fields_[i] = std::string_view(unescaped_).substr(start);
  }
}

// One record from begin_, a byte at a time.
Step Reader::read_plainly() {
  enum class State { start, plain, quoted, after_quote } state = State::start;
  count_ = 0;
  overflow_ = false;
  special_before_ = false;
  std::size_t limit = std::min(bytes_.size(), begin_ + dialect_.record_bytes_max + 2);
  unescaped_.clear();
  unescaped_.reserve(limit - begin_);
  std::size_t start = 0, i = begin_;
  bool broken = false;  // a quoted field held a line break
  auto close_field = [&] {
    if (count_ == fields_.size())
      overflow_ = true;
    else
      fields_[count_++] = std::string_view(unescaped_).substr(start);
    start = unescaped_.size();
    state = State::start;
  };
  for (; i < limit; ++i) {
    char c = bytes_[i];
    if (state == State::quoted) {
      broken |= c == '\n';
      if (c == dialect_.quote)
        state = State::after_quote;
      else
        unescaped_ += c;
      continue;
    }
    bool line_ends = c == '\n' || (c == '\r' && i + 1 < bytes_.size() && bytes_[i + 1] == '\n') ||
                     (c == '\r' && i + 1 == bytes_.size());
    if (line_ends) break;
    if (c == dialect_.delimiter) {
      close_field();
    } else if (c == dialect_.quote && state != State::plain) {
      if (state == State::after_quote) unescaped_ += c;
      state = State::quoted;
    } else {
      if (state == State::after_quote && broken && i - begin_ <= again_left_) {
        return give_up(true, i);
      }
      unescaped_ += c;
      state = State::plain;
    }
  }
  if (i - begin_ > dialect_.record_bytes_max) return give_up(state == State::quoted, i);
  if (i == bytes_.size() && state == State::quoted) return give_up(true, i);
  close_field();
  std::size_t after = std::min(bytes_.size(), line_end(i) + 1);
  record_ = bytes_.substr(begin_, i - begin_);
  restart(after);
  next_line_ = line_ + 1 + static_cast<std::size_t>(std::ranges::count(record_, '\n'));
  if (record_.find('\0') != npos) return refuse("the record holds a NUL byte");
  if (overflow_) return refuse(fmt::format("more than {} fields", dialect_.fields_max));
  return Step::record;
}

// Refuses what stands at begin_ and goes on at a later line.
Step Reader::give_up(bool in_quotes, std::size_t reached) {
  std::size_t limit = std::min(bytes_.size(), begin_ + dialect_.record_bytes_max);
  bool recover = in_quotes && reached - begin_ <= again_left_;
  if (recover) again_left_ -= reached - begin_;
  std::size_t end = line_end(recover ? begin_ : limit);
  record_ = bytes_.substr(begin_, end - begin_);
  special_before_ = false;
  restart(std::min(bytes_.size(), end + 1));
  next_line_ = line_ + 1 + static_cast<std::size_t>(std::ranges::count(record_, '\n'));
  if (record_.ends_with('\r')) record_.remove_suffix(1);
  if (in_quotes) return refuse("a quote is opened and never closed");
  return refuse(fmt::format("the record is longer than {} bytes", dialect_.record_bytes_max));
}

Step Reader::refuse(std::string what) {
  error_ = {Fault::invalid, std::move(what)};
  count_ = 0;
  return Step::wrong;
}

std::size_t Reader::line_end(std::size_t from) const {
  return std::min(bytes_.find('\n', from), bytes_.size());
}

bool Reader::skip_comment() {
  if (!bytes_.substr(begin_).starts_with(dialect_.comment)) return false;
  restart(std::min(bytes_.size(), line_end(begin_) + 1));
  special_before_ = false;
  next_line_ = line_ + 1;
  return true;
}

}  // namespace tocsin::csv
