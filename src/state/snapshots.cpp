#include "state/snapshots.h"

#include <algorithm>
#include <map>
#include <string_view>

namespace telnyx_exporter {
namespace {

constexpr Duration kMinute = std::chrono::minutes(1);
constexpr auto kLength = static_cast<std::int64_t>(CallHistory::kMinutes);

std::int64_t MinuteOf(Instant time) { return time.time_since_epoch() / kMinute; }

std::size_t PlaceOf(std::int64_t minute) { return static_cast<std::size_t>(minute % kLength); }

CallTotals AfterChanges(const CallTotals* before, const CallChanges& changes, WallTime now) {
  const DurationBounds& bounds = changes.completed.bounds();
  CallTotals totals = before != nullptr ? *before
                                        : CallTotals{.started_since = now,
                                                     .completed = DurationHistogram(bounds),
                                                     .completed_since = now};
  // Counts cannot be moved to other buckets: under a new configuration they start again at 0.
  if (*totals.completed.bounds() != *bounds) {
    totals.completed = DurationHistogram(bounds);
    totals.completed_since = now;
  }
  totals.started += changes.started;
  totals.started_estimated += changes.started_estimated;
  totals.completed.Add(changes.completed, now);
  return totals;
}

void RecordComplete(const CompletePoll& poll, const PollReport& report,
                    ConnectionSnapshot& connection) {
  const std::uint64_t legs = poll.summary.legs;
  connection.values = std::make_shared<const CompletePoll>(poll);
  connection.values_ended = report.ended;
  connection.values_expired.reset();
  connection.last_success = report.ended_wall;
  connection.failure.reset();
  connection.history.Note(legs, report.ended, connection.values_expire());
  connection.peak.Add(legs, report.ended, connection.identity->plan.peak_window);
  if (poll.reported_legs && *poll.reported_legs != legs) ++connection.item_mismatches;
}

void RecordFailure(const PollFailure& failure, Instant ended, ConnectionSnapshot& connection) {
  if (!connection.failure) connection.failing_since = ended;
  connection.failure = failure;
  ++connection.failures;
}

}  // namespace

void PeakWindow::Add(std::uint64_t count, Instant now, Duration window) {
  newest_ = count;
  while (!falling_.empty() && falling_.back().count <= count) falling_.pop_back();
  std::erase_if(falling_, [&](const Entry& entry) { return entry.when + window <= now; });
  constexpr auto kSlices = static_cast<Duration::rep>(kMostCounts);
  const Duration slice = (window + Duration(kSlices - 1)) / kSlices;
  if (!falling_.empty() && now < falling_.back().when + slice) return;
  falling_.push_back({.when = now, .count = count});
}

std::uint64_t PeakWindow::At(Instant now, Duration window) const {
  const auto highest =
      std::ranges::find_if(falling_, [&](const Entry& entry) { return now < entry.when + window; });
  return highest == falling_.end() ? newest_ : std::max(highest->count, newest_);
}

void CallHistory::Note(std::uint64_t calls, Instant now, Instant expires) {
  const auto bounded = static_cast<std::uint32_t>(std::min<std::uint64_t>(calls, kUnknown - 1));
  const std::int64_t minute = MinuteOf(now);
  MoveTo(minute - 1);
  std::uint32_t& highest = highest_[PlaceOf(minute)];
  highest = minute > minute_ ? bounded : std::max(highest, bounded);
  minute_ = std::max(minute_, minute);
  calls_ = bounded;
  expires_ = expires;
}

// Fills the minutes up to and with `minute`, in which no poll ended.
void CallHistory::MoveTo(std::int64_t minute) {
  for (std::int64_t m = std::max(minute_ + 1, minute - kLength + 1); m <= minute; ++m) {
    const bool known = Instant(m * kMinute) < expires_;
    highest_[PlaceOf(m)] = known ? calls_ : kUnknown;
  }
  minute_ = std::max(minute_, minute);
}

CallHistory::Points CallHistory::At(Instant now) const {
  CallHistory moved = *this;
  moved.MoveTo(MinuteOf(now));
  Points points;
  for (std::int64_t i = 0; i < kLength; ++i) {
    const std::int64_t minute = moved.minute_ - kLength + 1 + i;
    if (minute < 0) continue;  // before the clock's beginning
    const std::uint32_t highest = moved.highest_[PlaceOf(minute)];
    if (highest != kUnknown) points[static_cast<std::size_t>(i)] = highest;
  }
  return points;
}

IntervalInForce ConnectionSnapshot::in_force() const {
  const ConnectionPlan& plan = identity->plan;
  return announced.value_or(IntervalInForce{
      .interval = plan.interval, .stale_after = plan.stale_after.value_or(3 * plan.interval)});
}

std::vector<Coverage> CoverageOf(const View& view, Instant now) {
  std::vector<Coverage> coverage(view.accounts.size());
  std::map<std::string_view, Coverage*> by_name;
  for (std::size_t i = 0; i < coverage.size(); ++i) by_name[view.accounts[i]->name] = &coverage[i];
  for (const auto& connection : view.connections) {
    const auto found = by_name.find(connection->identity->account);
    if (found == by_name.end()) continue;
    Coverage& of_account = *found->second;
    ++(connection->knows_values(now) ? of_account.known : of_account.unknown);
    if (connection->identity->plan.discovered) ++of_account.discovered;
  }
  return coverage;
}

bool AllComplete(const View& view) {
  return std::ranges::all_of(view.connections, [](const auto& one) { return one->complete(); }) &&
         std::ranges::all_of(view.accounts, [](const auto& account) {
           return !account->discovery || !account->discovery->failure;
         });
}

ConnectionSnapshot AfterPoll(ConnectionSnapshot connection, const PollReport& report) {
  connection.last_poll_duration = report.elapsed;
  connection.last_poll_ended = report.ended;
  connection.last_poll_held_back = report.held_back;
  connection.next_due = report.next_due;
  connection.KeepExpired(report.ended);
  if (report.in_force.interval > Duration::zero()) connection.announced = report.in_force;
  if (report.result) {
    RecordComplete(*report.result, report, connection);
  } else {
    RecordFailure(report.result.error(), report.ended, connection);
  }
  if (report.changes) {
    connection.tracked_calls = report.changes->tracked;
    connection.totals = std::make_shared<const CallTotals>(
        AfterChanges(connection.totals.get(), *report.changes, report.ended_wall));
  }
  return connection;
}

AccountSnapshot AfterDiscovery(AccountSnapshot account, const DiscoveryReport& report,
                               Instant now) {
  if (!account.discovery) return account;
  DiscoverySnapshot& discovery = *account.discovery;
  discovery.ended = true;
  if (!report.result) {
    discovery.failure = report.result.error();
    ++discovery.failures;
    // The one reason that no poll can have.
    const FailureReason reason = report.result.error().reason;
    if (reason == FailureReason::kTooManyConnections) {
      ++account.poll_failures[static_cast<std::size_t>(reason)];
    }
    return account;
  }
  discovery.failure.reset();
  discovery.last_success = now;
  discovery.last_success_wall = report.ended_wall;
  discovery.voice_profiles =
      std::make_shared<const std::vector<ListedVoiceProfile>>(report.known.lists().voice_profiles);
  account.channel_limit = report.known.lists().account_channel_limit;
  account.key_refusal.reset();
  return account;
}

}  // namespace telnyx_exporter
