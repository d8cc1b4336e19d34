#pragma once

// What must come out of polling the calls of the simulator's traffic model, by the theory of its
// log-normal durations.

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "simulator/traffic_model.h"

namespace telnyx_exporter {

/// Calls of several kinds on the same connection in a day of `day_seconds`.
class CallTheory {
 public:
  CallTheory(std::vector<simulator::TrafficSettings> kinds, double day_seconds)
      : kinds_(std::move(kinds)), day_seconds_(day_seconds) {}

  /// The mean of `value` over the durations of all calls, in seconds.
  template <typename Value>
  double MeanOverCalls(Value value) const {
    double sum = 0;
    double count = 0;
    for (const simulator::TrafficSettings& kind : kinds_) {
      sum += CountOf(kind) * MeanOverDurations(kind, value);
      count += CountOf(kind);
    }
    return sum / count;
  }

  /// The share of the calls that polls every `interval` seconds see: one that is shorter than the
  /// interval is seen as often as a poll falls into it.
  double ShareSeen(double interval) const {
    return MeanOverCalls([&](double d) { return std::min(1.0, d / interval); });
  }

  /// By how many seconds the time from when a call that is seen was last seen to its end differs
  /// from half an interval: not at all for calls longer than the interval, whose end may be
  /// anywhere in it. The API's whole seconds are half a second too short.
  double MeanError(double interval) const {
    const double excess = MeanOverCalls(
        [&](double d) { return d < interval ? d / interval * (interval - d) / 2 : 0.0; });
    return excess / ShareSeen(interval) - 0.5;
  }

 private:
  double CountOf(const simulator::TrafficSettings& kind) const {
    const double seconds = kind.window ? kind.window->until - kind.window->from : day_seconds_;
    return kind.mean_active_calls / kind.mean_duration_seconds * seconds;
  }

  template <typename Value>
  static double MeanOverDurations(const simulator::TrafficSettings& kind, Value value) {
    const double sigma = kind.duration_spread;
    const double mu = std::log(kind.mean_duration_seconds) - sigma * sigma / 2;
    constexpr double kStep = 1e-3;
    double mean = 0;
    for (double z = -8; z < 8; z += kStep) {
      const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
      mean += density * kStep * value(std::min(std::exp(mu + sigma * z), kind.longest_seconds));
    }
    return mean;
  }

  std::vector<simulator::TrafficSettings> kinds_;
  double day_seconds_;
};

}  // namespace telnyx_exporter
