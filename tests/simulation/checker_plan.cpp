// The life of the exporter: its starts, its plans and what they are made of, its end.

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "polling/poll_schedule.h"
#include "simulation/checker.h"
#include "simulation/names.h"
#include "simulation/violation.h"

namespace telnyx_exporter::simulation {
namespace {

template <typename Key, typename T>
void Put(std::vector<std::unique_ptr<T>>& places, Key key, T value) {
  const auto index = static_cast<std::size_t>(key);
  if (places.size() <= index) places.resize(index + 1);
  Require(places[index] == nullptr, "a key names two things at once");
  places[index] = std::make_unique<T>(std::move(value));
}

// What the lists say about a connection, for messages.
std::string Listed(const ConnectionPlan& plan) {
  const auto text = [](const auto& limit) {
    return limit ? std::to_string(*limit) : std::string("none");
  };
  return fmt::format("{}, limits {} and {}, profile {:?}", plan.record_type,
                     text(plan.inbound_channel_limit), text(plan.outbound_channel_limit),
                     plan.voice_profile_id);
}

}  // namespace

void Checker::OnProcessBegins(const PollPlan& plan, PollObserver& listener) {
  listener_ = &listener;
  polls_begun_ = 0;
  accounts_.clear();
  connections_.clear();
  moments_ = {};
  step_time_ = clock_.Now();
  plans_.clear();
  BeforeApply(plan);
}

void Checker::OnProcessEnded(std::size_t requests_left) {
  Require(requests_left == 0, "{} requests are left behind by an exporter that is gone",
          requests_left);
  for (const auto& connection : connections_) {
    if (connection == nullptr || !connection->poll) continue;
    api_.connection(connection->place).history.KeepSince(std::nullopt);
  }
}

void Checker::BeforeApply(const PollPlan& plan) {
  for (const auto& account : accounts_) {
    if (account == nullptr) continue;
    const auto next = std::ranges::find(plan.accounts, account->name, &AccountPlan::name);
    if (next != plan.accounts.end()) ApplyToAccount(*account, PlanOf(*account), *next);
  }
  says_else_ = plan_.duration_bounds != plan.duration_bounds ||
               plan_.long_call_thresholds != plan.long_call_thresholds;
  plan_ = plan;
  plans_.clear();
  for (const AccountPlan& account : plan_.accounts) plans_.emplace(account.name, &account);
  applying_ = true;
}

void Checker::ApplyToAccount(AccountModel& account, const AccountPlan& before,
                             const AccountPlan& next) {
  const Instant now = clock_.Now();
  const bool other_endpoint = *before.endpoint != *next.endpoint;
  account.rate.Configure(next.rate_limit, now);
  account.discovers = next.discovery.has_value();
  // Another base address makes another account, which is added again.
  if (before.endpoint->base_url != next.endpoint->base_url) return;
  if (next.rate_limit.requests_per_second > before.rate_limit.requests_per_second) {
    GiveFirstPollsTime(account);
  }
  if (other_endpoint) ForgetKey(account);
  if (!next.discovery) {
    GiveUpRefresh(account);
    account.discovery = {};
    account.refreshed_at.reset();
    account.failed_refreshes = 0;
    account.refresh_pages = 1;
    account.discovered_at.reset();
    account.discovery_failures = 0;
    account.limited_profiles = 0;
    return;
  }
  const bool forgets_limits =
      before.discovery && before.discovery->channel_limits && !next.discovery->channel_limits;
  if (forgets_limits) {
    account.discovery.ForgetLimits();
    account.limited_profiles = 0;
  }
  const bool other_lists = !before.discovery || other_endpoint ||
                           before.discovery->channel_limits != next.discovery->channel_limits ||
                           before.discovery->include != next.discovery->include ||
                           before.discovery->exclude != next.discovery->exclude ||
                           before.discovery->max_connections != next.discovery->max_connections;
  if (other_lists || NamesUnknown(account, before, next)) {
    if (account.refresh) ++statistics_.refreshes_restarted;
    GiveUpRefresh(account);
    ExpectRefresh(account, now, now);
  } else {
    ExpectRefreshAgain(account, *next.discovery);
  }
}

// Rows that only the configuration asks for may not have been kept.
bool Checker::NamesUnknown(const AccountModel& account, const AccountPlan& before,
                           const AccountPlan& next) {
  std::set<std::string> known = account.discovery.KnownIds();
  for (const ConnectionPlan& plan : before.connections) known.insert(plan.id);
  return std::ranges::any_of(next.connections,
                             [&](const ConnectionPlan& plan) { return !known.contains(plan.id); });
}

// First polls that waited for a rate limit that is higher now are not overdue at once.
void Checker::GiveFirstPollsTime(const AccountModel& account) {
  for (const ConnectionKey key : account.connections) {
    ConnectionModel& connection = ConnectionOf(key);
    if (connection.pending != ConnectionModel::Pending::kFirstPoll) continue;
    SetPending(connection, connection.pending, std::max(connection.pending_since, clock_.Now()));
  }
}

// What was refused under the old key is tried again like a first poll.
void Checker::ForgetKey(AccountModel& account) {
  const bool was_refused = account.key_refusals > 0;
  account.key_refusals = 0;
  account.key_accepted_at.reset();
  ++account.endpoints;
  for (const ConnectionKey key : account.connections) {
    ConnectionModel& connection = ConnectionOf(key);
    if (was_refused || connection.refusals > 0) ForgetRefusals(connection);
  }
}

void Checker::ForgetRefusals(ConnectionModel& connection) {
  connection.refusals = 0;
  connection.due.SlowDownUntil(Instant::min());
  ExpectDue(connection,
            std::min(connection.due.next(),
                     connection.due.FirstPlace(connection.plan.interval, clock_.Now())));
  ++statistics_.forgotten_refusals;
}

void Checker::AfterApply() {
  applying_ = false;
  Require(static_cast<std::size_t>(std::ranges::count_if(
              accounts_, [](const auto& account) { return account != nullptr; })) ==
              plan_.accounts.size(),
          "there are other accounts than planned");
  // Other buckets are seen as soon as after a start.
  for (const auto& connection : connections_) {
    if (!says_else_ || connection == nullptr || connection->refusals > 0) continue;
    ExpectDue(*connection,
              std::min(connection->due.next(),
                       connection->due.FirstPlace(connection->plan.interval, clock_.Now())));
  }
  for (const auto& account : accounts_) {
    if (account == nullptr) continue;
    RequirePlan(*account);
    RequireIntervals(*account);
    RequireBudget(*account);
    account->discovered = CountDiscovered(*account);
  }
}

// What is polled is what the plan and the lists say, no more and no less.
void Checker::RequirePlan(const AccountModel& account) const {
  const std::vector<ConnectionPlan> plans =
      account.discovery.ConnectionsToPoll(PlanOf(account), plan_.shard);
  Require(account.connections.size() == plans.size(), "{} polls {} connections instead of {}",
          account.name, account.connections.size(), plans.size());
  for (const ConnectionPlan& plan : plans) {
    const ConnectionKey key = FindConnection(account, plan.id);
    const ConnectionPlan& polled = connections_[static_cast<std::size_t>(key)]->plan;
    Require(polled == plan, "connection {} of {} has another plan: {} instead of {}", plan.id,
            account.name, Listed(polled), Listed(plan));
  }
}

std::size_t Checker::CountDiscovered(const AccountModel& account) const {
  return static_cast<std::size_t>(std::ranges::count_if(account.connections, [&](auto key) {
    return connections_[static_cast<std::size_t>(key)]->plan.discovered;
  }));
}

void Checker::OnAccountAdded(AccountKey key, const AccountPlan& plan) {
  const Instant now = clock_.Now();
  Put(accounts_, key,
      AccountModel{.key = key,
                   .name = plan.name,
                   .index = PlaceOf(*plan.endpoint).account,
                   .rate = RateOracle(plan.rate_limit, now),
                   .last_event = now,
                   .discovers = plan.discovery.has_value()});
  if (plan.discovery) ExpectRefresh(AccountOf(key), now, now);
  listener_->OnAccountAdded(key, plan);
}

void Checker::OnAccountChanged(AccountKey key, const AccountPlan& plan) {
  Require(applying_ && AccountOf(key).name == plan.name, "an account changed without a reload");
  listener_->OnAccountChanged(key, plan);
}

void Checker::OnAccountRemoved(AccountKey key) {
  AccountModel& account = AccountOf(key);
  Require(account.connections.empty(), "an account goes before its connections");
  Require(account.requests_in_flight == 0, "an account goes before its requests");
  accounts_[static_cast<std::size_t>(key)].reset();
  listener_->OnAccountRemoved(key);
}

void Checker::OnConnectionAdded(ConnectionKey key, AccountKey account_key,
                                const ConnectionPlan& plan) {
  const Instant now = clock_.Now();
  AccountModel& account = AccountOf(account_key);
  const std::uint64_t hash = StableHash(account.name, plan.id);
  Put(connections_, key,
      ConnectionModel{.key = key,
                      .account = account_key,
                      .place = {.server = PlaceOf(*PlanOf(account).endpoint).server,
                                .account = account.index,
                                .connection = ConnectionNumber(plan.id)},
                      .plan = plan,
                      .due = DueModel(plan.interval, hash, now, clock_.WallNow()),
                      .added = now,
                      .in_force = {.interval = plan.interval,
                                   .stale_after = plan.stale_after.value_or(3 * plan.interval)}});
  account.connections.push_back(key);
  ConnectionModel& connection = ConnectionOf(key);
  ExpectDue(connection, connection.due.next());
  SetPending(connection, ConnectionModel::Pending::kFirstPoll, connection.due.next());
  listener_->OnConnectionAdded(key, account_key, plan);
}

void Checker::OnConnectionChanged(ConnectionKey key, const ConnectionPlan& plan) {
  ConnectionModel& connection = ConnectionOf(key);
  Require(connection.plan.id == plan.id && connection.plan != plan,
          "a change that is none, or one of another connection");
  const bool other_times = connection.plan.interval != plan.interval ||
                           connection.plan.idle_interval != plan.idle_interval;
  if (connection.plan.peak_window != plan.peak_window) connection.peak_window_since = clock_.Now();
  connection.KeepExpired(clock_.Now());
  connection.plan = plan;
  // Values that are too old under a new plan are no failure.
  const bool ends = plan.stale_after && connection.pending == ConnectionModel::Pending::kExpiry &&
                    connection.pending_since + *plan.stale_after <= clock_.Now();
  if (ends) connection.pending = ConnectionModel::Pending::kNothing;
  if (other_times) {
    const Instant now = clock_.Now();
    connection.refusals = 0;
    connection.replanned = true;
    connection.due.SetPlaces(now, clock_.WallNow());
    connection.due.SetWanted(WantedBy(plan, connection.idle()));
    connection.due.SlowDownUntil(Instant::min());
    ExpectDue(connection, connection.has_begun ? connection.due.FirstAfter(now)
                                               : connection.due.FirstPlace(plan.interval, now));
  }
  listener_->OnConnectionChanged(key, plan);
}

void Checker::OnConnectionRemoved(ConnectionKey key) {
  ConnectionModel& connection = ConnectionOf(key);
  AccountModel& account = AccountOf(connection.account);
  Require(!connection.request, "a connection goes before its request");
  if (connection.waits_since_due) ++statistics_.removed_waiting;
  const bool tries_key = account.key_refusals > 0 && connection.poll &&
                         connection.poll->begun() >= account.key_refused_at;
  if (tries_key) ++statistics_.trials_removed;
  if (connection.poll) api_.connection(connection.place).history.KeepSince(std::nullopt);
  std::erase(account.connections, key);
  std::erase(account.ready, key);
  connections_[static_cast<std::size_t>(key)].reset();
  listener_->OnConnectionRemoved(key);
}

}  // namespace telnyx_exporter::simulation
