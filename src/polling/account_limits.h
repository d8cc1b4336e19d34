#pragma once

// What decides whether one account may send: its rate limit, what is known of its API key, and its
// request budget, by which intervals are stretched. Pure: the account tells them what its requests
// met and asks them before it sends, on the polling thread.

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "polling/poll_observer.h"
#include "polling/poll_plan.h"
#include "telnyx/failure.h"

namespace telnyx_exporter {

/// The API's word is taken for this long at most, whatever it says.
inline constexpr Duration kLongestRateLimitBlock = std::chrono::minutes(1);
/// From nothing back to the configured rate.
inline constexpr Duration kRateRecoveryTime = std::chrono::minutes(5);
/// The rate is never lowered to less than the configured one divided by this.
inline constexpr double kMostRateDivision = 64;
/// However small the rate is, the wait for the next request is told as this at most.
inline constexpr Duration kLongestTokenWait = std::chrono::hours(24 * 365);

/// A token bucket: at most `burst` requests at once and `requests_per_second` in the long run.
/// Starts full; a long pause fills it to `burst`, never more. Each refusal by the API halves rate
/// and burst; both recover linearly.
class RateLimiter {
 public:
  RateLimiter(RateLimit limit, Instant now);

  /// How long until a request may be sent; zero: now.
  Duration WaitTime(Instant now) const;
  /// Counts one request as sent. Only when WaitTime(now) is zero.
  void CountRequest(Instant now);

  /// The API answered a request that was sent at `sent` with "too many requests" and asked to be
  /// left alone for `wait`. Requests that were under way when the rate was last halved do not halve
  /// it again.
  void OnRefused(Instant sent, Instant now, Duration wait);
  /// The API answered a request that was sent at `sent` and said that it will take `remaining`
  /// further requests before `reset` has passed. Until then an answer that leaves more counts only
  /// if its request was sent after the quota was told: others have overtaken each other.
  void OnQuota(Instant sent, std::uint64_t remaining, Duration reset, Instant now);
  /// When the configured rate, or what refusals have made of it, allows another request.
  Instant OwnLimitEnds() const;
  /// Until when the API's own word forbids requests; long ago when it does not.
  Instant ApiLimitEnds() const;

  /// New configured limits. What the API said stays in force.
  void Configure(RateLimit limit, Instant now);

  /// As configured.
  const RateLimit& limit() const { return limit_; }
  /// Requests per second in force, the API's refusals considered.
  double RateAt(Instant now) const;

 private:
  double TokensAt(Instant now) const;
  double BurstAt(Instant now) const;

  RateLimit limit_;
  double tokens_;
  Instant updated_;
  // What was learnt.
  std::optional<Instant> refused_;  // when the rate was halved last
  double rate_;                     // then
  Instant blocked_until_{};
  std::uint64_t quota_ = 0;  // requests left until `quota_ends_`
  Instant quota_told_{};
  Instant quota_ends_{};
};

/// A poll that tries a refused key for longer than this does not keep others from trying it.
inline constexpr Duration kLongestKeyTrial = std::chrono::seconds(30);

/// While the key is refused, the account waits longer and longer; then the first poll that may send
/// tries the key, alone. Polls that are due meanwhile fail at once, without a request.
class KeyGuard {
 public:
  bool refused() const { return refusals_ > 0; }
  /// In a row.
  std::uint32_t refusals() const { return refusals_; }
  /// Of the newest refusal.
  const PollFailure& failure() const { return failure_; }

  /// Whether a poll that is due now must not send.
  bool HoldsBack(Instant now) const;

  /// The poll of `connection` sends its first request. True when it is the one that tries a refused
  /// key: polls that wait to begin are held back from now on.
  bool OnPollBegun(ConnectionKey connection, Instant now);
  /// It ended, or its connection was removed: another one may try.
  void OnPollOver(ConnectionKey connection);

  /// The API refused the key of a poll that began at `begun`. `interval` is the shortest one of the
  /// account's connections. Returns how long the account waits, kLongestRefusedInterval at most;
  /// nothing when the poll was under way when the key was refused before, which says nothing new.
  std::optional<Duration> OnRefused(Instant begun, Instant now, Duration interval,
                                    const PollFailure& failure);
  /// The API took the key. True when it had been refused.
  bool OnAccepted(Instant now);
  /// When the API took this key last; nothing: it never has.
  std::optional<Instant> accepted_at() const { return accepted_at_; }
  /// Another key: nothing is known of it.
  void Forget() { *this = {}; }

