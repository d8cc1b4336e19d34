// What a scrape of /metrics costs when every connection has been polled since the last one, as in
// every real set-up, and how much memory it adds. Beside it what copying such a body costs alone.
//
//   build/release/metrics_bench

#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>
#include <unistd.h>

#include "made_up_connections.h"
#include "metrics/exporter_metrics.h"
#include "metrics/metrics_exposition.h"

namespace telnyx_exporter {
namespace {

double ResidentMegabytes() {
  std::ifstream file("/proc/self/statm");
  double pages = 0;
  file >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

// A scraper that asks once a second or less often: no body is shared.
class SteppingClock final : public Clock {
 public:
  Instant Now() const override { return now_; }
  WallTime WallNow() const override { return WallTime(std::chrono::seconds(1'700'000'000)); }
  void Step() { now_ += std::chrono::seconds(1); }

 private:
  Instant now_{std::chrono::hours(10)};
};

struct Exposed {
  explicit Exposed(std::uint32_t count) : made(count) {}

  MadeUpConnections made;
  SteppingClock clock;
  ExporterMetrics exporter{{.version = "1", .revision = "2", .compiler = "3"}};
  MetricsExposition exposition{made.store(), exporter, clock};
  double megabytes_before_any_scrape = ResidentMegabytes();
};

Exposed& ExposedOf(const benchmark::State& state) {
  static std::map<std::int64_t, std::unique_ptr<Exposed>> all;
  auto& exposed = all[state.range(0)];
  if (!exposed) exposed = std::make_unique<Exposed>(static_cast<std::uint32_t>(state.range(0)));
  return *exposed;
}

void AllPolledAndScrape(benchmark::State& state, ExpositionFormat format) {
  Exposed& exposed = ExposedOf(state);
  std::uint64_t legs = 0;
  std::size_t bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    exposed.clock.Step();
    exposed.made.PollAll(exposed.clock.Now(), ++legs);
    state.ResumeTiming();
    bytes = exposed.exposition.Get(format)->size();
  }
  state.counters["bytes"] = static_cast<double>(bytes);
  state.counters["megabytes_added"] = ResidentMegabytes() - exposed.megabytes_before_any_scrape;
}

void Text(benchmark::State& state) { AllPolledAndScrape(state, ExpositionFormat::kText); }
void OpenMetrics(benchmark::State& state) {
  AllPolledAndScrape(state, ExpositionFormat::kOpenMetrics);
}
void Protobuf(benchmark::State& state) { AllPolledAndScrape(state, ExpositionFormat::kProtobuf); }

void CopyOfABody(benchmark::State& state) {
  const auto body = ExposedOf(state).exposition.Get(ExpositionFormat::kText);
  auto copy = std::make_unique<std::string>();
  for (auto _ : state) {
    copy = std::make_unique<std::string>(*body);
    benchmark::DoNotOptimize(copy->data());
  }
}

void PollsOfAll(benchmark::State& state) {
  Exposed& exposed = ExposedOf(state);
  std::uint64_t legs = 0;
  for (auto _ : state) exposed.made.PollAll(exposed.clock.Now(), ++legs);
}

void Sizes(benchmark::internal::Benchmark* bench) {
  bench->Arg(1000)->Arg(10'000)->Unit(benchmark::kMillisecond);
}

BENCHMARK(Text)->Apply(Sizes);
BENCHMARK(OpenMetrics)->Apply(Sizes);
BENCHMARK(Protobuf)->Apply(Sizes);
BENCHMARK(CopyOfABody)->Apply(Sizes);
BENCHMARK(PollsOfAll)->Apply(Sizes);

}  // namespace
}  // namespace telnyx_exporter

BENCHMARK_MAIN();
