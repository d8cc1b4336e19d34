// A whole page of every format, as scrapers get it.

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "example_keys.h"
#include "metrics/metrics_page.h"
#include "metrics/poll_metrics.h"
#include "support/golden.h"
#include "support/manual_clock.h"
#include "support/protobuf_exposition.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

constexpr ConnectionKey kAnswering{0};
constexpr ConnectionKey kFailing{1};
constexpr ConnectionKey kUnpolled{2};

// What the process itself shows is another thing each time; it stands at the end.
constexpr std::string_view kFirstProcessMetric = "process_cpu_seconds";

class MetricsPageGoldenTest : public ::testing::Test {
 protected:
  void SetUp() override {
    exporter_.NoteConfigLoaded(clock_.WallNow());
    metrics_.OnAccountAdded(kAccount, {.name = "main"});
    metrics_.OnConnectionAdded(kAnswering, kAccount,
                               {.id = "1293384261075731461",
                                .name = "support",
                                .labels = {{"team", "voice \"gr\xc3\xbcn\" \\ 1"}},
                                .record_type = "call_control_application",
                                .stale_after = 45s,
                                .channel_limit = 100});
    metrics_.OnConnectionAdded(
        kFailing, kAccount, {.id = "2", .name = "sales", .record_type = "credential_connection"});
    metrics_.OnConnectionAdded(kUnpolled, kAccount, {.id = "3", .name = "3"});
    Poll();
  }

  // One connection answers, one fails, one was not polled yet.
  void Poll() {
    metrics_.OnPollBegun(kAnswering, 20ms);
    metrics_.OnRequestEnded(kAccount, {.http_status = 200, .elapsed = 70ms, .body_bytes = 2345});
    metrics_.OnPollEnded(
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
                                            .zero_seconds_legs = 1},
                                .duration_bounds = kBounds,
                                .reported_legs = 8,
                                .pages = 1}});
    metrics_.OnPollBegun(kFailing, 0ms);
    metrics_.OnRequestEnded(kAccount, {.http_status = 0, .elapsed = 5s});
    metrics_.OnPollEnded(
        kFailing, {.ended = clock_.Now(),
                   .ended_wall = clock_.WallNow(),
                   .elapsed = 10s,
                   .result = std::unexpected(PollFailure{.reason = FailureReason::kTimeout})});
  }

  std::string TextWithoutProcess(ExpositionFormat format) {
    const std::string page = *page_.Get(format);
    return page.substr(0, page.find("# HELP " + std::string(kFirstProcessMetric)));
  }

  ManualClock clock_;
  ConnectionStore store_;
  ExporterMetrics exporter_{{.version = "1.2.3", .revision = "0123456789ab", .compiler = "cc 1"}};
  PollMetrics metrics_{store_, exporter_};
  MetricsPage page_{store_, exporter_, clock_};
};

TEST_F(MetricsPageGoldenTest, Text) {
  const std::string page = TextWithoutProcess(ExpositionFormat::kText);
  EXPECT_EQ(page, Golden("metrics/golden/page.prom", page));
}

TEST_F(MetricsPageGoldenTest, OpenMetrics) {
  const std::string page = TextWithoutProcess(ExpositionFormat::kOpenMetrics) + "# EOF\n";
  EXPECT_EQ(page, Golden("metrics/golden/page.openmetrics", page));
}

TEST_F(MetricsPageGoldenTest, Protobuf) {
  MetricFamilies families = ParseDelimited(*page_.Get(ExpositionFormat::kProtobuf));
  std::erase_if(families, [](const auto& family) { return family.name().starts_with("process_"); });
  const std::string page = DecodeToText(families);
  EXPECT_EQ(page, Golden("metrics/golden/page.protobuf.txt", page));
}

}  // namespace
}  // namespace telnyx_exporter
