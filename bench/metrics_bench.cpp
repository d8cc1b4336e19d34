// What a page of /metrics costs: when every connection has been polled since the last scrape, and
// when one has. Beside it what the copying of such a page costs alone.
//
//   build/release/metrics_bench

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "made_up_connections.h"
#include "metrics/exporter_metrics.h"
#include "metrics/metrics_page.h"

namespace telnyx_exporter {
namespace {

// The page of so many connections, as it is after a scrape.
struct Exposed {
  explicit Exposed(std::uint32_t count) : made(count) { page.Get(ExpositionFormat::kText); }

  MadeUpConnections made;
  ExporterMetrics exporter{{.version = "1", .revision = "2", .compiler = "3"}};
  MetricsPage page{made.connections(), exporter, made.clock()};
};

Exposed& ExposedOf(const benchmark::State& state) {
  static std::map<std::int64_t, std::unique_ptr<Exposed>> all;
  auto& exposed = all[state.range(0)];
  if (!exposed) exposed = std::make_unique<Exposed>(static_cast<std::uint32_t>(state.range(0)));
  return *exposed;
}

void Scrape(benchmark::State& state, Exposed& exposed) {
  const auto page = exposed.page.Get(ExpositionFormat::kText);
  state.counters["bytes"] = static_cast<double>(page->size());
}

void AllPolledAndScrape(benchmark::State& state) {
  Exposed& exposed = ExposedOf(state);
  std::uint64_t legs = 0;
  for (auto _ : state) {
    state.PauseTiming();
    exposed.made.PollAll(exposed.made.clock().Now(), ++legs);
    state.ResumeTiming();
    Scrape(state, exposed);
  }
}

void OnePolledAndScrape(benchmark::State& state) {
  Exposed& exposed = ExposedOf(state);
  std::uint64_t legs = 0;
  for (auto _ : state) {
    ++legs;
    exposed.made.Poll(ConnectionKey{static_cast<std::uint32_t>(legs % 1000)},
                      exposed.made.clock().Now(), legs);
    Scrape(state, exposed);
  }
}

void CopyOfAPage(benchmark::State& state) {
  const auto page = ExposedOf(state).page.Get(ExpositionFormat::kText);
  auto copy = std::make_unique<std::string>();
  for (auto _ : state) {
    // The one before lives until the next is there, as a page does.
    copy = std::make_unique<std::string>(*page);
    benchmark::DoNotOptimize(copy->data());
  }
}

void Sizes(benchmark::internal::Benchmark* bench) {
  bench->Arg(1000)->Arg(10'000)->Unit(benchmark::kMillisecond);
}

BENCHMARK(AllPolledAndScrape)->Apply(Sizes);
BENCHMARK(OnePolledAndScrape)->Apply(Sizes);
BENCHMARK(CopyOfAPage)->Apply(Sizes);

}  // namespace
}  // namespace telnyx_exporter

BENCHMARK_MAIN();
