#pragma once

// Where in its interval each connection is polled. Pure; PollSchedule asks it on the polling
// thread, and Shard uses the same hash. Other values here would move every connection at an
// upgrade.

#include <cstdint>
#include <string_view>

#include "base/clock.h"

namespace telnyx_exporter {

/// The same number for the same account and connection in every process and on every machine.
std::uint64_t StableHash(std::string_view account, std::string_view connection_id);

/// When a connection's polls are due: once an interval, at a place in it that `hash` chooses, so
/// that many connections spread out. The places follow the wall clock at the start, so a restart
/// does not move them; from then on only the steady clock counts, so setting the wall clock does
/// nothing.
class PollGrid {
 public:
  PollGrid(Duration interval, std::uint64_t hash, Instant now, WallTime wall_now);

  Duration interval() const { return interval_; }
  /// The first due time after `time`.
  Instant NextAfter(Instant time) const;
  /// How many due times lie after `begin` and not after `end`.
  std::uint64_t CountBetween(Instant begin, Instant end) const;

 private:
  std::int64_t SlotOf(Instant time) const;

  Duration interval_;
  Instant anchor_;  // a due time
};

}  // namespace telnyx_exporter
