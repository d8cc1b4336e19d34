#pragma once

// All simulated connections and, for any moment, the calls that are active on them. Requests read
// from immutable views, so many can be answered while time goes on. Any thread.

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/sim_clock.h"
#include "simulator/traffic_model.h"

namespace telnyx_exporter::simulator {

struct ConnectionSettings {
  std::string id;
  std::string name;
  std::string record_type = "call_control_application";
  TrafficSettings traffic;
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
  CallWorld(std::vector<ConnectionSettings> connections, SimClock& clock);
  ~CallWorld();

  SimClock& clock() { return clock_; }
  const std::vector<ConnectionSettings>& connections() const { return settings_; }

  /// Nothing for an unknown connection. The view may be some milliseconds of real time old.
  std::shared_ptr<const CallView> View(std::string_view connection_id);

 private:
  struct Connection;

  const std::vector<ConnectionSettings> settings_;
  SimClock& clock_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace telnyx_exporter::simulator
