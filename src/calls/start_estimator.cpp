#include "calls/start_estimator.h"

#include <algorithm>
#include <cmath>

namespace telnyx_exporter {
namespace {

// How many legs that were seen to start are remembered. More would be smoother, but would carry
// what a crowd of short calls told over to the long calls after it for longer.
constexpr double kMemoryLegs = 3'000;

// Of each whole second's legs in the value at age 0 of the straight line through all of them (least
// squares; second d holds the ages around d + 1/2).
constexpr std::array<double, StartEstimator::kWindowSeconds> kWeights = [] {
  constexpr double kSize = StartEstimator::kWindowSeconds;
  constexpr double kMiddle = kSize / 2;
  constexpr double kSquares = kSize * (kSize * kSize - 1) / 12;
  std::array<double, StartEstimator::kWindowSeconds> weights{};
  for (std::size_t d = 0; d < weights.size(); ++d) {
    weights[d] = 1 / kSize + kMiddle * (kMiddle - (static_cast<double>(d) + 0.5)) / kSquares;
  }
  return weights;
}();

}  // namespace

double DensityNearZero(std::span<const TrackedLeg> legs) {
  double density = 0;
  for (const TrackedLeg& leg : legs) {
    if (leg.duration_seconds < kWeights.size()) density += kWeights[leg.duration_seconds];
  }
  return density;
}

double StartEstimator::Add(std::span<const TrackedLeg> legs, std::uint64_t started, Duration gap) {
  const auto seen = static_cast<double>(started);
  const double kept = std::exp(-seen / kMemoryLegs);
  told_ = told_ * kept + DensityNearZero(legs) * ToSeconds(gap);
  seen_ = seen_ * kept + seen;
  return seen * std::max(1.0, told_ / seen_);
}

}  // namespace telnyx_exporter
