#pragma once

// What a simulated account has, as it is set up. Constant while the simulation runs; what changes
// with the time of day is said here as well.

#include <cstdint>
#include <optional>
#include <string>
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

}  // namespace telnyx_exporter::simulator
