// What an account needs and may send, the intervals that follow from it, and that nothing is absent
// without a reason.

#include <algorithm>
#include <cmath>
#include <utility>

#include "simulation/checker.h"
#include "simulation/violation.h"

namespace telnyx_exporter::simulation {
namespace {

// Changes of 1 % are not worth a word.
constexpr double kTolerance = 0.0101;

bool IsNear(double value, double right) {
  return std::abs(value - right) <= kTolerance * std::max(std::abs(value), std::abs(right));
}

}  // namespace

void Checker::SetPending(ConnectionModel& connection, ConnectionModel::Pending pending,
                         Instant since) {
  connection.pending = pending;
  connection.pending_since = since;
  if (pending != ConnectionModel::Pending::kNothing) {
    Expect(connection, connection.Expiry(), Moment::Kind::kExpiry);
  }
}

void Checker::SetInForce(ConnectionModel& connection, const IntervalInForce& in_force) {
  Duration kept = 3 * in_force.interval;
  // Values do not expire earlier because polls may come sooner.
  if (connection.has_begun) kept = std::max(kept, connection.in_force.stale_after);
  Require(in_force.stale_after == connection.plan.stale_after.value_or(kept),
          "values are kept for {} s at an interval of {} s", ToSeconds(in_force.stale_after),
          ToSeconds(in_force.interval));
  connection.KeepExpired(clock_.Now());
  connection.in_force = in_force;
  connection.due.SetInForce(in_force.interval);
  if (connection.pending != ConnectionModel::Pending::kNothing) {
    Expect(connection, connection.Expiry(), Moment::Kind::kExpiry);
  }
}

void Checker::OnIntervalChanged(ConnectionKey key, const IntervalInForce& in_force) {
  ConnectionModel& connection = ConnectionOf(key);
  const Duration before = connection.in_force.interval;
  SetInForce(connection, in_force);
  const bool replanned = std::exchange(connection.replanned, false);
  const bool moves = connection.has_begun && connection.due.next() > Now();
  if (in_force.interval != before && moves) {
    const Instant first = connection.due.FirstAfter(Now());
    // A shorter interval never puts a poll off, unless by a reload.
    const bool may_stay = in_force.interval < before && !replanned;
    ExpectDue(connection, may_stay ? std::min(first, connection.due.next()) : first);
  }
  ++statistics_.interval_changes;
  Note("interval", connection, in_force.interval.count());
  listener_->OnIntervalChanged(key, in_force);
}

// What a complete poll says about the connection's calls may make it idle or busy.
void Checker::ChangeIdleness(ConnectionModel& connection, const PollReport& report) {
  if (report.result) {
    const bool was_idle = connection.idle();
    connection.quiet_polls =
        report.result->summary.legs > 0 ? 0 : std::min(connection.quiet_polls + 1, kQuietPolls);
    connection.pages = report.result->pages;
    connection.due.SlowDownUntil(Instant::min());
    Require(report.in_force.stale_after ==
                connection.plan.stale_after.value_or(3 * report.in_force.interval),
            "new values are kept for {} s at an interval of {} s",
            ToSeconds(report.in_force.stale_after), ToSeconds(report.in_force.interval));
    const Duration before = connection.in_force.interval;
    connection.in_force.stale_after = report.in_force.stale_after;
    if (connection.idle() != was_idle) {
      const Duration wanted = WantedBy(connection.plan, connection.idle());
      const bool other_places = wanted != WantedBy(connection.plan, was_idle);
      const bool changed = other_places || report.in_force.interval != before;
      connection.due.SetWanted(wanted);
      connection.in_force = report.in_force;
      connection.due.SetInForce(report.in_force.interval);
      if (changed) ExpectDue(connection, connection.due.FirstAfter(Now()));
      if (other_places) ++statistics_.idle_changes;
    }
    SetPending(connection, ConnectionModel::Pending::kExpiry, Now());
  } else {
    NoteTried(connection);
  }
  Require(report.in_force == connection.in_force, "a poll tells an interval of {} s instead of {}",
          ToSeconds(report.in_force.interval), ToSeconds(connection.in_force.interval));
}

// Values that came at a longer interval are kept for two more polls at the present one.
void Checker::NoteTried(ConnectionModel& connection) {
  if (connection.plan.stale_after || !connection.complete) return;
  IntervalInForce& in_force = connection.in_force;
  const Duration two_more = Now() - connection.complete->ended + 2 * in_force.interval;
  in_force.stale_after = std::max(3 * in_force.interval, std::min(in_force.stale_after, two_more));
}

Need Checker::NeedOf(const AccountModel& account) const {
  Need need;
  for (const ConnectionKey key : account.connections) {
    const ConnectionModel& connection = *connections_[static_cast<std::size_t>(key)];
    const Duration wanted = WantedBy(connection.plan, connection.idle());
    const double own = connection.pages / ToSeconds(SlowedInterval(wanted, connection.refusals));
    (connection.idle() ? need.idle : need.busy) += own;
    if (connection.idle()) {
      need.idle_slowest += own * ToSeconds(wanted) / ToSeconds(SlowestIdle(connection.plan));
    }
  }
  const auto& discovery = PlanOf(account).discovery;
  if (discovery) need.lists = account.refresh_pages / ToSeconds(discovery->refresh_interval);
  return need;
}

void Checker::OnBudgetChanged(AccountKey key, const RequestBudget& budget) {
  AccountModel& account = AccountOf(key);
  account.budget = budget;
  ++statistics_.budget_changes;
  if (budget.required_per_second > budget.allowed_per_second) ++statistics_.short_budgets;
  listener_->OnBudgetChanged(key, budget);
}

void Checker::RequireBudget(const AccountModel& account) const {
  Require(account.budget.has_value(), "an account's budget is not told");
  const double required = NeedOf(account).all();
  const double allowed = account.rate.RateAt(clock_.Now());
  Require(IsNear(account.budget->required_per_second, required) &&
              IsNear(account.budget->allowed_per_second, allowed) &&
              account.budget->connections == account.connections.size(),
          "a budget of {} of {} requests per second instead of {} of {}",
          account.budget->required_per_second, account.budget->allowed_per_second, required,
          allowed);
}

// The configured or idle interval where the budget allows it, else longer by as much as it is
// short.
void Checker::RequireIntervals(const AccountModel& account) const {
  const Factors factors = FactorsFor(NeedOf(account), account.rate.RateAt(clock_.Now()));
  for (const ConnectionKey key : account.connections) {
    const ConnectionModel& connection = *connections_[static_cast<std::size_t>(key)];
    const double wanted = ToSeconds(WantedBy(connection.plan, connection.idle()));
    constexpr double kDay = 86400;  // no interval is stretched to more
    const double slowed = connection.idle() ? factors.idle_slowed : 0;
    const double rate = (1 - slowed) / wanted + slowed / ToSeconds(SlowestIdle(connection.plan));
    const double right = std::min(factors.all / rate, std::max(wanted, kDay));
    Require(IsNear(ToSeconds(connection.in_force.interval), right),
            "the interval in force is {} s instead of {}", ToSeconds(connection.in_force.interval),
            right);
  }
}

// No poll began before the values expired, or in three intervals after the first one was due.
void Checker::CheckExpired(ConnectionModel& connection, const PollReport& report) {
  const AccountModel& account = AccountOf(connection.account);
  Require(Now() >= connection.Expiry(), "a poll fails unbegun {} s too early",
          ToSeconds(connection.Expiry() - Now()));
  const FailureReason reason = report.result.error().reason;
  Require(reason == FailureReason::kRateLimited || reason == FailureReason::kRequestBudget,
          "a poll fails unbegun because of {}", ReasonLabel(reason));
  Require(!account.rate.ApiForbids(Now()) || reason == FailureReason::kRateLimited,
          "the budget is blamed for what the API forbids");
  Require(!account.rate.untouched() || reason == FailureReason::kRequestBudget,
          "the API is blamed, which has asked for nothing");
  connection.pending = ConnectionModel::Pending::kNothing;
  ++(reason == FailureReason::kRateLimited ? statistics_.expired_by_api
                                           : statistics_.expired_by_budget);
}

Duration Checker::ShortestInterval(const AccountModel& account) const {
  Duration shortest = Duration::max();
  for (const ConnectionKey key : account.connections) {
    shortest = std::min(shortest, connections_[static_cast<std::size_t>(key)]->in_force.interval);
  }
  return shortest;
}

}  // namespace telnyx_exporter::simulation
