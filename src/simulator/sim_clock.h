#pragma once

#include <mutex>
#include <optional>

#include "base/clock.h"
#include "simulator/sim_time.h"

namespace telnyx_exporter::simulator {

/// The simulation's time: begins at `start`, runs `scale` times as fast as the clock, can be frozen
/// and, when frozen, moved on by hand. Any thread.
class SimClock {
 public:
  SimClock(const Clock& clock, double scale, SimTime start = 0)
      : clock_(clock), scale_(scale), start_(start), base_(clock.Now()), base_time_(start) {}

  SimTime start() const { return start_; }

  /// Stands at the very beginning of the simulation until Unfreeze.
  void FreezeAtStart() {
    const std::lock_guard lock(mutex_);
    frozen_ = start_;
  }

  SimTime Now() const {
    const std::lock_guard lock(mutex_);
    return frozen_ ? *frozen_ : Running();
  }
  bool frozen() const {
    const std::lock_guard lock(mutex_);
    return frozen_.has_value();
  }
  void Freeze() {
    const std::lock_guard lock(mutex_);
    if (!frozen_) frozen_ = Running();
  }
  void Unfreeze() {
    const std::lock_guard lock(mutex_);
    if (!frozen_) return;
    base_ = clock_.Now();
    base_time_ = *frozen_;
    frozen_.reset();
  }
  /// Moves a frozen clock on; false when it runs.
  bool Advance(double seconds) {
    const std::lock_guard lock(mutex_);
    if (!frozen_) return false;
    *frozen_ += seconds;
    return true;
  }

 private:
  SimTime Running() const { return base_time_ + ToSeconds(clock_.Now() - base_) * scale_; }

  const Clock& clock_;
  const double scale_;
  const SimTime start_;
  mutable std::mutex mutex_;
  Instant base_;
  SimTime base_time_;
  std::optional<SimTime> frozen_;
};

}  // namespace telnyx_exporter::simulator
