#pragma once

// What is known of each connection and account, as immutable values. The polling thread makes a new
// snapshot whenever something happens (state_store.h); any thread may keep and read one. Everything
// that is shown, /metrics as well as status pages, is computed from a View of them.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "calls/duration_histogram.h"
#include "polling/poll_observer.h"
#include "polling/poll_plan.h"
#include "telnyx/failure.h"

namespace telnyx_exporter {

/// The highest of the counts that a connection's polls found within a window of time, so that a
/// spike between two scrapes is not lost.
class PeakWindow {
 public:
  /// A window keeps this many counts at most. When its polls are closer together than a 64th of
  /// the window, a count that was not the highest when it came may be left out; then, when the
  /// highest is over, a lower peak is shown for less than a 64th of the window.
  static constexpr std::size_t kMostCounts = 64;

  /// `now` is not before the one of the last call.
  void Add(std::uint64_t count, Instant now, Duration window);

  /// The highest count of the window that ends at `now`. The newest one is always among them,
  /// since it is what is known of the present. Nothing was added: 0.
  std::uint64_t At(Instant now, Duration window) const;

 private:
  struct Entry {
    Instant when;
    std::uint64_t count;
  };

  std::vector<Entry> falling_;  // each can be the highest one day: later ones are all lower
  std::uint64_t newest_ = 0;
};

/// How many calls a connection had in each minute of the last hour, for the status pages. It holds
/// no memory of its own, so that recording a poll allocates nothing.
class CallHistory {
 public:
  static constexpr std::size_t kMinutes = 60;
  /// The highest number of each minute, the oldest first and the current minute last; nothing where
  /// it was not known.
  using Points = std::array<std::optional<std::uint32_t>, kMinutes>;

  CallHistory() { highest_.fill(kUnknown); }

  /// A complete poll that ended at `now` counted `calls`, and that is known until `expires`. `now`
  /// never goes back.
  void Note(std::uint64_t calls, Instant now, Instant expires);

  /// A minute in which no poll ended has the number of the poll before, as long as that was known.
  Points At(Instant now) const;

 private:
  static constexpr std::uint32_t kUnknown = std::numeric_limits<std::uint32_t>::max();

  void MoveTo(std::int64_t minute);

  std::array<std::uint32_t, kMinutes> highest_;  // of minute m at m % kMinutes
  std::int64_t minute_ = -1;                     // the newest in it
  std::uint32_t calls_ = kUnknown;               // of the newest poll
  Instant expires_{};
};

/// Fixed for as long as the connection is polled under this plan.
struct ConnectionIdentity {
  std::string account;
  ConnectionPlan plan;
};

/// What happened to the calls since the connection's first complete poll.
struct CallTotals {
  std::uint64_t started = 0;
  double started_estimated = 0;
  WallTime started_since{};  // when these two were 0
  DurationHistogram completed;
  WallTime completed_since{};  // when it was empty
};

struct ConnectionSnapshot {
  ConnectionKey key{};
  std::shared_ptr<const ConnectionIdentity> identity;  // never null
  WallTime added{};                                    // when the counts below were 0
  std::uint64_t polls = 0;                             // begun
  std::uint64_t failures = 0;
  std::uint64_t item_mismatches = 0;
  std::uint64_t tracked_calls = 0;
  std::optional<Duration> last_poll_duration;
  Instant last_poll_ended{};                 // once polled
  bool last_poll_held_back = false;          // no request was sent
  std::optional<Instant> next_due;           // nothing before the first poll
  std::optional<PollFailure> failure;        // of the newest poll
  Instant failing_since{};                   // while there is a failure: since the first in a row
  std::optional<IntervalInForce> announced;  // by the poller; see in_force()
  // The last complete poll.
  std::shared_ptr<const CompletePoll> values;  // null: there was none
  Instant values_ended{};                      // when that poll ended
  WallTime last_success{};                     // the same
  std::optional<Instant> values_expired{};     // when they expired; nothing: not noted
  // All complete polls.
  PeakWindow peak;
  std::shared_ptr<const CallTotals> totals;  // null: there was none
  CallHistory history;

  /// The newest poll was complete.
  bool complete() const { return values != nullptr && !failure.has_value(); }
  bool polled() const { return last_poll_duration.has_value(); }
  /// As the poller says; before it has said anything, as planned.
  IntervalInForce in_force() const;
  /// The values of the last complete poll are known until then.
  Instant values_expire() const {
    return values_expired.value_or(values_ended + in_force().stale_after);
  }
  bool knows_values(Instant now) const { return values != nullptr && now < values_expire(); }
  /// Before other times come into force: values that have expired do not come back.
  void KeepExpired(Instant now) {
    if (values != nullptr && now >= values_expire()) values_expired = values_expire();
  }
};

/// The API refuses an account's key.
struct KeyRefusal {
  Instant since;
  std::uint32_t refusals = 1;  // in a row
  Instant next_try;
};

/// How looking for an account's connections goes.
struct DiscoverySnapshot {
  Duration refresh_interval{};
  WallTime added{};    // when `failures` was 0
  bool ended = false;  // once at least
  std::uint64_t failures = 0;
  std::optional<PollFailure> failure;                                     // of the newest attempt
  std::optional<Instant> last_success;                                    // of reading all lists
  std::optional<WallTime> last_success_wall;                              // the same
  std::shared_ptr<const std::vector<ListedVoiceProfile>> voice_profiles;  // null: not known
};

struct AccountSnapshot {
  AccountKey key{};
  std::string name;
  WallTime added{};                     // when the counts below were 0
  RateLimit rate_limit;                 // as configured
  double requests_per_second = 0;       // in force: less than configured after refusals
  std::optional<RequestBudget> budget;  // nothing until the poller has said it
  std::optional<double> api_limit;      // newest x-ratelimit-limit
  std::optional<double> api_remaining;  // newest x-ratelimit-remaining
  Instant api_limits_seen{};            // when one of the two was seen last
  std::optional<KeyRefusal> key_refusal;
  std::optional<DiscoverySnapshot> discovery;  // nothing where it is not configured
  std::optional<std::uint64_t> channel_limit;  // of the whole account
  std::array<std::uint64_t, kFailureReasons.size()> poll_failures{};  // by FailureReason
  std::uint64_t polls_skipped = 0;
  std::uint64_t retries = 0;
  std::uint64_t response_bytes = 0;
  std::uint64_t ignored_fields = 0;
  Duration limiter_wait{};
};

/// All snapshots at one moment.
struct View {
  std::vector<std::shared_ptr<const ConnectionSnapshot>> connections;  // by key, none null
  std::vector<std::shared_ptr<const AccountSnapshot>> accounts;        // the same
  /// There was a moment since the start at which every connection was known and had been polled,
  /// complete or not. Connections that come later do not take it back.
  bool ready = false;
};

/// How many connections of an account are polled: by whether they have numbers now, and those of
/// all that discovery found.
struct Coverage {
  std::size_t known = 0;
  std::size_t unknown = 0;
  std::size_t discovered = 0;
};

/// Of each account of the view, in the view's order.
std::vector<Coverage> CoverageOf(const View& view, Instant now);

/// Every connection's newest poll and every account's newest list refresh was complete.
bool AllComplete(const View& view);

/// The connection's snapshot after a poll that ended.
ConnectionSnapshot AfterPoll(ConnectionSnapshot connection, const PollReport& report);

/// The account's snapshot after a refresh of its lists that ended at `now`.
AccountSnapshot AfterDiscovery(AccountSnapshot account, const DiscoveryReport& report, Instant now);

}  // namespace telnyx_exporter
