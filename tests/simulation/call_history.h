#pragma once

// The calls of one simulated connection as time goes on: legs begin and end at known moments, so
// that the truth about any moment of a walk can be told afterwards.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "simulation/random.h"

namespace telnyx_exporter::simulation {

struct Leg {
  std::uint64_t number;
  std::uint64_t session;
  Instant begins;
  Instant ends;

  bool AliveAt(Instant time) const { return begins <= time && time < ends; }
};

/// In which order the API lists a connection's legs.
enum class RowOrder : std::uint8_t { kOldestFirst, kNewestFirst, kScrambled };

struct CallProfile {
  double mean_calls = 0;  // at once
  Duration mean_duration = std::chrono::minutes(3);
  double new_session_share = 0.6;  // the others join the session of the leg before
};

class CallHistory {
 public:
  CallHistory(const CallProfile& profile, std::uint64_t seed, Instant start);

  /// Lets calls come and go until `time`; an earlier time changes nothing.
  void AdvanceTo(Instant time);
  /// Legs that end after `time` stay known from now on; nothing: only those alive do.
  void KeepSince(std::optional<Instant> time) { keep_since_ = time; }

  /// Every leg known, in the order of their numbers and beginnings.
  const std::vector<Leg>& legs() const { return legs_; }

 private:
  Duration NextGap();
  void Begin(Instant begins);
  void EndAll();
  void BeginMany(Instant time);
  void Forget(Instant time);

  const CallProfile profile_;
  Random random_;
  std::vector<Leg> legs_;
  std::uint64_t last_number_ = 0;
  std::uint64_t last_session_ = 0;
  Instant now_;
  Instant next_begins_ = Instant::max();
  std::optional<Instant> keep_since_;
  std::size_t forget_at_ = 64;  // legs
};

/// A leg's position in its order: pages are cut along this number.
inline std::uint64_t PositionOf(RowOrder order, std::uint64_t leg_number) {
  switch (order) {
    case RowOrder::kOldestFirst:
      return leg_number;
    case RowOrder::kNewestFirst:
      return ~leg_number;
    case RowOrder::kScrambled:
      return Mix(leg_number, 1) | 1;
  }
  return leg_number;
}

}  // namespace telnyx_exporter::simulation
