#pragma once

// All simulated accounts with what they have, constant while the simulation runs, and, for any
// moment, the calls that are active on their connections. Requests read from immutable views, so
// many can be answered while time goes on. Any thread.

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "simulator/sim_time.h"
#include "simulator/traffic_model.h"

namespace telnyx_exporter::simulator {

struct Rename {
  double at = 0;  // seconds since midnight
  std::string name;
};

struct ConnectionSettings {
  std::string id;  // unique among all accounts
  std::string name;
  std::string record_type = "call_control_application";
  bool has_webhook = true;
  std::vector<std::string> tags;
  std::optional<std::uint32_t> inbound_channel_limit;
  std::optional<std::uint32_t> outbound_channel_limit;
  std::string voice_profile_id;          // empty: none
  std::vector<Rename> renames;           // of every day, in its order
  std::optional<DayWindow> present;      // outside it the API does not know it; nothing: always
  std::vector<TrafficSettings> traffic;  // all of these together; empty: no calls

  bool IsPresent(SimTime time) const { return !present || present->Contains(time); }
  /// At midnight every day begins with the first name again.
  const std::string& NameAt(SimTime time) const {
    const std::string* present_name = &name;
    for (const Rename& rename : renames) {
      if (rename.at <= TimeOfDay(time)) present_name = &rename.name;
    }
    return *present_name;
  }
};

struct VoiceProfileSettings {
  std::string id;
  std::string name;
  std::optional<std::uint32_t> concurrent_call_limit;
};

struct AccountSettings {
  std::string name = "default";
  std::string api_key = "KEY_SIMULATOR";             // no two accounts have the same
  std::optional<std::uint32_t> requests_per_second;  // nothing: as for all accounts
  std::optional<std::uint32_t> inbound_channels;  // of the whole account; absent: its list is, too
  std::vector<std::string> lacking;  // lists that it does not have: "texml_applications"
  std::vector<VoiceProfileSettings> voice_profiles;
  std::vector<ConnectionSettings> connections;
};

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

  SimClock& clock() { return clock_; }
  const std::vector<AccountSettings>& accounts() const { return accounts_; }

  /// Whether any account ever has it.
  bool Knows(std::string_view connection_id) const { return connections_.contains(connection_id); }

  /// Nothing for a connection that does not exist now or belongs to another account. The view may
  /// be some milliseconds of real time old.
  std::shared_ptr<const CallView> View(const AccountSettings& account,
                                       std::string_view connection_id);

 private:
  struct Connection {
    const AccountSettings& account;
    const ConnectionSettings& settings;
    TrafficModel model;                         // guarded by mutex
    std::shared_ptr<const CallView> view = {};  // guarded by mutex
    std::mutex mutex = {};
  };

  const std::vector<AccountSettings> accounts_;
  SimClock& clock_;
  std::unordered_map<std::string_view, std::unique_ptr<Connection>> connections_;  // by id
};

}  // namespace telnyx_exporter::simulator
