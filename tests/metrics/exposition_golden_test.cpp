// A whole exposition in every format, as scrapers get it.

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "metrics/metrics_exposition.h"
#include "support/example_keys.h"
#include "support/golden.h"
#include "support/manual_clock.h"
#include "support/protobuf_exposition.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

const auto kThresholds =
    std::make_shared<const std::vector<std::uint32_t>>(std::vector<std::uint32_t>{300, 1800});
constexpr ConnectionKey kAnswering{0};
constexpr ConnectionKey kFailing{1};
constexpr ConnectionKey kUnpolled{2};

class ExpositionGoldenTest : public ::testing::Test {
 protected:
  void SetUp() override {
    exporter_.Update([&](ExporterState& state) {
      state.config_successful = true;
      state.config_loaded = clock_.WallNow();
      state.web_config_successful = true;
      state.api_key_readable["main"] = true;
      state.tls_certificate_expires = WallTime(1'800'000'000s);
    });
    exporter_.OnAccountAdded(kAccount, {.name = "main"});
    store_.OnAccountAdded(kAccount,
                          {.name = "main", .discovery = DiscoveryPlan{.refresh_interval = 5min}});
    store_.OnConnectionAdded(kAnswering, kAccount,
                             {.id = "1293384261075731461",
                              .name = "support",
                              .labels = {{"team", "voice \"gr\xc3\xbcn\" \\ 1"}},
                              .record_type = "call_control_application",
                              .stale_after = 45s,
                              .channel_limit = 100});
    store_.OnConnectionAdded(kFailing, kAccount,
                             {.id = "2", .name = "sales", .record_type = "credential_connection"});
    store_.OnConnectionAdded(kUnpolled, kAccount, {.id = "3", .name = "3"});
    Poll();
  }

  void Request(const RequestReport& report) {
    store_.OnRequestEnded(kAccount, report);
    exporter_.OnRequestEnded(kAccount, report);
  }

  // One connection answers, one fails, one was not polled yet.
  void Poll() {
    store_.OnPollBegun(kAnswering, 20ms);
    exporter_.OnPollBegun(kAnswering, 20ms);
    Request({.http_status = 200, .elapsed = 70ms, .body_bytes = 2345});
    store_.OnPollEnded(
        kAnswering,
        {.ended = clock_.Now(),
         .ended_wall = clock_.WallNow(),
         .elapsed = 80ms,
         .result = CompletePoll{.summary = {.legs = 7,
                                            .sessions = 5,
                                            .longest_seconds = 700,
                                            .total_seconds = 1492,
                                            .bucket_counts = {5, 0, 2},
                                            .duration_buckets = {{0, 2}, {45, 1}, {46, 1}, {76, 2}},
                                            .zero_seconds_legs = 1,
                                            .longer_than = {3, 0}},
                                .duration_bounds = kBounds,
                                .long_call_thresholds = kThresholds,
                                .reported_legs = 8,
                                .pages = 1},
         .changes = Changes(),
         .in_force = {.interval = 20s, .stale_after = 60s}});
    store_.OnPollBegun(kFailing, 0ms);
    exporter_.OnPollBegun(kFailing, 0ms);
    Request({.http_status = 0, .elapsed = 5s});
    store_.OnPollEnded(kFailing,
                       {.ended = clock_.Now(),
                        .ended_wall = clock_.WallNow(),
                        .elapsed = 10s,
                        .result = std::unexpected(PollFailure{.reason = FailureReason::kTimeout})});
    store_.OnBudgetChanged(
        kAccount, {.required_per_second = 0.2, .allowed_per_second = 10, .connections = 3});
    const DiscoveredConnections known;
    store_.OnDiscoveryEnded(kAccount,
                            {.ended_wall = clock_.WallNow(), .result = 0, .known = known});
  }

  static CallChanges Changes() {
    CallChanges changes{.started = 2,
                        .completed = DurationHistogram(kBounds),
                        .tracked = 7,
                        .started_estimated = 2.75};
    changes.completed.Add({.high = 0x428c31b67af44bcb, .low = 0xb68e5013ef9657c1}, 64.5);
    return changes;
  }

  // What the process itself shows differs each time.
  std::string Exposition(ExpositionFormat format, bool created = false) const {
    std::string out;
    WriteExposition(store_.Read(), exporter_, format, clock_.Now(),
                    {.process = false, .openmetrics_created = created}, out);
    return out;
  }

  ManualClock clock_;
  StateStore store_{clock_};
  ExporterMetrics exporter_{{.version = "1.2.3", .revision = "0123456789ab", .compiler = "cc 1"},
                            clock_.WallNow()};
};

TEST_F(ExpositionGoldenTest, Text) {
  const std::string text = Exposition(ExpositionFormat::kText);
  EXPECT_EQ(text, Golden("metrics/golden/exposition.prom", text));
}

TEST_F(ExpositionGoldenTest, OpenMetrics) {
  const std::string text = Exposition(ExpositionFormat::kOpenMetrics, true);
  EXPECT_EQ(text, Golden("metrics/golden/exposition.openmetrics", text));
}

TEST_F(ExpositionGoldenTest, Protobuf) {
  const std::string text = DecodeToText(ParseDelimited(Exposition(ExpositionFormat::kProtobuf)));
  EXPECT_EQ(text, Golden("metrics/golden/exposition.protobuf.txt", text));
}

}  // namespace
}  // namespace telnyx_exporter
