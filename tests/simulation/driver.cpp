#include "simulation/driver.h"

#include <utility>

#include <fmt/format.h>

#include "base/build_info.h"
#include "simulation/heap_meter.h"
#include "simulation/violation.h"

namespace telnyx_exporter::simulation {
namespace {

using namespace std::chrono_literals;

// 2023-11-14, and a machine that has been up for an hour.
constexpr WallTime kBeginning{std::chrono::seconds(1'700'000'000)};
constexpr Instant kUp{1h};

std::uint64_t OthersSeed(const Options& options) {
  return options.others_seed.value_or(Mix(options.seed, 1));
}

NetworkSettings DrawNetwork(std::uint64_t seed, bool punctual) {
  Random random(seed);
  NetworkSettings network{.seed = random.Next()};
  network.most_latency = random.LogBetween(Duration(20ms), Duration(1s));
  if (random.Chance(0.3) && !punctual)
    network.most_overshoot = random.LogBetween(Duration(100us), Duration(1s));
  return network;
}

}  // namespace

Driver::Exporter::Exporter(const Clock& clock)
    : metrics({.version = "1", .revision = "1", .compiler = "1"}), listener(clock, metrics) {}

Driver::Driver(const Options& options)
    : options_(options),
      random_(Mix(options.seed, 2)),
      trace_(options.print_trace),
      start_(kUp + random_.LogBetween(Duration(1ns), Duration(24h))),
      clock_(start_, kBeginning + std::chrono::nanoseconds(random_.Below(1ULL << 50U))),
      api_(Mix(options.seed, 3), start_,
           clock_.WallNow().time_since_epoch() - start_.time_since_epoch()),
      checker_(clock_, api_, statistics_, trace_),
      world_(Mix(options.seed, 4), OthersSeed(options), api_),
      weather_(world_.accounts().size()),
      network_(DrawNetwork(Mix(options.seed, 5), options.others_seed.has_value())),
      transport_(network_, clock_, api_, checker_,
                 [this](std::uint32_t account) -> const Weather& { return weather_[account]; }),
      recovery_(network_, api_, checker_),
      page_checker_(checker_),
      troubles_(DrawTroubles()) {
  if (options.others_seed) world_.LiftConcurrencyLimit();
}

Driver::Troubles Driver::DrawTroubles() {
  Random random(Mix(options_.seed, 6));
  const auto maybe = [&](double chance, Duration low, Duration high) {
    const Duration mean = random.LogBetween(low, high);
    return random.Chance(chance) ? std::optional(mean) : std::nullopt;
  };
  Troubles troubles;
  troubles.storms = maybe(0.75, 20min, 12h);
  troubles.keys = maybe(0.3, 1h, 12h);
  troubles.vanishing = maybe(0.3, 1h, 12h);
  troubles.lists = maybe(0.6, 5min, 6h);
  troubles.reloads = maybe(0.5, 10min, 12h);
  troubles.wall_jumps = maybe(0.4, 1h, 12h);
  troubles.suspensions = maybe(0.4, 1h, 12h);
  troubles.restarts = maybe(0.15, 2h, 24h);
  if (options_.others_seed) {
    troubles.reloads = troubles.wall_jumps = troubles.suspensions = troubles.restarts = {};
  }
  return troubles;
}

Outcomes Driver::Run() {
  Outcomes outcomes;
  try {
    ScheduleAll();
    RunExporters();
  } catch (const Violation& violation) {
    outcomes.violation =
        fmt::format("after {:.3f} s: {}", ToSeconds(clock_.Now() - start_), violation.what());
    transport_.Abandon();
  }
  exporter_.reset();
  statistics_.simulated = clock_.Now() - start_;
  statistics_.steps = transport_.steps();
  outcomes.trace = trace_.all();
  outcomes.first_account_trace = trace_.first_account();
  outcomes.statistics = statistics_;
  return outcomes;
}

void Driver::RunExporters() {
  do {
    restarts_ = false;
    RunExporter();
    if (restarts_)
      clock_.AdvanceTo(clock_.Now() + random_.LogBetween(Duration(10ms), Duration(5min)));
  } while (restarts_ && clock_.Now() < start_ + options_.length);
}

void Driver::RunExporter() {
  plan_ = world_.Plan();
  {
    const HeapOwnerScope product(HeapOwner::kProduct);
    exporter_ = std::make_unique<Exporter>(clock_);
  }
  checker_.OnProcessBegins(plan_, exporter_->listener);
  recovery_.Disturb(clock_.Now());
  {
    const HeapOwnerScope product(HeapOwner::kProduct);
    exporter_->poller.emplace(plan_, clock_, transport_, PollObservers({&checker_}),
                              random_.Next());
    checker_.AfterApply();
    exporter_->poller->Run(exporter_->stop.get_token());
    exporter_->poller.reset();
  }
  checker_.OnProcessEnded(transport_.requests_in_flight());
}

Outcomes Simulate(const Options& options) { return Driver(options).Run(); }

}  // namespace telnyx_exporter::simulation
