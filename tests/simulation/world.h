#pragma once

// What the exporter is configured with in a simulated world, and how that changes with its reloads.

#include <cstdint>
#include <optional>
#include <vector>

#include "polling/poll_plan.h"
#include "simulation/random.h"
#include "simulation/sim_api.h"

namespace telnyx_exporter::simulation {

inline constexpr std::uint32_t kServers = 3;

class World {
 public:
  struct Account {
    bool present = true;
    std::uint32_t server = 0;
    std::uint32_t key = 0;
    RateLimit rate_limit;
    std::vector<ConnectionPlan> connections;
    std::optional<DiscoveryPlan> discovery;
    std::uint32_t connections_ever = 0;
  };

  /// Accounts but the first follow from `other_seed`.
  World(std::uint64_t seed, std::uint64_t other_seed, SimApi& api);

  /// As the configuration says now, with new endpoint objects.
  PollPlan Plan() const;
  const std::vector<Account>& accounts() const { return accounts_; }
  void SetKey(std::uint32_t account, std::uint32_t key) { accounts_[account].key = key; }
  /// Room for everything at once, so that accounts do not meet at that limit.
  void LiftConcurrencyLimit() { plan_.max_concurrent_requests = 100'000; }

  /// Changes something of what a reload can change.
  void Change(Random& random);

 private:
  void DrawAccount(std::uint32_t index, std::uint64_t connections, double requests_a_day,
                   Random& random);
  void DrawLimits(std::uint32_t index, Random& random);
  DiscoveryPlan DrawDiscovery(Random& random);
  ConnectionPlan DrawConnection(std::uint32_t index, Duration interval, Random& random);
  void ChangeAccount(std::uint32_t index, Random& random);
  void ChangeDiscovery(Account& account, Random& random);
  void ChangeConnection(ConnectionPlan& connection, Random& random);
  void ChangePolling(Random& random);
  const ConnectionTraits& TraitsOf(std::uint32_t account, std::uint32_t connection) const;
  double RequestsASecond(const Account& account, std::uint32_t index) const;

  SimApi& api_;
  PollPlan plan_;  // without accounts
  std::vector<Account> accounts_;
};

}  // namespace telnyx_exporter::simulation
