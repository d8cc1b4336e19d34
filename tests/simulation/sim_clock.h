#pragma once

#include <algorithm>

#include "base/clock.h"

namespace telnyx_exporter::simulation {

/// Stands still until the simulation moves it on.
class SimClock final : public Clock {
 public:
  SimClock(Instant now, WallTime wall_now)
      : now_(now), wall_offset_(wall_now.time_since_epoch() - now.time_since_epoch()) {}

  Instant Now() const override { return now_; }
  WallTime WallNow() const override {
    return WallTime(
        std::chrono::duration_cast<WallTime::duration>(now_.time_since_epoch() + wall_offset_));
  }

  /// Never back.
  void AdvanceTo(Instant time) { now_ = std::max(now_, time); }
  /// Somebody sets the machine's wall clock; intervals go on undisturbed.
  void ShiftWallClock(Duration by) { wall_offset_ += by; }

 private:
  Instant now_;
  Duration wall_offset_;
};

}  // namespace telnyx_exporter::simulation
