#pragma once

// The highest of the counts that a connection's polls found within a window of time, so that a
// spike between two scrapes is not lost. Written with every complete poll, asked at any moment.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"

namespace telnyx_exporter {

class PeakWindow {
 public:
  struct Peak {
    std::uint64_t count = 0;
    std::optional<Instant> until;  // it holds, if nothing is added before; nothing: for ever
  };

  /// A window keeps this many counts at most. When its polls are closer together than a 64th of
  /// the window, a count that was not the highest when it came may be left out; then, when the
  /// highest is over, a lower peak is shown for less than a 64th of the window.
  static constexpr std::size_t kMostCounts = 64;

  /// `now` is not before the one of the last call.
  void Add(std::uint64_t count, Instant now, Duration window);

  /// The highest count of the window that ends at `now`. The newest one is always among them,
  /// since it is what is known of the present. Nothing was added: 0.
  Peak At(Instant now, Duration window) const;

 private:
  struct Entry {
    Instant when;
    std::uint64_t count;
  };

  std::vector<Entry> falling_;  // each can be the highest one day: later ones are all lower
  std::uint64_t newest_ = 0;
};

}  // namespace telnyx_exporter
