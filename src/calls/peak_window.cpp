#include "calls/peak_window.h"

#include <algorithm>

namespace telnyx_exporter {

void PeakWindow::Add(std::uint64_t count, Instant now, Duration window) {
  newest_ = count;
  while (!falling_.empty() && falling_.back().count <= count) falling_.pop_back();
  std::erase_if(falling_, [&](const Entry& entry) { return entry.when + window <= now; });
  constexpr auto kSlices = static_cast<Duration::rep>(kMostCounts);
  const Duration slice = (window + Duration(kSlices - 1)) / kSlices;
  if (!falling_.empty() && now < falling_.back().when + slice) return;
  falling_.push_back({.when = now, .count = count});
}

PeakWindow::Peak PeakWindow::At(Instant now, Duration window) const {
  for (const Entry& entry : falling_) {
    if (now < entry.when + window && entry.count > newest_) {
      return {.count = entry.count, .until = entry.when + window};
    }
  }
  return {.count = newest_, .until = std::nullopt};
}

}  // namespace telnyx_exporter
