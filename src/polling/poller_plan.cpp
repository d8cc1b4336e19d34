// How the poller takes over a plan: at its start and, later, in place of another one.

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "polling/poller.h"
#include "polling/poller_parts.h"

namespace telnyx_exporter {
namespace {

// The key of a place for a new element: a free one, or one at the end.
template <typename Key, typename T>
Key TakePlace(std::vector<std::unique_ptr<T>>& places, std::vector<Key>& free) {
  if (free.empty()) {
    places.emplace_back();
    return static_cast<Key>(places.size() - 1);
  }
  const Key key = free.back();
  free.pop_back();
  return key;
}

}  // namespace

void Poller::Apply(const PollPlan& plan) {
  const Instant now = clock_.Now();
  walk_limits_ = plan.walk;
  max_in_flight_ = plan.max_concurrent_requests;
  max_response_bytes_ = plan.max_response_bytes;
  shard_ = plan.shard;
  if (!summarizer_ || *summarizer_->duration_bounds() != plan.duration_bounds ||
      *summarizer_->long_call_thresholds() != plan.long_call_thresholds) {
    summarizer_.emplace(plan.duration_bounds, plan.long_call_thresholds);
  }

  std::unordered_map<std::string_view, const AccountPlan*> plans;
  for (const AccountPlan& account : plan.accounts) plans.emplace(account.name, &account);
  const auto gone = [&](const Account& account) {
    const auto next = plans.find(account.plan.name);
    return next == plans.end() ||
           next->second->endpoint->base_url != account.plan.endpoint->base_url;
  };
  RemoveConnections(
      [&](const Connection& connection) { return gone(AccountOf(connection.account)); });
  for (auto& account : accounts_) {
    if (account == nullptr || !gone(*account)) continue;
    CancelRefresh(*account);
    observer_.OnAccountRemoved(account->key);
    free_accounts_.push_back(account->key);
    account.reset();
  }
  for (const AccountPlan& account_plan : plan.accounts) {
    ApplyConnections(KeepOrAddAccount(account_plan, now), now);
  }
  observer_.OnPlanApplied();
}

Poller::Account& Poller::KeepOrAddAccount(const AccountPlan& plan, Instant now) {
  const auto kept = std::ranges::find_if(accounts_, [&](const auto& account) {
    return account != nullptr && account->plan.name == plan.name;
  });
  if (kept != accounts_.end()) {
    ChangeAccount(**kept, plan, now);
    return **kept;
  }
  const AccountKey key = TakePlace(accounts_, free_accounts_);
  accounts_[static_cast<std::size_t>(key)] =
      std::make_unique<Account>(Account{.key = key,
                                        .plan = plan,
                                        .queue = SendQueue(plan.rate_limit, now),
                                        .random = std::mt19937_64(random_())});
  Account& account = AccountOf(key);
  observer_.OnAccountAdded(key, plan);
  if (plan.discovery) ScheduleRefresh(account, now);
  if (plan.discovery && mode_ == PollMode::kOnce) ++left_;
  return account;
}

void Poller::ChangeAccount(Account& account, const AccountPlan& plan, Instant now) {
  const auto endpoint = account.plan.endpoint;
  const bool other_endpoint = *endpoint != *plan.endpoint;
  if (other_endpoint) {
    account.key_refusals = 0;
    account.key_probe.reset();
  }
  const bool looks_anew =
      plan.discovery && (!account.plan.discovery || other_endpoint ||
                         account.plan.discovery->channel_limits != plan.discovery->channel_limits);
  account.plan = plan;
  // An equal endpoint is kept, and with it its open connections.
  if (!other_endpoint) account.plan.endpoint = endpoint;
  account.queue.limiter().Configure(plan.rate_limit, now);
  if (!plan.discovery) CancelRefresh(account);
  if (looks_anew) ScheduleRefresh(account, now);
  observer_.OnAccountChanged(account.key, account.plan);
}

void Poller::ApplyConnections(Account& account, Instant now) {
  const std::vector<ConnectionPlan> plans =
      ConnectionsToPoll(account.plan, account.discovered, shard_);
  std::unordered_set<std::string_view> wanted;
  for (const ConnectionPlan& connection : plans) wanted.insert(connection.id);
  RemoveConnections([&](const Connection& connection) {
    return connection.account == account.key && !wanted.contains(connection.plan.id);
  });
  // Of those that stay: its ids are views into them.
  std::unordered_map<std::string_view, ConnectionKey> present;
  for (const auto& connection : connections_) {
    if (connection == nullptr || connection->account != account.key) continue;
    present.emplace(connection->plan.id, connection->key);
  }
  for (const ConnectionPlan& connection : plans) {
    const auto known = present.find(connection.id);
    if (known == present.end()) {
      AddConnection(account, connection, now);
    } else {
      ChangeConnection(ConnectionOf(known->second), connection, now);
    }
  }
}

void Poller::AddConnection(Account& account, const ConnectionPlan& plan, Instant now) {
  const ConnectionKey key = TakePlace(connections_, free_connections_);
  const std::uint64_t hash = StableHash(account.plan.name, plan.id);
  connections_[static_cast<std::size_t>(key)] = std::make_unique<Connection>(
      Connection{.key = key,
                 .account = account.key,
                 .plan = plan,
                 .grid = PollGrid(plan.interval, hash, now, clock_.WallNow())});
  Connection& connection = ConnectionOf(key);
  observer_.OnConnectionAdded(key, account.key, plan);
  SetDue(connection, mode_ == PollMode::kOnce ? now : connection.grid.NextAfter(now));
  if (mode_ == PollMode::kOnce) ++left_;
}

void Poller::ChangeConnection(Connection& connection, const ConnectionPlan& plan, Instant now) {
  if (connection.plan == plan) return;
  const bool other_interval = connection.plan.interval != plan.interval;
  connection.plan = plan;
  observer_.OnConnectionChanged(connection.key, plan);
  if (!other_interval) return;
  const std::uint64_t hash = StableHash(AccountOf(connection.account).plan.name, plan.id);
  connection.grid = PollGrid(plan.interval, hash, now, clock_.WallNow());
  connection.refusals = 0;
  SetDue(connection, connection.grid.NextAfter(now));
}

void Poller::RemoveConnections(const std::function<bool(const Connection&)>& gone) {
  for (auto& connection : connections_) {
    if (connection == nullptr || !gone(*connection)) continue;
    RemoveConnection(*connection);
    free_connections_.push_back(connection->key);
    connection.reset();
  }
}

void Poller::RemoveConnection(Connection& connection) {
  Account& account = AccountOf(connection.account);
  CancelRequest(account, connection.in_flight);
  account.queue.Remove(connection.key);
  if (account.key_probe == connection.key) account.key_probe.reset();
  observer_.OnConnectionRemoved(connection.key);
}

}  // namespace telnyx_exporter
