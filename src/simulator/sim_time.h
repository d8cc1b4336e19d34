#pragma once

// The simulation's time and its days: everything that a simulation does at certain times it does
// every day again.

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace telnyx_exporter::simulator {

/// Seconds since the midnight before the simulation begins; calls may have begun before, at
/// negative times.
using SimTime = double;

inline constexpr double kSecondsPerDay = 86'400;

/// Seconds since the midnight before `time`.
double TimeOfDay(SimTime time);

/// A time of day as HH:MM or HH:MM:SS, in seconds; nothing for any other text.
std::optional<double> ParseTimeOfDay(std::string_view text);
/// The same, with seconds where there are some.
std::string FormatTimeOfDay(double seconds);

/// A part of every day; over midnight when it begins later than it ends.
struct DayWindow {
  double from = 0;   // seconds since midnight, itself inside
  double until = 0;  // itself outside; another time than `from`

  bool Contains(SimTime time) const;
  /// Its next beginning after `time`.
  SimTime NextStart(SimTime time) const;

  bool operator==(const DayWindow&) const = default;
};

/// In one step: all calls of this time are made up while the client waits.
inline constexpr double kLongestAdvance = 7 * kSecondsPerDay;

/// The simulation's time: begins at `start`, runs `scale` times as fast as the clock, can be
/// frozen, from its very beginning too, and, when frozen, moved on by hand. Any thread.
class SimClock {
 public:
  SimClock(const Clock& clock, double scale, SimTime start = 0, bool frozen = false)
      : clock_(clock), scale_(scale), start_(start), base_(clock.Now()), base_time_(start) {
    if (frozen) frozen_ = start;
  }

  SimTime start() const { return start_; }
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
  /// Moves a frozen clock on by at most kLongestAdvance; false when it runs.
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
