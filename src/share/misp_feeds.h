// Misp feeds: what each member may have of the offers, as events of MISP: one for each agreement,
// day, type and marking, in parts of a bounded size.
//
// Nothing is copied for a member: what is kept of an event is where it begins, its hash and its
// timestamp, which grows whenever anything in it changes. docs/misp.md.
// Source: misp-core-format Internet-Draft (November 2025), section "Manifest".
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "share/handout.h"
#include "share/misp_event.h"

namespace tocsin::share {

struct MispListed {
  MispHead head;
  std::string agreement;  // its id
  std::string address;    // ... and content address
  std::size_t part = 0;
  TimeUs start = 0, last = 0;  // dates of the first and the last of its events
  std::uint64_t events = 0;    // of ours, that are in it
  std::int64_t timestamp_s = 0;
  std::string content;  // hash of all but the timestamp
  std::string sha256;   // of its file
  std::uint64_t print = 0;
  std::vector<TimeUs> bases{};  // of the offers that it is made of
};

class MispFeeds {
 public:
  struct Settings {
    unsigned days = 7;                   // today and those before it
    std::size_t part_events_max = 1000;  // a further part begins then
    std::size_t events_max = 100'000;    // the oldest days go first
  };
  static Result<std::unique_ptr<MispFeeds>> open(store::Journal& journal, Shelves& shelves,
                                                 Settings settings);
  Shelves& shelves() { return shelves_; }

  // As it is now, oldest first. Holds until the next call of one of these for that member.
  Result<const std::vector<MispListed>*> look(Handout& to);
  // As it was at the last look(), unless agreements have changed.
  Result<const std::vector<MispListed>*> as_looked_at(Handout& to);

  struct Made {
    MispEvent event;
    MispListed listed;
    std::string json() const { return event.json(listed.timestamp_s); }
  };
  // Where a page of a search begins, if the one before it was read: an event, and how many of its
  // attributes are behind it. Nothing: it is counted from the first event.
  struct Mark {
    std::string uuid;
    std::size_t lines = 0;
  };
  std::optional<Mark> mark(const Handout& to, const std::string& page);
  void keep_mark(const Handout& to, const std::string& page, Mark mark);

  // nullopt: it is not there, or not any more.
  Result<std::optional<Made>> make(Handout& to, const std::string& uuid);

 private:
  // agreement id, day, type, marking
  using Key = std::tuple<std::string, Day, Type, Tlp>;
  struct Feed {
    bool known = false;
    std::vector<std::string> addresses;
    std::uint64_t epoch = 0;
    TimeUs last = 0;
    Day day = 0;
    std::vector<MispListed> events;
    std::map<std::string, Mark> marks;  // by page
  };
  static constexpr std::size_t marks_max = 1000;  // of one member; then they are forgotten
  struct Kept;
  struct Look;
  MispFeeds(Shelves& shelves, store::Tables tables, Settings settings)
      : shelves_(shelves), tables_(std::move(tables)), settings_(settings) {}
  std::shared_ptr<Feed> feed_of(const std::string& member);
  Result<Kept> kept(const std::string& member) const;
  Result<void> list(Handout& to, Feed& feed);
  Result<MispEvent> render(Handout& to, const MispListed& listed) const;
  MispHead head_of(const Handout& to, const Key& key, const policy::Agreement& agreement,
                   std::size_t part) const;

  Shelves& shelves_;
  store::Tables tables_;
  Settings settings_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Feed>> feeds_;
};

}  // namespace tocsin::share
