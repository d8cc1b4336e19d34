#include "state/state_store.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace telnyx_exporter {
namespace {

template <typename Snapshot>
std::vector<std::shared_ptr<const Snapshot>> CopyUsed(
    const std::vector<std::shared_ptr<const Snapshot>>& slots) {
  std::vector<std::shared_ptr<const Snapshot>> used;
  used.reserve(slots.size());
  std::ranges::copy_if(slots, std::back_inserter(used),
                       [](const auto& snapshot) { return snapshot != nullptr; });
  return used;
}

template <typename Value, typename Key>
Value& Slot(std::vector<Value>& slots, Key key) {
  const auto index = static_cast<std::size_t>(key);
  if (slots.size() <= index) slots.resize(index + 1);
  return slots[index];
}

std::optional<DiscoverySnapshot> DiscoveryUnder(const AccountPlan& plan,
                                                std::optional<DiscoverySnapshot> before,
                                                WallTime now) {
  if (!plan.discovery) return std::nullopt;
  DiscoverySnapshot discovery = before ? std::move(*before) : DiscoverySnapshot{.added = now};
  discovery.refresh_interval = plan.discovery->refresh_interval;
  if (!plan.discovery->channel_limits) discovery.voice_profiles.reset();
  return discovery;
}

}  // namespace

View StateStore::Read() const {
  const std::lock_guard lock(mutex_);
  return {.connections = CopyUsed(connections_), .accounts = CopyUsed(accounts_), .ready = ready_};
}

bool StateStore::ready() const {
  const std::lock_guard lock(mutex_);
  return ready_;
}

// The old snapshot is freed after the lock, here or by the last reader that still has it.
template <typename Key, typename Snapshot>
void StateStore::Publish(std::vector<std::shared_ptr<const Snapshot>>& slots, Key key,
                         std::shared_ptr<const Snapshot> snapshot) {
  const std::lock_guard lock(mutex_);
  std::swap(Slot(slots, key), snapshot);
}

template <typename Change>
void StateStore::ChangeAccount(AccountKey key, const Change& change) {
  auto next = std::make_shared<AccountSnapshot>(AccountOf(key));
  change(*next);
  Publish<AccountKey, AccountSnapshot>(accounts_, key, std::move(next));
}

template <typename Change>
void StateStore::ChangeConnection(ConnectionKey key, const Change& change) {
  auto next = std::make_shared<ConnectionSnapshot>(ConnectionOf(key));
  change(*next);
  Publish<ConnectionKey, ConnectionSnapshot>(connections_, key, std::move(next));
}

void StateStore::OnAccountAdded(AccountKey key, const AccountPlan& plan) {
  const WallTime now = clock_.WallNow();
  Publish(accounts_, key,
          std::make_shared<const AccountSnapshot>(
              AccountSnapshot{.key = key,
                              .name = plan.name,
                              .added = now,
                              .rate_limit = plan.rate_limit,
                              .requests_per_second = plan.rate_limit.requests_per_second,
                              .discovery = DiscoveryUnder(plan, std::nullopt, now)}));
  const auto index = static_cast<std::size_t>(key);
  if (awaits_discovery_.size() <= index) awaits_discovery_.resize(index + 1);
  awaits_discovery_[index] = plan.discovery.has_value();
  if (plan.discovery) ++awaited_;
  ChangePlanVersion();
}

void StateStore::OnAccountChanged(AccountKey key, const AccountPlan& plan) {
  ChangeAccount(key, [&](AccountSnapshot& account) {
    // The fraction of the old limit that refusals left applies to the new limit too.
    account.requests_per_second *=
        plan.rate_limit.requests_per_second / account.rate_limit.requests_per_second;
    account.rate_limit = plan.rate_limit;
    account.discovery = DiscoveryUnder(plan, std::move(account.discovery), clock_.WallNow());
    if (!plan.discovery || !plan.discovery->channel_limits) account.channel_limit.reset();
  });
  if (!plan.discovery) StopAwaitingDiscovery(key);
  ChangePlanVersion();
}

void StateStore::OnAccountRemoved(AccountKey key) {
  Publish<AccountKey, AccountSnapshot>(accounts_, key, nullptr);
  StopAwaitingDiscovery(key);
  ChangePlanVersion();
}

void StateStore::OnConnectionAdded(ConnectionKey key, AccountKey account,
                                   const ConnectionPlan& plan) {
  Slot(account_of_connection_, key) = account;
  ++not_polled_;
  Publish(connections_, key,
          std::make_shared<const ConnectionSnapshot>(ConnectionSnapshot{
              .key = key,
              .identity = std::make_shared<const ConnectionIdentity>(
                  ConnectionIdentity{.account = AccountOf(account).name, .plan = plan}),
              .added = clock_.WallNow()}));
  ChangePlanVersion();
}

void StateStore::OnConnectionChanged(ConnectionKey key, const ConnectionPlan& plan) {
  ChangeConnection(key, [&](ConnectionSnapshot& connection) {
    connection.KeepExpired(clock_.Now());
    connection.identity = std::make_shared<const ConnectionIdentity>(
        ConnectionIdentity{.account = connection.identity->account, .plan = plan});
  });
  ChangePlanVersion();
}

