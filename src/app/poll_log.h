#pragma once

// The poller's events as log lines for operators: a line when a connection begins to fail, when the
// kind of failure changes, and when it recovers; while it keeps failing, a reminder now and then.
// What concerns an account is said once for all its connections. On the polling thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "polling/poll_observer.h"

namespace telnyx_exporter {

/// How often a failure that goes on is said again.
inline constexpr Duration kFailureReminderInterval = std::chrono::minutes(5);

class PollLog final : public PollObserver {
 public:
  explicit PollLog(Log& log);

  void OnAccountAdded(AccountKey account, const AccountPlan& plan) override;
  void OnAccountChanged(AccountKey account, const AccountPlan& plan) override;
  void OnConnectionAdded(ConnectionKey connection, AccountKey account,
                         const ConnectionPlan& plan) override;
  void OnConnectionChanged(ConnectionKey connection, const ConnectionPlan& plan) override;
  void OnConnectionRemoved(ConnectionKey connection) override;
  void OnPollEnded(ConnectionKey connection, const PollReport& report) override;
  void OnDiscoveryEnded(AccountKey account, const DiscoveryReport& report) override;
  void OnPollsSkipped(ConnectionKey connection, std::uint64_t count) override;
  void OnRetry(AccountKey account, std::optional<ConnectionKey> connection,
               const RetryReport& report) override;
  void OnKeyRefused(AccountKey account, const KeyRefusalReport& report) override;
  void OnKeyAccepted(AccountKey account) override;
  void OnBudgetChanged(AccountKey account, const RequestBudget& budget) override;

 private:
  struct Connection {
    AccountKey account{};
    std::string id;
    std::string name;
    std::optional<PollFailure> failure;  // that goes on
    bool was_said = false;               // a line told of it
    bool held_back = false;              // counts in the account's held_back
    Instant said{};                      // when it was written last
    std::uint64_t failures = 0;          // since it began
  };

  struct Shortage {
    std::size_t connections = 0;
    bool refused = false;  // by the API, and not for our own limit

    bool operator==(const Shortage&) const = default;
  };

  struct Account {
    std::string name;
    double configured_rate = 0;
    RequestBudget budget;
    std::optional<Shortage> shortage;       // of the budget, as said last
    std::optional<FailureReason> held_by;   // what holds polls back, as said last
    std::size_t held_back = 0;              // connections whose polls are held back
    std::optional<std::size_t> discovered;  // connections, as said last
    RowsLeftOut not_pollable;               // as said last
    RowsLeftOut unusable;                   // the same
    std::vector<std::string_view> lacking;  // paths of lists that were named
  };

  void NameLacking(Account& account, const AccountLists& lists);
  void NameLeftOut(Account& account, const AccountLists& lists);
  const std::string& NameOf(AccountKey key) const {
    return accounts_[static_cast<std::size_t>(key)].name;
  }
  Connection& ConnectionOf(ConnectionKey key) {
    return connections_[static_cast<std::size_t>(key)];
  }
  void OnFailure(Connection& connection, const PollReport& report);
  void HoldBack(Connection& connection, const PollFailure& failure);
  void Release(Connection& connection);

  Log& log_;
  std::vector<Account> accounts_;        // by AccountKey
  std::vector<Connection> connections_;  // by ConnectionKey
};

}  // namespace telnyx_exporter
