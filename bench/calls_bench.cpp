// What it costs to sum up a complete poll, to pick its longest calls and to compare it with the one
// before, in the steady state: each poll comes 15 seconds after the last, and 5 % of its calls are
// new.
//
//   build/release/calls_bench

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "calls/call_rows.h"
#include "calls/call_summary.h"
#include "calls/call_tracker.h"

namespace telnyx_exporter {
namespace {

constexpr std::uint32_t kInterval = 15;  // seconds
const IdFingerprint kFingerprint(0x3c6ef372fe94f82b);
const std::vector<double> kBounds = {5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400};
const std::vector<std::uint32_t> kThresholds = {300, 1800, 14400};

// Made from the time, as the API makes them: the ids of one moment differ in few bits.
CallId MakeId(std::uint64_t tick) {
  return {.high = (tick & 0xffffffffU) << 32U | 0xf9e011ea,
          .low = 0xb68e02420a0f7768 ^ (tick >> 32U)};
}

class Calls {
 public:
  explicit Calls(std::size_t count) {
    while (calls_.size() < count) Add();
  }

  const std::vector<ActiveCall>& calls() const { return calls_; }

  void PassInterval() {
    const std::size_t count = calls_.size();
    std::erase_if(calls_, [this](const ActiveCall&) { return random_() % 20 == 0; });
    for (ActiveCall& call : calls_) call.duration_seconds += kInterval;
    while (calls_.size() < count) Add();
  }

 private:
  void Add() {
    const auto duration = static_cast<std::uint32_t>(random_() % kInterval);
    calls_.push_back({.leg = MakeId(tick_ += 1 + random_() % 1000),
                      .session = MakeId(tick_ / 4096),
                      .duration_seconds = duration,
                      .has_session = true});
  }

  std::vector<ActiveCall> calls_;
  std::uint64_t tick_ = 0;
  std::mt19937_64 random_{1};
};

void Report(benchmark::State& state) {
  const auto calls = static_cast<double>(state.range(0));
  state.counters["per_call"] = benchmark::Counter(
      calls, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void Summarize(benchmark::State& state) {
  Calls world(static_cast<std::size_t>(state.range(0)));
  CallSummarizer summarizer(kBounds, kThresholds);
  SortedLegs legs(kFingerprint);
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    world.PassInterval();
    CallRows rows(world.calls());
    state.ResumeTiming();
    legs.Assign(std::move(rows));
    benchmark::DoNotOptimize(summarizer.Summarize(legs));
  }
  Report(state);
}

void Longest(benchmark::State& state) {
  const Calls world(static_cast<std::size_t>(state.range(0)));
  for ([[maybe_unused]] auto _ : state) {
    LongestCalls longest;
    longest.Add(world.calls());
    benchmark::DoNotOptimize(longest.Sorted());
  }
  Report(state);
}

void SummarizeAndTrack(benchmark::State& state) {
  Calls world(static_cast<std::size_t>(state.range(0)));
  CallSummarizer summarizer(kBounds, kThresholds);
  SortedLegs legs(kFingerprint);
  CallTracker tracker;
  SpareLegBlocks spare;
  Instant now{};
  const auto bounds = std::make_shared<const std::vector<double>>(kBounds);
  std::optional<CallChanges> changes;
  CallRows rows;
  const auto poll = [&] {
    legs.Assign(std::exchange(rows, {}));
    benchmark::DoNotOptimize(summarizer.Summarize(legs));
    changes = tracker.Update(legs, now, std::chrono::seconds(kInterval), bounds, spare);
  };
  for (int i = 0; i < 3; ++i) {
    rows = CallRows(world.calls());
    poll();
  }
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    world.PassInterval();
    now += std::chrono::seconds(kInterval);
    rows = CallRows(world.calls());
    state.ResumeTiming();
    poll();
    benchmark::DoNotOptimize(changes);
  }
  Report(state);
}

BENCHMARK(Summarize)->Arg(10'000)->Arg(250'000)->Unit(benchmark::kMillisecond);
BENCHMARK(Longest)->Arg(10'000)->Arg(250'000)->Unit(benchmark::kMillisecond);
BENCHMARK(SummarizeAndTrack)->Arg(10'000)->Arg(250'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace telnyx_exporter

BENCHMARK_MAIN();
