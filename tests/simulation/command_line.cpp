#include "simulation/command_line.h"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include <fmt/format.h>

#include "simulation/simulation.h"

namespace telnyx_exporter::simulation {
namespace {

struct Flags {
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 1;
  double days = 1;
  std::uint64_t others_seed = 0;  // 0: none
  bool trace = false;
  bool stop_at_failure = false;
  bool given = false;
};

template <typename Number>
bool TakeFlag(std::string_view argument, std::string_view name, Number& value) {
  if (!argument.starts_with(name)) return false;
  argument.remove_prefix(name.size());
  const char* end = argument.data() + argument.size();
  return std::from_chars(argument.data(), end, value).ptr == end;
}

std::optional<Flags> ParseFlags(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with("--gtest")) continue;
    flags.given = true;
    if (argument == "--trace") {
      flags.trace = true;
    } else if (argument == "--stop-at-failure") {
      flags.stop_at_failure = true;
    } else if (!TakeFlag(argument, "--seed=", flags.first_seed) &&
               !TakeFlag(argument, "--first-seed=", flags.first_seed) &&
               !TakeFlag(argument, "--seeds=", flags.seeds) &&
               !TakeFlag(argument, "--days=", flags.days) &&
               !TakeFlag(argument, "--others-seed=", flags.others_seed)) {
      return std::nullopt;
    }
  }
  return flags;
}

int SimulateAll(const Flags& flags) {
  const auto begun = std::chrono::steady_clock::now();
  const auto length =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(flags.days * 86400));
  Statistics all;
  std::uint64_t failed = 0;
  for (std::uint64_t seed = flags.first_seed; seed < flags.first_seed + flags.seeds; ++seed) {
    Options options{.seed = seed, .length = length, .print_trace = flags.trace};
    if (flags.others_seed > 0) options.others_seed = flags.others_seed;
    const Outcomes outcomes = Simulate(options);
    all += outcomes.statistics;
    if (outcomes.violation) {
      ++failed;
      fmt::print("--seed={} --days={}: {}\n", seed, flags.days, *outcomes.violation);
      if (flags.stop_at_failure) break;
    }
  }
  const double took = ToSeconds(std::chrono::steady_clock::now() - begun);
  fmt::print("{}took         {:.1f} s: {:.0f} steps a second, {:.2f} days a second\n",
             Describe(all), took, static_cast<double>(all.steps) / took,
             ToSeconds(all.simulated) / 86400 / took);
  if (failed > 0) fmt::print("{} of {} seeds failed\n", failed, flags.seeds);
  return failed == 0 ? 0 : 1;
}

}  // namespace

std::optional<int> RunCommandLine(int argc, char** argv) {
  const auto flags = ParseFlags(argc, argv);
  if (!flags) {
    std::fputs(
        "usage: simulation_test [--first-seed=S] [--seeds=N] [--days=D]   N worlds of D days\n"
        "         [--stop-at-failure]   no world after the first one that fails\n"
        "       simulation_test --seed=S [--days=D] [--trace]             one world, exactly as "
        "before\n"
        "         [--others-seed=S]   the first account in fair weather, all others from this "
        "seed\n"
        "       simulation_test [--gtest_…]                               the tests\n",
        stderr);
    return 2;
  }
  if (!flags->given) return std::nullopt;
  return SimulateAll(*flags);
}

}  // namespace telnyx_exporter::simulation
