// How an account takes over a plan, what it makes of its lists, and its request budget.

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "polling/account.h"
#include "polling/list_refresh.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

// After failures the lists are read again earlier than planned, but not in a hurry.
constexpr Duration kFirstRepeatDelay = 15s;
// Exporters that were started together should not ask together for ever.
constexpr double kLeastRefreshSpread = 0.9;
// How often the intervals follow a rate limit that recovers.
constexpr Duration kBudgetReviewInterval = 5s;

Duration RefreshWait(std::uint32_t failures, Duration refresh_interval) {
  if (failures == 0) return refresh_interval;
  Duration delay = kFirstRepeatDelay;
  for (std::uint32_t i = 1; i < failures && delay < refresh_interval; ++i) delay *= 2;
  return std::min(delay, refresh_interval);
}

// Whether lists that were read under one plan do not serve for the other one.
bool NeedsOtherLists(const DiscoveryPlan& before, const DiscoveryPlan& now) {
  return before.channel_limits != now.channel_limits || before.include != now.include ||
         before.exclude != now.exclude || before.max_connections != now.max_connections;
}

}  // namespace

Account::Connection::Connection(AccountKey of, ConnectionKey connection_key,
                                ConnectionPlan its_plan, PollSchedule its_schedule)
    : Job{.account = of, .connection = connection_key},
      key(connection_key),
      plan(std::move(its_plan)),
      schedule(std::move(its_schedule)) {}

void Account::Change(const AccountPlan& plan, Instant now) {
  const auto endpoint = plan_.endpoint;
  const AccountPlan before = plan_;
  const bool other_endpoint = *endpoint != *plan.endpoint;
  plan_ = plan;
  // An equal endpoint is kept, and with it its open connections.
  if (!other_endpoint) plan_.endpoint = endpoint;
  queue_.limiter().Configure(plan.rate_limit, now);
  if (other_endpoint) ForgetKey(now);
  ApplyDiscovery(before, other_endpoint, now);
  context_.observer.OnAccountChanged(key_, plan_);
}

// Nothing that the API refused under the old key is known to be refused under the new one.
void Account::ForgetKey(Instant now) {
  const bool was_refused = key_guard_.refused();
  key_guard_.Forget();
  for (const auto& connection : connections_) {
    if (!was_refused && connection->schedule.refusals() == 0) continue;
    connection->schedule.Retry(now);
    Reschedule(*connection);
  }
}

// Of what the configuration names for the first time nothing may have been kept.
bool Account::NamesUnknown(const AccountPlan& before) const {
  std::unordered_set<std::string_view> known;
  for (const ConnectionPlan& connection : before.connections) known.insert(connection.id);
  for (const ListedConnection& connection : discovered_.connections()) known.insert(connection.id);
  return std::ranges::any_of(plan_.connections, [&](const ConnectionPlan& connection) {
    return !known.contains(connection.id);
  });
}

void Account::ApplyDiscovery(const AccountPlan& before_plan, bool other_endpoint, Instant now) {
  const auto& before = before_plan.discovery;
  if (!plan_.discovery) {
    StopRefresh();
    discovered_ = {};
    last_refresh_.reset();
    failed_refreshes_ = 0;
    refresh_requests_ = 1;
    return;
  }
  if (before && before->channel_limits && !plan_.discovery->channel_limits) {
    discovered_.ForgetLimits();
  }
  if (!before || other_endpoint || NeedsOtherLists(*before, *plan_.discovery) ||
      NamesUnknown(before_plan)) {
    StopRefresh();
    refresh_.due = now;
    context_.wakes.Update(refresh_);
  } else {
    ScheduleRefresh(now);
  }
}

void Account::ScheduleRefresh(Instant now) {
  if (refresh_.sequence || refresh_.waiting_since) return;
  const Duration wait = RefreshWait(failed_refreshes_, plan_.discovery->refresh_interval);
  refresh_.due = last_refresh_
                     ? *last_refresh_ + std::chrono::duration_cast<Duration>(wait * refresh_spread_)
                     : now;
  context_.wakes.Update(refresh_);
}

void Account::StopRefresh() {
  Cancel(refresh_);
  queue_.Remove(refresh_);
  refresh_.sequence.reset();
  refresh_.waiting_since.reset();
  refresh_.retry = refresh_.due = kNever;
  context_.wakes.Update(refresh_);
}

void Account::EndRefresh(const Outcome& outcome, Instant now) {
  DiscoveryReport report{
      .ended_wall = context_.clock.WallNow(), .result = std::size_t{0}, .known = discovered_};
  const auto sequence = std::move(refresh_.sequence);
  if (outcome) {
    failed_refreshes_ = 0;
    refresh_requests_ = sequence->pages_read();
    discovered_.Take(static_cast<ListRefresh&>(*sequence).TakeLists());
    ApplyConnections(now);
    report.result = static_cast<std::size_t>(std::ranges::count_if(
        connections_, [](const auto& connection) { return connection->plan.discovered; }));
  } else {
    ++failed_refreshes_;
    report.result = std::unexpected(outcome.error());
  }
  last_refresh_ = now;
  refresh_spread_ = std::uniform_real_distribution<double>(kLeastRefreshSpread, 1.0)(random_);
  ScheduleRefresh(now);
  context_.observer.OnDiscoveryEnded(key_, report);
}

