#include "state/snapshots.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace telnyx_exporter {
namespace {

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

IntervalInForce ConnectionSnapshot::in_force() const {
  const ConnectionPlan& plan = identity->plan;
  return announced.value_or(IntervalInForce{
      .interval = plan.interval, .stale_after = plan.stale_after.value_or(3 * plan.interval)});
}

bool ConnectionSnapshot::idle() const {
  const ConnectionPlan& plan = identity->plan;
  return plan.idle_interval && values != nullptr && values->summary.legs == 0 &&
         in_force().interval >= *plan.idle_interval;
}

std::vector<Coverage> CoverageOf(const View& view, Instant now) {
  std::vector<Coverage> coverage(view.accounts.size());
  std::map<std::string_view, Coverage*> by_name;
  for (std::size_t i = 0; i < coverage.size(); ++i) by_name[view.accounts[i]->name] = &coverage[i];
  for (const auto& connection : view.connections) {
    const auto found = by_name.find(connection->identity->account);
    if (found == by_name.end()) continue;
    ++(connection->knows_values(now) ? found->second->known : found->second->unknown);
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
    return account;
  }
  discovery.failure.reset();
  discovery.last_success = now;
  discovery.last_success_wall = report.ended_wall;
  discovery.connections = *report.result;
  discovery.voice_profiles =
      std::make_shared<const std::vector<ListedVoiceProfile>>(report.known.voice_profiles());
  account.channel_limit = report.known.account_channel_limit();
  account.key_refusal.reset();
  return account;
}

}  // namespace telnyx_exporter
