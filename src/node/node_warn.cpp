// What a node does for early warning: its series, and whose an event is in them.
#include <spdlog/spdlog.h>

#include <filesystem>

#include "model/subject.h"
#include "node/node.h"
#include "node/outlook.h"
#include "store/replay.h"

namespace tocsin::node {

// A series that is absent, or older than the journal reaches back, is made anew from the columns.
Result<void> Node::open_series(std::uint64_t secret) {
  auto opened = warn::Series::open(home_.file("series"), {.secret = secret});
  if (!opened && opened.error().fault == Fault::invalid) {
    spdlog::error("series: {}: made anew", opened.error().what);
    std::error_code failed;
    std::filesystem::rename(home_.file("series"), home_.file("series.damaged"), failed);
    opened = warn::Series::open(home_.file("series"), {.secret = secret});
  }
  series_ = TRY(std::move(opened));
  outlook_ = Outlook::open({.series = *series_, .words = words_, .now = options_.now});
  std::uint64_t watermark = series_->applied();
  if (watermark >= journal_->last_seq() || TRY(journal_->batch(watermark + 1))) return {};
  spdlog::warn("series: what came after batch {} is made anew from the events", watermark);
  std::uint64_t last = columns_->watermark();
  TRY(store::replay(*columns_, {.after = watermark, .up_to = last},
                    [&](EventBatch& batch) { return series_->restore(batch, now(), {}); }));
  series_->restored_up_to(last);
  return series_->snapshot(outlook_->save());
}

// By number, 0 nobody's: of those that the directory has now.
std::vector<WordId> Node::constituents_of(const EventBatch& batch) const {
  std::vector<WordId> whose;
  auto directory = alerts_->book().directory();
  if (directory->empty()) return whose;
  whose.resize(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Subject subject = subject_of(batch, i);
    SubjectPlace place = place_of(batch, i);
    bool named = subject.kind == SubjectKind::name;
    auto decision = directory->decide({.ip = subject.ip,
                                       .name = named ? subject.text : std::string_view(),
                                       .asn = place.asn,
                                       .country = place.country});
    if (const alert::Constituent* one = directory->of(decision))
      whose[i] = static_cast<WordId>(one->id);
  }
  return whose;
}

}  // namespace tocsin::node
