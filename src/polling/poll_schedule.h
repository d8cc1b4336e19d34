#pragma once

// When one connection's polls are due, whether it is idle, and until when it may be without word.
// Pure: its account tells it on the polling thread how the polls end. It follows PollGrid
// as long as the request budget allows the interval that the configuration asks for.

#include <algorithm>
#include <cstdint>

#include "base/clock.h"
#include "polling/account_limits.h"

namespace telnyx_exporter {

/// When a connection's polls are due: once an interval, at a place in it that `hash` chooses, so
/// that many connections spread out. Places are at half seconds. They follow the wall clock at the
/// start, so a restart does not move them; from then on only the steady clock counts, so setting
/// the wall clock does nothing.
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

/// The first poll comes within this time, however long the interval.
inline constexpr Duration kFirstPollWithin = std::chrono::seconds(15);
/// A first poll that is so many intervals in force overdue has failed.
inline constexpr int kOverdueIntervals = 3;
/// Where the budget has stretched the intervals, a first poll is overdue after this time at the
/// latest.
inline constexpr Duration kFirstResultWithin = std::chrono::minutes(5);

/// The due times of one connection, on its grid or stretched away from it.
class PollSchedule {
 public:
  /// `hash` chooses the place in the interval. `at_once`: the first poll is due now.
  PollSchedule(const PollIntervals& intervals, std::uint64_t hash, Instant now, WallTime wall_now,
               bool at_once);

  /// When the next poll is due.
  Instant due() const { return due_; }
  const IntervalInForce& in_force() const { return in_force_; }
  /// When the values of the newest complete poll expire, or the first poll is too much overdue,
  /// without another poll having begun; kNever when a newer poll has begun.
  Instant expiry() const;
  bool idle() const { return quiet_polls_ >= kIdlePolls; }
  /// The first poll has been due.
  bool was_due() const { return was_due_; }
  /// Requests per second that the connection needs, stretched by nothing; fewer while it is
  /// refused.
  DemandShare Demand() const;

  /// The due time has come; another one follows. Returns how many whole intervals have passed
  /// since unseen, because the machine slept: then no poll is made up for.
  std::uint64_t OnDue(Instant now);
  /// The poll sends its first request, or failed without one.
  void OnBegun(Instant now);
  void OnComplete(std::uint64_t legs, std::uint32_t pages, Instant now);
  /// A poll that needs at least so many pages was not complete within the budget.
  void OnTooLarge(std::uint32_t pages) { pages_ = std::max(pages_, pages); }
  /// `refused`: the API took the key and refused the connection, which is then polled less often.
  void OnFailed(bool refused, Instant now);
  /// A poll at the present interval has failed, for whatever reason.
  void OnTried(Instant now);
  /// That there are no values any more has been said.
  void OnExpired() { pending_ = Pending::kNothing; }

  /// True when the interval in force changed.
  bool Stretch(const IntervalStretch& stretch, Instant now);
  /// Another plan for the same connection. True when the interval in force, or how long values are
  /// kept, may have changed.
  bool Replan(const PollIntervals& intervals, Instant now, WallTime wall_now);
  /// The account's rate limit was raised: a first poll that waits for it is overdue no earlier than
  /// one that is due now.
  void OnRateRaised(Instant now);
  /// The account has another key or way to its API: what was refused is tried again like a first
  /// poll.
  void Retry(Instant now);
  /// The next poll comes like a first one, however long the interval: what it reports has changed.
  void PollSoon(Instant now);
  /// The next poll is due at `when` at the latest.
  void PollBy(Instant when) { due_ = std::min(due_, when); }
  /// How many polls in a row were refused.
  std::uint32_t refusals() const { return refusals_; }

 private:
  /// What fails the connection when no poll begins in time.
  enum class Pending : std::uint8_t {
    kNothing,    // the newest poll has begun, or has failed with a reason
    kExpiry,     // its values, complete at pending_since_, expire
    kFirstPoll,  // its first poll, due at pending_since_, becomes overdue
  };

  /// After anything that the interval in force depends on; true when it changed.
  bool UpdateInForce();
  Instant NextAfter(Instant now) const;
  Instant FirstAfter(Instant now) const;
  bool stretched() const { return in_force_.interval != grid_.interval(); }

  PollIntervals intervals_;
  std::uint64_t hash_;
  Instant epoch_;  // the wall clock's zero, by the wall clock of the beginning
  IntervalStretch stretch_;
  PollGrid grid_;  // of the wanted interval
  IntervalInForce in_force_;
  Instant due_{};
  bool was_due_ = false;
  bool has_begun_ = false;
  Instant newest_{};                     // the newest poll's begin or, before it, its due time
  std::uint32_t refusals_ = 0;           // polls in a row
  Instant slow_until_ = Instant::min();  // because of these
  int quiet_polls_ = 0;                  // complete, in a row, without a call
  std::uint32_t pages_ = 1;              // of the newest complete poll, or more that are needed now
  std::optional<Instant> complete_;      // when the newest complete poll ended
  Pending pending_ = Pending::kFirstPoll;
  Instant pending_since_{};
};

}  // namespace telnyx_exporter