void StateStore::OnConnectionRemoved(ConnectionKey key) {
  if (!ConnectionOf(key).polled()) --not_polled_;
  Publish<ConnectionKey, ConnectionSnapshot>(connections_, key, nullptr);
  UpdateReady();
  ChangePlanVersion();
}

// A shard may have nothing to poll.
void StateStore::OnPlanApplied() { UpdateReady(); }

void StateStore::OnPollBegun(ConnectionKey key, Duration /*lag*/) {
  ChangeConnection(key, [](ConnectionSnapshot& connection) { ++connection.polls; });
}

void StateStore::OnPollEnded(ConnectionKey key, const PollReport& report) {
  const ConnectionSnapshot& before = ConnectionOf(key);
  if (!before.polled()) --not_polled_;
  Publish(connections_, key, std::make_shared<const ConnectionSnapshot>(AfterPoll(before, report)));
  UpdateReady();
  const PollFailure* failure = report.result ? nullptr : &report.result.error();
  const AccountKey account = AccountOf(key);
  // A key that came with a new configuration is never announced as accepted: its first answer
  // shows that it is.
  const bool key_accepted = failure == nullptr || RefusesConnection(failure->reason);
  const bool key_was_refused = key_accepted && AccountOf(account).key_refusal;
  if (failure == nullptr && !key_was_refused) return;
  ChangeAccount(account, [&](AccountSnapshot& next) {
    if (failure != nullptr) ++next.poll_failures[static_cast<std::size_t>(failure->reason)];
    if (key_accepted) next.key_refusal.reset();
  });
}

void StateStore::OnIntervalChanged(ConnectionKey key, const IntervalInForce& now) {
  ChangeConnection(key, [&](ConnectionSnapshot& connection) {
    connection.KeepExpired(clock_.Now());
    connection.announced = now;
  });
  ChangePlanVersion();
}

void StateStore::OnPollsSkipped(ConnectionKey key, std::uint64_t count) {
  ChangeAccount(AccountOf(key), [&](AccountSnapshot& account) { account.polls_skipped += count; });
}

void StateStore::OnDiscoveryEnded(AccountKey key, const DiscoveryReport& report) {
  Publish(accounts_, key,
          std::make_shared<const AccountSnapshot>(
              AfterDiscovery(AccountOf(key), report, clock_.Now())));
  StopAwaitingDiscovery(key);
}

void StateStore::OnRequestEnded(AccountKey key, const RequestReport& report) {
  ChangeAccount(key, [&](AccountSnapshot& account) {
    account.response_bytes += report.body_bytes;
    account.rate_limit = report.rate_limit;
    account.requests_per_second = report.requests_per_second;
    if (report.rate_limit_limit) account.api_limit = report.rate_limit_limit;
    if (report.rate_limit_remaining) account.api_remaining = report.rate_limit_remaining;
    if (report.rate_limit_limit || report.rate_limit_remaining) {
      account.api_limits_seen = clock_.Now();
    }
  });
}

void StateStore::OnRetry(AccountKey key, std::optional<ConnectionKey> /*connection*/,
                         const RetryReport& /*report*/) {
  ChangeAccount(key, [](AccountSnapshot& account) { ++account.retries; });
}

void StateStore::OnRateLimiterWait(AccountKey key, Duration waited) {
  ChangeAccount(key, [&](AccountSnapshot& account) { account.limiter_wait += waited; });
}

void StateStore::OnFieldsIgnored(AccountKey key, std::uint64_t count) {
  ChangeAccount(key, [&](AccountSnapshot& account) { account.ignored_fields += count; });
}

void StateStore::OnBudgetChanged(AccountKey key, const RequestBudget& budget) {
  ChangeAccount(key, [&](AccountSnapshot& account) { account.budget = budget; });
}

void StateStore::OnKeyRefused(AccountKey key, const KeyRefusalReport& report) {
  const Instant now = clock_.Now();
  ChangeAccount(key, [&](AccountSnapshot& account) {
    account.key_refusal =
        KeyRefusal{.since = account.key_refusal ? account.key_refusal->since : now,
                   .refusals = report.refusals,
                   .next_try = now + report.wait};
  });
}

void StateStore::OnKeyAccepted(AccountKey key) {
  ChangeAccount(key, [](AccountSnapshot& account) { account.key_refusal.reset(); });
}

void StateStore::StopAwaitingDiscovery(AccountKey key) {
  const auto index = static_cast<std::size_t>(key);
  if (!awaits_discovery_[index]) return;
  awaits_discovery_[index] = false;
  --awaited_;
  UpdateReady();
}

void StateStore::UpdateReady() {
  if (ready_ || not_polled_ != 0 || awaited_ != 0) return;
  {
    const std::lock_guard lock(mutex_);
    ready_ = true;
  }
  ChangePlanVersion();
}

}  // namespace telnyx_exporter
