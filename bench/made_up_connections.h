#pragma once

// The state of an exporter with many connections of one account, each with an hour of history.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "state/state_store.h"

namespace telnyx_exporter {

class StoppedClock final : public Clock {
 public:
  Instant Now() const override { return Instant(std::chrono::hours(10)); }
  WallTime WallNow() const override { return WallTime(std::chrono::seconds(1'700'000'000)); }
};

class MadeUpConnections {
 public:
  explicit MadeUpConnections(std::uint32_t count) : count_(count) {
    store_.OnAccountAdded(AccountKey{0}, {.name = "main"});
    for (std::uint32_t i = 0; i < count_; ++i) {
      const ConnectionKey key{i};
      const ConnectionPlan plan{.id = std::to_string(1'293'384'261'075'731'461 + i * 7919ULL),
                                .name = "line-" + std::to_string(i),
                                .stale_after = std::chrono::hours(1)};
      store_.OnConnectionAdded(key, AccountKey{0}, plan);
    }
    for (std::uint32_t minute = 0; minute < 60; ++minute) {
      PollAll(clock_.Now() - std::chrono::minutes(59 - minute), minute * 17);
    }
  }

  void PollAll(Instant ended, std::uint64_t more_legs) {
    for (std::uint32_t i = 0; i < count_; ++i) {
      Poll(ConnectionKey{i}, ended, 20 + (i * 31 + more_legs) % 90);
    }
  }

  void Poll(ConnectionKey key, Instant ended, std::uint64_t legs) {
    CompletePoll poll;
    poll.summary.legs = legs;
    poll.summary.sessions = legs;
    poll.summary.longest_seconds = 4000;
    poll.summary.total_seconds = 100 * legs;
    poll.summary.bucket_counts.assign(bounds_->size() + 1, legs / 12);
    poll.duration_bounds = bounds_;
    poll.reported_legs = legs;
    poll.pages = 1;
    poll.longest_calls.resize(10);
    store_.OnPollEnded(key, {.ended = ended,
                             .ended_wall = clock_.WallNow(),
                             .elapsed = std::chrono::milliseconds(120),
                             .result = std::move(poll),
                             .next_due = clock_.Now()});
  }

  const Clock& clock() const { return clock_; }
  const StateStore& store() const { return store_; }

 private:
  std::uint32_t count_;
  StoppedClock clock_;
  StateStore store_{clock_};
  DurationBounds bounds_ = std::make_shared<const std::vector<double>>(
      std::vector<double>{5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400});
};

}  // namespace telnyx_exporter
