#pragma once

// How many legs started between two polls, those included that no poll saw. A CallTracker has one.
// The theory and the measured error are in docs/accuracy.md.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/clock.h"
#include "calls/sorted_legs.h"

namespace telnyx_exporter {

/// If legs start at the rate r and a share S(a) of them lasts longer than a, then r·S(a) legs of
/// age a are active at any moment. S(0) is 1: so their density near age 0 is the rate of all
/// starts, however far apart the polls are. A single poll tells it with much noise. So what is kept
/// is how many times more starts the density told than legs were seen to start, over the last
/// several thousand legs, and the legs that a poll saw start are multiplied by that.
class StartEstimator {
 public:
  /// Legs younger than this are looked at: a straight line through their density by whole seconds
  /// is extended to age 0.
  static constexpr std::size_t kWindowSeconds = 12;

  /// Takes in a poll `gap` after the one before, which saw `started` legs for the first time.
  /// Returns the estimate of how many started: never fewer than `started`.
  double Add(std::span<const TrackedLeg> legs, std::uint64_t started, Duration gap);

 private:
  // By density and as seen, both fading. They begin as if a few legs had started and all been seen,
  // so that the first legs of a connection do not decide alone.
  static constexpr double kInitialLegs = 20;
  double told_ = kInitialLegs;
  double seen_ = kInitialLegs;
};

/// Legs per second of age near age 0.
double DensityNearZero(std::span<const TrackedLeg> legs);

}  // namespace telnyx_exporter
