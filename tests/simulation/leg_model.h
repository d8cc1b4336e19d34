#pragma once

// What the exporter must say of the calls of one connection that came and went between its polls.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "calls/call_tracker.h"
#include "simulation/wire.h"

namespace telnyx_exporter::simulation {

class LegModel {
 public:
  /// Takes the legs of a complete poll that ended at `now`, each once; `interval` was in force
  /// before. A Violation when `changes` are not what came of it, or when legs have got lost or come
  /// from nowhere.
  void Update(const std::vector<Row>& legs, Instant now, Duration interval,
              const CallChanges& changes);

  // Since the connection was added. Other buckets reset the histogram.
  std::uint64_t started() const { return started_; }
  std::uint64_t completed() const;
  double completed_seconds() const { return completed_seconds_; }
  /// Of each bucket alone; the last one is what lasted longer than the last bound.
  const std::vector<std::uint64_t>& buckets() const { return buckets_; }
  const std::vector<double>& bounds() const { return bounds_; }

 private:
  struct Leg {
    std::uint32_t seconds = 0;
    Instant seen{};
  };

  void BeginWithBounds(const std::vector<double>& bounds);
  void End(const Leg& leg);

  std::optional<Instant> last_poll_;
  Duration interval_{};                 // before the last poll
  Duration expected_{};                 // the longer one of those at the last poll and before it
  std::map<std::uint64_t, Leg> known_;  // seen in the last poll or in the one before
  std::uint64_t baseline_ = 0;
  std::uint64_t started_ = 0;
  std::uint64_t ended_ = 0;
  std::vector<double> bounds_;
  std::vector<std::uint64_t> buckets_;
  double completed_seconds_ = 0;
};

}  // namespace telnyx_exporter::simulation
