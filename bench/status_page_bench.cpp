// What the status page of 5,000 connections costs beside the exposition of the same connections.
//
//   cmake --preset release && cmake --build --preset release --target status_page_bench
//   build/release/status_page_bench

#include "pages/status_page.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/clock.h"
#include "base/gzip.h"
#include "metrics/account_store.h"
#include "metrics/connection_store.h"
#include "metrics/exporter_metrics.h"
#include "metrics/metrics_page.h"
#include "pages/connection_page.h"

namespace telnyx_exporter {
namespace {

constexpr std::uint32_t kConnections = 5000;

const std::vector<double>& Bounds() {
  static const std::vector<double> bounds = {5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400};
  return bounds;
}

class StoppedClock final : public Clock {
 public:
  Instant Now() const override { return Instant(std::chrono::hours(10)); }
  WallTime WallNow() const override { return WallTime(std::chrono::seconds(1'700'000'000)); }
};

// Connections of one account, each with an hour of history.
class Stores {
 public:
  Stores() {
    accounts_.OnAccountAdded(AccountKey{0}, {.name = "main"});
    for (std::uint32_t i = 0; i < kConnections; ++i) {
      const ConnectionKey key{i};
      const ConnectionPlan plan{.id = std::to_string(1'293'384'261'075'731'461 + i * 7919ULL),
                                .name = "line-" + std::to_string(i),
                                .stale_after = std::chrono::hours(1)};
      connections_.Add(key, "main", plan);
      accounts_.OnConnectionAdded(key, AccountKey{0}, plan);
      for (std::uint32_t minute = 0; minute < 60; ++minute) {
        Poll(key, clock_.Now() - std::chrono::minutes(59 - minute),
             20 + (i * 31 + minute * 17) % 90);
      }
    }
  }

  void Poll(ConnectionKey key, Instant ended, std::uint64_t legs) {
    CompletePoll poll;
    poll.summary.legs = legs;
    poll.summary.sessions = legs;
    poll.summary.longest_seconds = 4000;
    poll.summary.total_seconds = 100 * legs;
    poll.summary.bucket_counts.assign(Bounds().size() + 1, legs / 12);
    poll.duration_bounds = bounds_;
    poll.reported_legs = legs;
    poll.pages = 1;
    poll.longest_calls.resize(10);
    connections_.OnPollEnded(key, {.ended = ended,
                                   .ended_wall = clock_.WallNow(),
                                   .elapsed = std::chrono::milliseconds(120),
                                   .result = std::move(poll),
                                   .next_due = clock_.Now()});
  }

  std::string StatusPage(const StatusQuery& query) const {
    const Moment moment{.now = clock_.Now(), .wall = clock_.WallNow()};
    return RenderStatusPage(CollectStatus(connections_, accounts_, query, moment.now), facts_,
                            moment);
  }

  const Clock& clock() const { return clock_; }
  const ConnectionStore& connections() const { return connections_; }

 private:
  StoppedClock clock_;
  ConnectionStore connections_;
  AccountStore accounts_{clock_};
  DurationBounds bounds_ = std::make_shared<const std::vector<double>>(Bounds());
  ExporterFacts facts_{.telemetry_path = "/metrics"};
};

Stores& AllStores() {
  static Stores stores;
  return stores;
}

void Count(benchmark::State& state, const std::string& page) {
  state.counters["bytes"] = static_cast<double>(page.size());
}

void Status(benchmark::State& state, const StatusQuery& query) {
  std::string page;
  for (auto _ : state) page = AllStores().StatusPage(query);
  Count(state, page);
}

void StatusByState(benchmark::State& state) { Status(state, {}); }
void StatusByCalls(benchmark::State& state) {
  Status(state, {.sort = SortKey::kCalls, .order = SortOrder::kDescending, .page = 25});
}
void StatusSearched(benchmark::State& state) { Status(state, {.search = "-499"}); }

void StatusCompressed(benchmark::State& state) {
  const std::string page = AllStores().StatusPage({});
  std::string compressed;
  for (auto _ : state) compressed = Gzip(page);
  Count(state, compressed);
}

// Every connection's series written and joined, as at a scrape after all have been polled.
void MetricsWritten(benchmark::State& state) {
  const ExporterMetrics exporter({.version = "1", .revision = "2", .compiler = "3"});
  std::shared_ptr<const std::string> page;
  for (auto _ : state) {
    MetricsPage metrics(AllStores().connections(), exporter, AllStores().clock());
    page = metrics.Get(ExpositionFormat::kText);
  }
  Count(state, *page);
}

BENCHMARK(StatusByState)->Unit(benchmark::kMillisecond);
BENCHMARK(StatusByCalls)->Unit(benchmark::kMillisecond);
BENCHMARK(StatusSearched)->Unit(benchmark::kMillisecond);
BENCHMARK(StatusCompressed)->Unit(benchmark::kMillisecond);
BENCHMARK(MetricsWritten)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace telnyx_exporter

BENCHMARK_MAIN();
