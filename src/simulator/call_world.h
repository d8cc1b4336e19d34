#pragma once

// All simulated accounts with their connections and, for any moment, the calls that are active on
// them. Requests read from immutable views, so many can be answered while time goes on. Any thread.

#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "simulator/account.h"
#include "simulator/sim_time.h"
#include "simulator/traffic_model.h"

namespace telnyx_exporter::simulator {

/// The calls of one connection at one moment.
struct CallView {
  SimTime now = 0;
  std::vector<std::shared_ptr<const Leg>> legs;  // in the order of their beginning
  // Since the simulation began.
  std::uint64_t started = 0;
  std::uint64_t ended = 0;
};

/// Whole seconds that the leg has lasted.
std::uint64_t DurationOf(const Leg& leg, SimTime now);

class CallWorld {
 public:
  /// The connections' ids are unique among all accounts.
  CallWorld(std::vector<AccountSettings> accounts, SimClock& clock);
  ~CallWorld();

  SimClock& clock() { return clock_; }
  const std::vector<AccountSettings>& accounts() const { return accounts_; }

  /// Whether any account ever has it.
  bool Knows(std::string_view connection_id) const { return connections_.contains(connection_id); }

  /// Nothing for a connection that does not exist now or belongs to another account. The view may
  /// be some milliseconds of real time old.
  std::shared_ptr<const CallView> View(const AccountSettings& account,
                                       std::string_view connection_id);

 private:
  struct Connection;

  const std::vector<AccountSettings> accounts_;
  SimClock& clock_;
  std::unordered_map<std::string_view, std::unique_ptr<Connection>> connections_;  // by id
};

}  // namespace telnyx_exporter::simulator