void Account::ApplyConnections(Instant now) {
  const std::vector<ConnectionPlan> plans = ConnectionsToPoll(plan_, discovered_, context_.shard);
  std::unordered_set<std::string_view> wanted;
  for (const ConnectionPlan& plan : plans) wanted.insert(plan.id);
  RemoveIf([&](const Connection& connection) { return !wanted.contains(connection.plan.id); });
  // Of those that stay: the ids are views into `plans`.
  std::unordered_map<std::string_view, Connection*> present;
  for (const auto& connection : connections_) {
    present.emplace(*wanted.find(connection->plan.id), connection.get());
  }
  for (const ConnectionPlan& plan : plans) {
    const auto known = present.find(plan.id);
    if (known == present.end()) {
      AddConnection(plan, now);
    } else {
      ChangeConnection(*known->second, plan, now);
    }
  }
  // Exact again: what changes add and subtract is rounded.
  polls_demand_ = {};
  for (const auto& connection : connections_) {
    connection->demand = 0;
    UpdateDemand(*connection);
  }
}

void Account::AddConnection(const ConnectionPlan& plan, Instant now) {
  const ConnectionKey key = context_.connection_keys.Acquire();
  PollSchedule schedule(IntervalsOf(plan), StableHash(plan_.name, plan.id), now,
                        context_.clock.WallNow(), context_.first_polls_at_once);
  connections_.push_back(std::make_unique<Connection>(key_, key, plan, std::move(schedule)));
  Connection& connection = *connections_.back();
  context_.observer.OnConnectionAdded(key, key_, plan);
  if (connection.schedule.Stretch(stretch_, now)) {
    context_.observer.OnIntervalChanged(key, connection.schedule.in_force());
  }
  Reschedule(connection);
}

void Account::ChangeConnection(Connection& connection, const ConnectionPlan& plan, Instant now) {
  if (connection.plan == plan) return;
  connection.plan = plan;
  context_.observer.OnConnectionChanged(connection.key, plan);
  if (connection.schedule.Replan(IntervalsOf(plan), now, context_.clock.WallNow())) {
    context_.observer.OnIntervalChanged(connection.key, connection.schedule.in_force());
  }
  Reschedule(connection);
}

void Account::PollSoon(Instant now) {
  for (const auto& connection : connections_) {
    connection->schedule.PollSoon(now);
    Reschedule(*connection);
  }
}

void Account::RemoveConnections() {
  RemoveIf([](const Connection& /*connection*/) { return true; });
}

void Account::RemoveIf(const std::function<bool(const Connection&)>& gone) {
  std::erase_if(connections_, [&](const std::unique_ptr<Connection>& connection) {
    if (!gone(*connection)) return false;
    Cancel(*connection);
    queue_.Remove(*connection);
    std::erase(expired_, connection.get());
    context_.wakes.Remove(*connection);
    key_guard_.OnPollOver(connection->key);
    context_.observer.OnConnectionRemoved(connection->key);
    context_.connection_keys.Release(connection->key);
    return true;
  });
}

void Account::UpdateDemand(Connection& connection) {
  double& before = connection.demands_idle ? polls_demand_.idle : polls_demand_.busy;
  before = std::max(0.0, before - connection.demand);
  connection.demands_idle = connection.schedule.idle();
  connection.demand = connection.schedule.demand();
  (connection.demands_idle ? polls_demand_.idle : polls_demand_.busy) += connection.demand;
}

RequestDemand Account::Demand() const {
  RequestDemand demand = polls_demand_;
  if (plan_.discovery) {
    demand.lists = RequestsPerSecond(refresh_requests_, plan_.discovery->refresh_interval);
  }
  return demand;
}

void Account::ReviewBudget(Instant now) {
  const RequestDemand demand = Demand();
  const RequestBudget budget{.required_per_second = demand.total(),
                             .allowed_per_second = queue_.limiter().RateAt(now),
                             .connections = connections_.size()};
  const IntervalStretch stretch = StretchFor(demand, budget.allowed_per_second);
  if (DiffersMaterially(stretch_, stretch)) {
    stretch_ = stretch;
    for (const auto& connection : connections_) {
      if (!connection->schedule.Stretch(stretch, now)) continue;
      Reschedule(*connection);
      context_.observer.OnIntervalChanged(connection->key, connection->schedule.in_force());
    }
  }
  const bool recovers = budget.allowed_per_second < plan_.rate_limit.requests_per_second;
  const bool recovered = !recovers && reported_budget_ &&
                         reported_budget_->allowed_per_second != budget.allowed_per_second;
  const bool changed =
      !reported_budget_ || recovered || reported_budget_->connections != budget.connections ||
      DiffersMaterially(reported_budget_->required_per_second, budget.required_per_second) ||
      DiffersMaterially(reported_budget_->allowed_per_second, budget.allowed_per_second);
  if (changed) {
    reported_budget_ = budget;
    context_.observer.OnBudgetChanged(key_, budget);
  }
  if (recovers == (refresh_.check != kNever)) return;
  refresh_.check = recovers ? now + kBudgetReviewInterval : kNever;
  context_.wakes.Update(refresh_);
}

}  // namespace telnyx_exporter
