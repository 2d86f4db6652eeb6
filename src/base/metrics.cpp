#include "base/metrics.h"

#include <algorithm>

#include "base/check.h"
#include "base/json.h"

namespace tocsin {
namespace {

void append_escaped(std::string& out, std::string_view text, bool quotes) {
  for (char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\' || (quotes && c == '"')) {
      out += {'\\', c};
    } else {
      out += c;
    }
  }
}

std::string labels_text(const Labels& labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    out += (out.empty() ? "" : ",") + name + "=\"";
    append_escaped(out, value, true);
    out += '"';
  }
  return out;
}

void append_line(std::string& out, std::string_view name, std::string_view suffix,
                 std::string_view labels, double value) {
  out += name;
  out += suffix;
  if (!labels.empty()) (out += '{') += labels, out += '}';
  out += ' ';
  json::append_number(out, value);
  out += '\n';
}

std::string with_bound(std::string_view labels, double bound) {
  std::string out(labels);
  if (!out.empty()) out += ',';
  out += "le=\"";
  json::append_number(out, bound);
  return out + '"';
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {
  check(std::is_sorted(bounds_.begin(), bounds_.end()), "a histogram's bounds rise");
}

void Histogram::observe(double value) {
  auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  counts_[static_cast<std::size_t>(at)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

Metrics::Family& Metrics::family(std::string_view name, std::string_view help, Kind kind) {
  auto found = families_.find(name);
  if (found == families_.end()) {
    found = families_.emplace(name, Family{.kind = kind, .help = std::string(help)}).first;
  }
  check(found->second.kind == kind, "a metric's name has one kind");
  return found->second;
}

template <class Store, class... Args>
auto& Metrics::instrument(Store& store, Family& family, const Labels& labels, Args&&... args) {
  std::string key = labels_text(labels);
  if (!family.series.contains(key) && family.series.size() >= series_max) key = "series=\"other\"";
  auto [at, fresh] = family.series.try_emplace(key, store.size());
  if (fresh) store.emplace_back(std::forward<Args>(args)...);
  return store[at->second];
}

Counter& Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  std::lock_guard lock(mutex_);
  return instrument(counters_, family(name, help, Kind::counter), labels);
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  std::lock_guard lock(mutex_);
  return instrument(gauges_, family(name, help, Kind::gauge), labels);
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help,
                              std::vector<double> bounds, const Labels& labels) {
  std::lock_guard lock(mutex_);
  return instrument(histograms_, family(name, help, Kind::histogram), labels, std::move(bounds));
}

void Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels,
                    std::function<double()> read) {
  std::lock_guard lock(mutex_);
  family(name, help, Kind::gauge).reads[labels_text(labels)] = std::move(read);
}

void Metrics::print(std::string& out, const std::string& name, const Family& family) const {
  for (const auto& [labels, at] : family.series) {
    if (family.kind == Kind::counter) {
      append_line(out, name, "", labels, static_cast<double>(counters_[at].value()));
    } else if (family.kind == Kind::gauge) {
      append_line(out, name, "", labels, gauges_[at].value());
    } else {
      const Histogram& h = histograms_[at];
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < h.bounds().size(); ++i) {
        sum += h.count(i);
        append_line(out, name, "_bucket", with_bound(labels, h.bounds()[i]),
                    static_cast<double>(sum));
      }
      sum += h.count(h.bounds().size());
      std::string last = labels.empty() ? "le=\"+Inf\"" : labels + ",le=\"+Inf\"";
      append_line(out, name, "_bucket", last, static_cast<double>(sum));
      append_line(out, name, "_sum", labels, h.sum());
      append_line(out, name, "_count", labels, static_cast<double>(sum));
    }
  }
}

std::string Metrics::text() const {
  constexpr std::string_view kinds[] = {"counter", "gauge", "histogram"};
  struct Read {
    std::string labels;
    std::function<double()> read;
  };
  std::map<std::string, std::pair<std::string, std::vector<Read>>> parts;  // by name
  {
    std::lock_guard lock(mutex_);
    for (const auto& [name, family] : families_) {
      auto& [out, reads] = parts[name];
      out = "# HELP " + name + ' ';
      append_escaped(out, family.help, false);
      out += "\n# TYPE " + name + ' ';
      out += kinds[static_cast<std::size_t>(family.kind)];
      out += '\n';
      print(out, name, family);
      for (const auto& [labels, read] : family.reads) reads.push_back({labels, read});
    }
  }
  std::string all;
  for (auto& [name, part] : parts) {
    for (const Read& read : part.second)
      append_line(part.first, name, "", read.labels, read.read());
    all += part.first;
  }
  return all;
}

}  // namespace tocsin
