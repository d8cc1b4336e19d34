#pragma once

// The newest state of every account, for people: how fast it may be asked and whether its key
// works. The polling thread tells it everything as a PollObserver; any thread reads.

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "polling/poll_observer.h"
#include "polling/poll_plan.h"
#include "telnyx/failure.h"

namespace telnyx_exporter {

/// The API refuses an account's key.
struct KeyRefusal {
  Instant since;
  std::uint32_t refusals = 1;  // in a row
  Instant next_try;
  PollFailure failure;  // the newest
};

/// How looking for an account's connections goes.
struct DiscoveryState {
  bool ended = false;                   // once at least
  std::optional<Instant> last_success;  // of reading all lists
  std::size_t connections = 0;          // found then and polled
  std::optional<PollFailure> failure;   // of the newest attempt
};

struct AccountState {
  std::string name;
  RateLimit rate_limit;                 // as configured
  double requests_per_second = 0;       // in force: less than configured after refusals
  std::optional<double> api_limit;      // newest x-ratelimit-limit
  std::optional<double> api_remaining;  // newest x-ratelimit-remaining
  Instant api_limits_seen{};            // when one of the two was seen last
  std::optional<KeyRefusal> key_refusal;
  std::optional<DiscoveryState> discovery;  // nothing where it is not configured
};

class AccountStore final : public PollObserver {
 public:
  /// `clock` must outlive the store.
  explicit AccountStore(const Clock& clock) : clock_(clock) {}

  /// All accounts at one moment, in no order.
  std::vector<AccountState> ReadAll() const;

  void OnAccountAdded(AccountKey account, const AccountPlan& plan) override;
  void OnAccountChanged(AccountKey account, const AccountPlan& plan) override;
  void OnAccountRemoved(AccountKey account) override;
  void OnConnectionAdded(ConnectionKey connection, AccountKey account,
                         const ConnectionPlan& plan) override;
  void OnPollEnded(ConnectionKey connection, const PollReport& report) override;
  void OnDiscoveryEnded(AccountKey account, const DiscoveryReport& report) override;
  void OnRequestEnded(AccountKey account, const RequestReport& report) override;
  void OnKeyRefused(AccountKey account, const KeyRefusalReport& report) override;
  void OnKeyAccepted(AccountKey account) override;

 private:
  AccountState& AccountOf(AccountKey key) { return *accounts_[static_cast<std::size_t>(key)]; }

  const Clock& clock_;
  std::vector<AccountKey> account_of_connection_;  // by ConnectionKey; polling thread only

  mutable std::mutex mutex_;
  std::vector<std::optional<AccountState>> accounts_;  // by AccountKey; guarded by mutex_
};

}  // namespace telnyx_exporter