 private:
  struct Trial {
    ConnectionKey connection;
    Instant begun;
  };

  std::uint32_t refusals_ = 0;
  PollFailure failure_;
  Instant refused_at_{};
  Instant held_until_{};
  std::optional<Trial> trial_;
  std::optional<Instant> accepted_at_;
};

/// Complete polls in a row without a call after which a connection counts as idle.
inline constexpr int kIdlePolls = 3;
/// Where the budget is short, idle connections wait up to so many times as long as if they were
/// busy, or in their own idle interval where that is longer.
inline constexpr int kMostIdleWait = 4;
/// Longer than any interval in force gets by stretching: as long as one may be configured. Values
/// are kept for three of these, and older ones are of no use.
inline constexpr Duration kLongestStretchedInterval = std::chrono::hours(24);
/// A change of the need or of the allowance by less than this share is not worth a word.
inline constexpr double kMaterialChange = 0.01;

/// Requests per second that the configured and idle intervals need.
struct RequestDemand {
  double busy = 0;        // of connections with calls, and of those of which nothing is known yet
  double idle = 0;        // of connections without calls
  double idle_least = 0;  // of the same when they wait as long as kMostIdleWait allows
  double lists = 0;       // of the list refreshes

  double total() const { return busy + idle + lists; }
};

/// What one connection adds to it.
struct DemandShare {
  double requests = 0;
  double least = 0;  // of an idle one
  bool idle = false;
};

/// How much longer intervals are; not at all where the budget is large enough.
struct IntervalStretch {
  double factor = 1;     // of all of them
  double idle_wait = 0;  // how far idle rates have come from their own, 0, to the least, 1

  bool operator==(const IntervalStretch&) const = default;
};

/// Such that the demand fits into `allowed` requests per second. Idle connections wait first, as
/// long as kMostIdleWait allows; then all intervals stretch alike.
IntervalStretch StretchFor(const RequestDemand& demand, double allowed);

/// Whether two rates, or two stretches, differ by more than kMaterialChange.
bool DiffersMaterially(double before, double after);
bool DiffersMaterially(const IntervalStretch& before, const IntervalStretch& after);

/// What the polls of an account need, how far that stretches their intervals, and what of it is
/// worth a word.
class BudgetReview {
 public:
  /// Counts `now` in place of what was counted of the connection before.
  void Replace(DemandShare& counted, const DemandShare& now);
  /// Nothing is counted any more.
  void Clear() { polls_ = {}; }
  RequestDemand DemandWith(double lists) const;

  const IntervalStretch& stretch() const { return stretch_; }
  /// True when the stretch has changed materially.
  bool UpdateStretch(const RequestDemand& demand, double allowed);
  /// True when the budget differs from the one that was reported last; it counts as reported then.
  /// `recovers`: the allowance is below the configured rate and grows.
  bool Report(const RequestBudget& budget, bool recovers);

 private:
  RequestDemand polls_;
  IntervalStretch stretch_;
  std::optional<RequestBudget> reported_;
};

/// Why no request has been allowed since `waiting_since`; `what` came of it. `most_at_once` is how
/// many requests may be under way, when so many are.
PollFailure HeldBack(std::string_view what, const RateLimiter& limiter, double needed_per_second,
                     Instant waiting_since, std::optional<std::uint32_t> most_at_once, Instant now);

/// `interval` stretched, never shorter than it and, where it is stretched, bounded.
Duration Stretched(Duration interval, double factor);

/// `interval` times `count`, bounded.
Duration Times(Duration interval, int count);

/// What a connection's plan says about its polls' times.
struct PollIntervals {
  Duration interval{};
  std::optional<Duration> idle_interval{};
  std::optional<Duration> stale_after{};

  bool operator==(const PollIntervals&) const = default;
};
PollIntervals IntervalsOf(const ConnectionPlan& plan);

/// The interval that the configuration asks for: the idle one for an idle connection.
Duration WantedInterval(const PollIntervals& intervals, bool idle);

/// Which share of its own requests an idle connection keeps at least before busy ones wait, too.
double LeastIdleShare(const PollIntervals& intervals);

/// The interval in force and how long values are kept under it.
IntervalInForce InForce(const PollIntervals& intervals, bool idle, const IntervalStretch& stretch);

/// Requests per second; safe for any interval.
double RequestsPerSecond(double requests, Duration interval);

}  // namespace telnyx_exporter
