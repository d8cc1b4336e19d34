// What the status page of 5,000 connections costs.
//
//   cmake --preset release && cmake --build --preset release --target status_page_bench
//   build/release/status_page_bench

#include <cstdint>
#include <string>

#include <benchmark/benchmark.h>

#include "base/gzip.h"
#include "made_up_connections.h"
#include "pages/status_page.h"

namespace telnyx_exporter {
namespace {

constexpr std::uint32_t kConnections = 5000;

const MadeUpConnections& Made() {
  static const MadeUpConnections made(kConnections);
  return made;
}

std::string Page(const StatusQuery& query) {
  const Moment moment{.now = Made().clock().Now(), .wall = Made().clock().WallNow()};
  return RenderStatusPage(CollectStatus(Made().store().Read(), query, moment.now),
                          {.telemetry_path = "/metrics"}, moment);
}

void Count(benchmark::State& state, const std::string& page) {
  state.counters["bytes"] = static_cast<double>(page.size());
}

void Status(benchmark::State& state, const StatusQuery& query) {
  std::string page;
  for (auto _ : state) page = Page(query);
  Count(state, page);
}

void StatusByState(benchmark::State& state) { Status(state, {}); }
void StatusByCalls(benchmark::State& state) {
  Status(state, {.sort = SortKey::kCalls, .order = SortOrder::kDescending, .page = 25});
}
void StatusSearched(benchmark::State& state) { Status(state, {.search = "-499"}); }

void StatusCompressed(benchmark::State& state) {
  const std::string page = Page({});
  std::string compressed;
  for (auto _ : state) compressed = Gzip(page);
  Count(state, compressed);
}

BENCHMARK(StatusByState)->Unit(benchmark::kMillisecond);
BENCHMARK(StatusByCalls)->Unit(benchmark::kMillisecond);
BENCHMARK(StatusSearched)->Unit(benchmark::kMillisecond);
BENCHMARK(StatusCompressed)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace telnyx_exporter

BENCHMARK_MAIN();
