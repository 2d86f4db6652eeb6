// names: the registered domain (the public suffix and one label) of both ends' host names.
// Source: Mozilla's Public Suffix List through libpsl.
#include <fmt/format.h>
#include <libpsl.h>

#include <array>
#include <memory>
#include <string>

#include "enrich/enricher.h"
#include "model/normal.h"

namespace tocsin::enrich {
namespace {

struct Free {
  void operator()(psl_ctx_t* list) const { psl_free(list); }
};

class Names final : public Opened {
 public:
  Names(std::unique_ptr<psl_ctx_t, Free> list, std::string what)
      : list_(std::move(list)), what_(std::move(what)) {}

  void apply(EventBatch& batch) const override {
    apply(batch, batch.source, "source");
    apply(batch, batch.destination, "destination");
  }
  std::string describe() const override { return what_; }

 private:
  // The registered domain is the end of the name: nothing to escape, for a canonical name is ASCII
  // without quotes.
  void apply(EventBatch& batch, const EndColumns& end, std::string_view end_name) const {
    std::string name, member;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      std::string_view host = batch.text(end.name[i]);
      if (host.empty() && !end.url[i].empty()) {
        host = normal::url_host(batch.text(end.url[i]));
        if (host.empty() || host.find(':') != host.npos ||
            (host.back() >= '0' && host.back() <= '9')) {
          continue;  // an address
        }
      }
      if (host.empty()) continue;
      name = host;  // libpsl wants a NUL
      const char* domain = psl_registrable_domain(list_.get(), name.c_str());
      if (domain == nullptr) continue;
      member.clear();
      fmt::format_to(std::back_inserter(member), "\"node.{}.domain\":\"{}\"", end_name, domain);
      batch.add_members(i, member);
    }
  }

  std::unique_ptr<psl_ctx_t, Free> list_;
  std::string what_;
};

Result<std::unique_ptr<Opened>> open(const Settings& settings) {
  std::string path(setting(settings, "public_suffix_list"));
  if (path == "off") return nullptr;
  std::unique_ptr<psl_ctx_t, Free> list(path.empty() ? psl_latest(nullptr)
                                                     : psl_load_file(path.c_str()));
  if (!list) {
    return invalid(path.empty() ? "no public suffix list on this machine"
                                : fmt::format("no public suffix list in '{}'", path));
  }
  int rules = psl_suffix_count(list.get());
  return std::make_unique<Names>(std::move(list),
                                 rules > 0 ? fmt::format("public suffix list, {} rules", rules)
                                           : std::string("public suffix list of the system"));
}

}  // namespace

Enricher names() {
  return {.summary = "registered domain of host names, by the public suffix list",
          .order = 30,
          .open = open};
}

}  // namespace tocsin::enrich
