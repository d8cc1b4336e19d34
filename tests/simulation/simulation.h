#pragma once

// One simulated world from its beginning to its end, all of it from one seed.

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "simulation/statistics.h"

namespace telnyx_exporter::simulation {

struct Options {
  std::uint64_t seed = 1;
  Duration length = std::chrono::hours(24);
  bool print_trace = false;
  /// The first account has fair weather, and exporter and clocks are left alone; whatever
  /// else happens follows from this number.
  std::optional<std::uint64_t> others_seed;
};

struct Outcomes {
  std::optional<std::string> violation;  // which promise did not hold, and when
  std::uint64_t trace = 0;               // everything that happened, as a number
  std::uint64_t first_account_trace = 0;
  Statistics statistics;
};

Outcomes Simulate(const Options& options);

}  // namespace telnyx_exporter::simulation
