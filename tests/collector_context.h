// A collector's context for tests: keeps what was delivered, and the cursor.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>

#include "ingest/collector.h"
#include "temporary_folder.h"

namespace tocsin::ingest {

class TestContext : public CollectorContext {
 public:
  struct Kept {
    std::string name, url, path, bytes, cursor;
    bool live = false;
  };
  Result<Receipt> deliver(Delivery delivery) override {
    if (before_deliver) {
      if (auto error = before_deliver(delivery)) return std::unexpected(*error);
    }
    Kept kept{delivery.name,  delivery.url,    delivery.path,
              delivery.bytes, delivery.cursor, delivery.live};
    if (!delivery.path.empty()) {
      std::ifstream in(delivery.path, std::ios::binary);
      kept.bytes.assign(std::istreambuf_iterator<char>(in), {});
    }
    std::scoped_lock lock(mutex_);
    deliveries_.push_back(kept);
    cursor_ = delivery.cursor;
    delivered_.notify_all();
    return Receipt{.report = deliveries_.size()};
  }
  std::string cursor() override {
    std::scoped_lock lock(mutex_);
    return cursor_;
  }
  Result<void> keep_cursor(std::string cursor) override {
    std::scoped_lock lock(mutex_);
    cursor_ = std::move(cursor);
    return {};
  }
  Result<std::string> secret(std::string_view name) override {
    auto found = secrets.find(std::string(name));
    if (found == secrets.end()) return missing("no secret '" + std::string(name) + "'");
    return found->second;
  }
  std::string spool_path() override { return spool.file("spool-" + std::to_string(++spools_)); }
  std::stop_token stop() override { return stopping.get_token(); }

  std::vector<Kept> deliveries() {
    std::scoped_lock lock(mutex_);
    return deliveries_;
  }

  // All bytes that were delivered, once there are `size` of them; fewer after ten seconds.
  std::string bytes_of(std::size_t size) {
    std::unique_lock lock(mutex_);
    std::string out;
    auto enough = [&] {
      out.clear();
      for (const Kept& kept : deliveries_) out += kept.bytes;
      return out.size() >= size;
    };
    delivered_.wait_for(lock, std::chrono::seconds(10), enough);
    return out;
  }

  std::map<std::string, std::string> secrets;
  std::stop_source stopping;
  TemporaryFolder spool;
  std::function<std::optional<Error>(const Delivery&)> before_deliver;

 private:
  std::mutex mutex_;
  std::condition_variable delivered_;
  std::vector<Kept> deliveries_;
  std::string cursor_;
  std::atomic<unsigned> spools_ = 0;
};

inline const Collector& collector(std::string_view name) {
  for (const auto& entry : collectors()) {
    if (entry.name == name) return entry.plugin;
  }
  std::abort();
}

}  // namespace tocsin::ingest
