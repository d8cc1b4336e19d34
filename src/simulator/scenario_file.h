#pragma once

// A scenario: what a simulation has and what happens on each of its days, as a YAML file.
// docs/simulator.md describes its keys. Read once at the start.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "simulator/call_world.h"
#include "simulator/faults.h"
#include "simulator/sim_time.h"

namespace telnyx_exporter::simulator {

struct Scenario {
  SimTime begins = 0;  // time of day
  double speed = 1;    // how many times as fast as the clock
  std::vector<AccountSettings> accounts;
  std::vector<FaultRule> faults;
};

/// Reads YAML text. Either everything was right, or all the errors of the text, in its order. The
/// kinds of calls have the seeds 1, 2, 3, … in the order of the text.
std::expected<Scenario, std::vector<ConfigMessage>> ParseScenario(std::string_view yaml);

/// The same for a file; one that cannot be read is an error of the whole file.
std::expected<Scenario, std::vector<ConfigMessage>> LoadScenarioFile(const std::string& path);

}  // namespace telnyx_exporter::simulator
