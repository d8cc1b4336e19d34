#pragma once

// Whether every connection that nothing troubles has fresh values: some time after its last trouble
// each is complete again, and from then on once an interval.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "simulation/checker.h"
#include "simulation/sim_api.h"
#include "simulation/sim_transport.h"

namespace telnyx_exporter::simulation {

class RecoveryWatch {
 public:
  RecoveryWatch(const NetworkSettings& network, SimApi& api, const Checker& checker)
      : network_(network), api_(api), checker_(checker) {}

  /// An account's API works as it should, or does not.
  void SetHealthy(std::uint32_t account, bool healthy, Instant now);
  /// Something happened after which all need their time.
  void Disturb(Instant now);

  /// Compares every connection; says how many there were to compare.
  std::uint64_t Check(const PollPlan& plan, Instant now);

 private:
  struct Account {
    const AccountPlan* plan;
    const AccountModel* model;
    double pages = 0;  // of one round of all connections
    double load = 0;   // requests a second
  };

  std::optional<Instant> CalmSince(std::uint32_t account, bool shares_slots) const;
  Account Weigh(const AccountModel& model, const PollPlan& plan) const;
  /// How long a poll of the connection may take from its due time to its end; nothing when the
  /// configuration is too tight to say.
  std::optional<Duration> LongestPoll(const PollPlan& plan, const Account& account,
                                      const ConnectionModel& connection) const;
  bool IsFresh(const ConnectionModel& connection, Duration longest_poll, Instant calm_since,
               Instant now) const;
  Duration latency() const { return network_.most_latency + 2 * network_.most_overshoot; }

  const NetworkSettings network_;
  SimApi& api_;
  const Checker& checker_;
  std::vector<std::optional<Instant>> healthy_since_;
  Instant disturbed_{};
  double all_pages_ = 0;
};

}  // namespace telnyx_exporter::simulation
