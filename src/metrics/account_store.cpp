#include "metrics/account_store.h"

namespace telnyx_exporter {

std::vector<AccountState> AccountStore::ReadAll() const {
  const std::lock_guard lock(mutex_);
  std::vector<AccountState> accounts;
  accounts.reserve(accounts_.size());
  for (const auto& account : accounts_) {
    if (account) accounts.push_back(*account);
  }
  return accounts;
}

void AccountStore::OnAccountAdded(AccountKey account, const AccountPlan& plan) {
  const std::lock_guard lock(mutex_);
  const auto index = static_cast<std::size_t>(account);
  if (accounts_.size() <= index) accounts_.resize(index + 1);
  accounts_[index] = AccountState{.name = plan.name,
                                  .rate_limit = plan.rate_limit,
                                  .requests_per_second = plan.rate_limit.requests_per_second};
  if (plan.discovery) accounts_[index]->discovery.emplace();
}

void AccountStore::OnAccountChanged(AccountKey key, const AccountPlan& plan) {
  const std::lock_guard lock(mutex_);
  AccountState& account = AccountOf(key);
  // The share of the old limit that was left by refusals is left of the new one, too.
  account.requests_per_second *=
      plan.rate_limit.requests_per_second / account.rate_limit.requests_per_second;
  account.rate_limit = plan.rate_limit;
  if (!plan.discovery) {
    account.discovery.reset();
  } else if (!account.discovery) {
    account.discovery.emplace();
  }
}

void AccountStore::OnDiscoveryEnded(AccountKey key, const DiscoveryReport& report) {
  const Instant now = clock_.Now();
  const std::lock_guard lock(mutex_);
  AccountState& account = AccountOf(key);
  if (!account.discovery) return;
  DiscoveryState& discovery = *account.discovery;
  discovery.ended = true;
  if (report.result) {
    discovery.last_success = now;
    discovery.connections = *report.result;
    discovery.failure.reset();
    account.key_refusal.reset();
  } else {
    discovery.failure = report.result.error();
  }
}

void AccountStore::OnAccountRemoved(AccountKey account) {
  const std::lock_guard lock(mutex_);
  accounts_[static_cast<std::size_t>(account)].reset();
}

void AccountStore::OnConnectionAdded(ConnectionKey connection, AccountKey account,
                                     const ConnectionPlan& /*plan*/) {
  const auto index = static_cast<std::size_t>(connection);
  if (account_of_connection_.size() <= index) account_of_connection_.resize(index + 1);
  account_of_connection_[index] = account;
}

void AccountStore::OnPollEnded(ConnectionKey connection, const PollReport& report) {
  // A key that came with a new configuration is never said to be accepted; its first answer says
  // it.
  const bool answered = report.result || report.result.error().http_status != 0;
  const bool refused =
      !report.result && report.result.error().reason == FailureReason::kUnauthorized;
  if (!answered || refused) return;
  const std::lock_guard lock(mutex_);
  AccountOf(account_of_connection_[static_cast<std::size_t>(connection)]).key_refusal.reset();
}

void AccountStore::OnRequestEnded(AccountKey key, const RequestReport& report) {
  const Instant now = clock_.Now();
  const std::lock_guard lock(mutex_);
  AccountState& account = AccountOf(key);
  account.rate_limit = report.rate_limit;
  account.requests_per_second = report.requests_per_second;
  if (report.rate_limit_limit) account.api_limit = report.rate_limit_limit;
  if (report.rate_limit_remaining) account.api_remaining = report.rate_limit_remaining;
  if (report.rate_limit_limit || report.rate_limit_remaining) account.api_limits_seen = now;
}

void AccountStore::OnKeyRefused(AccountKey key, const KeyRefusalReport& report) {
  const Instant now = clock_.Now();
  const std::lock_guard lock(mutex_);
  AccountState& account = AccountOf(key);
  const Instant since = account.key_refusal ? account.key_refusal->since : now;
  account.key_refusal = KeyRefusal{.since = since,
                                   .refusals = report.refusals,
                                   .next_try = now + report.wait,
                                   .failure = report.failure};
}

void AccountStore::OnKeyAccepted(AccountKey key) {
  const std::lock_guard lock(mutex_);
  AccountOf(key).key_refusal.reset();
}

}  // namespace telnyx_exporter
