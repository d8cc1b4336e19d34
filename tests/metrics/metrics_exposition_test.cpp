#include "metrics/metrics_exposition.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/example_keys.h"
#include "support/gunzip.h"
#include "support/manual_clock.h"
#include "support/protobuf_exposition.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr ExpositionFormat kText = ExpositionFormat::kText;
constexpr ExpositionFormat kOpenMetrics = ExpositionFormat::kOpenMetrics;
constexpr ExpositionFormat kProtobuf = ExpositionFormat::kProtobuf;
constexpr ConnectionKey kFirst{0};
constexpr ConnectionKey kSecond{1};

class MetricsExpositionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_.OnAccountAdded(kAccount, {.name = "main"});
    exporter_.OnAccountAdded(kAccount, {.name = "main"});
    store_.OnConnectionAdded(kFirst, kAccount, Plan("1293384261075731461", "support"));
    store_.OnConnectionAdded(kSecond, kAccount, Plan("2", "sales"));
  }

  static ConnectionPlan Plan(std::string id, std::string name) {
    return {.id = std::move(id),
            .name = std::move(name),
            .labels = {{"team", "voice"}},
            .interval = 15s,
            .timeout = 10s,
            .stale_after = 45s,
            .peak_window = 1min,
            .channel_limit = 100};
  }

  void Complete(ConnectionKey key, std::uint64_t legs) {
    store_.OnPollBegun(key, 0ms);
    store_.OnPollEnded(key,
                       {.ended = clock_.Now(),
                        .ended_wall = clock_.WallNow(),
                        .elapsed = 250ms,
                        .result = CompletePoll{.summary = {.legs = legs,
                                                           .sessions = legs - 1,
                                                           .longest_seconds = 700,
                                                           .total_seconds = 1000,
                                                           .bucket_counts = {legs - 1, 0, 1},
                                                           .duration_buckets = {{0, 1}, {76, 1}},
                                                           .zero_seconds_legs = legs - 2},
                                               .duration_bounds = kBounds,
                                               .reported_legs = legs + 1,
                                               .pages = 3}});
  }

  void Change(ConnectionKey key, std::uint64_t started, const std::vector<double>& completed,
              std::vector<double> bounds = {60, 600}) {
    CallChanges changes{
        .started = started,
        .completed = DurationHistogram(std::make_shared<const std::vector<double>>(bounds))};
    for (const double seconds : completed) changes.completed.Add({.high = 0x1000}, seconds);
    store_.OnPollEnded(key, {.ended = clock_.Now(),
                             .ended_wall = clock_.WallNow(),
                             .result = CompletePoll{.summary = {.bucket_counts = {0, 0, 0}},
                                                    .duration_bounds = kBounds},
                             .changes = changes});
  }

  void Fail(ConnectionKey key, FailureReason reason) {
    store_.OnPollBegun(key, 0ms);
    store_.OnPollEnded(key, {.ended = clock_.Now(),
                             .ended_wall = clock_.WallNow(),
                             .elapsed = 1s,
                             .result = std::unexpected(PollFailure{.reason = reason})});
  }

  std::string Exposition(ExpositionFormat format = kText,
                         const ExpositionOptions& options = {}) const {
    std::string out;
    WriteExposition(store_.Read(), exporter_, format, clock_.Now(), options, out);
    return out;
  }

  ManualClock clock_;
  StateStore store_{clock_};
  ExporterMetrics exporter_{{.version = "1.2.3", .revision = "abc", .compiler = "cc"},
                            clock_.WallNow()};
  // Without the process, whose values are others each time.
  MetricsExposition cache_{store_, exporter_, clock_, {.process = false}};
};

const std::string kSupport =
    R"({account="main",connection_id="1293384261075731461",connection_name="support",team="voice")";

TEST_F(MetricsExpositionTest, ShowsNoValuesBeforeTheFirstPoll) {
  const std::string text = Exposition();
  EXPECT_THAT(text, Not(HasSubstr("telnyx_active_calls")));
  EXPECT_THAT(text, Not(HasSubstr("telnyx_connection_last_success_timestamp_seconds")));
  EXPECT_THAT(text, HasSubstr("telnyx_connection_up" + kSupport + "} 0\n"));
  EXPECT_THAT(text, HasSubstr("telnyx_polls_total" + kSupport + "} 0\n"));
}

TEST_F(MetricsExpositionTest, ShowsACompletePoll) {
  Complete(kFirst, 5);
  const std::string text = Exposition();
  for (const std::string& line : {
           "telnyx_active_calls" + kSupport + "} 5\n",
           "telnyx_active_call_sessions" + kSupport + "} 4\n",
           "telnyx_active_calls_peak" + kSupport + "} 5\n",
           "telnyx_active_call_duration_seconds_bucket" + kSupport + ",le=\"60\"} 4\n",
           "telnyx_active_call_duration_seconds_bucket" + kSupport + ",le=\"600\"} 4\n",
           "telnyx_active_call_duration_seconds_bucket" + kSupport + ",le=\"+Inf\"} 5\n",
           "telnyx_active_call_duration_seconds_sum" + kSupport + "} 1000\n",
           "telnyx_active_call_duration_seconds_count" + kSupport + "} 5\n",
           "telnyx_longest_active_call_duration_seconds" + kSupport + "} 700\n",
           "telnyx_reported_active_calls" + kSupport + "} 6\n",
           "telnyx_connection_info" + kSupport + ",source=\"configured\"} 1\n",
           "telnyx_connection_channel_limit" + kSupport + ",direction=\"configured\"} 100\n",
           "telnyx_connection_up" + kSupport + "} 1\n",
           "telnyx_connection_last_success_timestamp_seconds" + kSupport + "} 1700000000\n",
           "telnyx_connection_poll_duration_seconds" + kSupport + "} 0.25\n",
           "telnyx_connection_poll_pages" + kSupport + "} 3\n",
           "telnyx_polls_total" + kSupport + "} 1\n",
           "telnyx_poll_failures_total" + kSupport + "} 0\n",
           "telnyx_poll_item_mismatches_total" + kSupport + "} 1\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("telnyx_connection_failure_info")));
}

TEST_F(MetricsExpositionTest, LeavesOutSessionsThatAreNotKnown) {
  store_.OnPollEnded(
      kFirst, {.ended = clock_.Now(),
               .ended_wall = clock_.WallNow(),
               .elapsed = 1s,
               .result = CompletePoll{
                   .summary = {.legs = 1, .sessions = std::nullopt, .bucket_counts = {1, 0, 0}},
                   .duration_bounds = kBounds}});
  EXPECT_THAT(Exposition(), Not(HasSubstr("telnyx_active_call_sessions")));
  EXPECT_THAT(Exposition(), Not(HasSubstr("telnyx_reported_active_calls")));
}

TEST_F(MetricsExpositionTest, KeepsTheLastValuesAfterAFailureUntilTheyAreStale) {
  Complete(kFirst, 5);
  clock_.Advance(15s);
  Fail(kFirst, FailureReason::kTimeout);
  EXPECT_THAT(Exposition(), HasSubstr("telnyx_active_calls" + kSupport + "} 5\n"));
  EXPECT_THAT(Exposition(), HasSubstr("telnyx_connection_up" + kSupport + "} 0\n"));
  EXPECT_THAT(Exposition(),
              HasSubstr("telnyx_connection_failure_info" + kSupport + ",reason=\"timeout\"} 1\n"));
  clock_.Advance(29s + 999ms);
  EXPECT_THAT(Exposition(), HasSubstr("telnyx_active_calls" + kSupport));
  clock_.Advance(1ms);
  EXPECT_THAT(Exposition(), Not(HasSubstr("telnyx_active_call")));
  EXPECT_THAT(Exposition(), Not(HasSubstr("telnyx_reported_active_calls")));
  EXPECT_THAT(Exposition(), HasSubstr("telnyx_connection_last_success_timestamp_seconds" +
                                      kSupport + "} 1700000000\n"));
}

TEST_F(MetricsExpositionTest, LetsValuesExpireWithoutAnyEvent) {
  Complete(kFirst, 5);
  EXPECT_THAT(Exposition(), HasSubstr("telnyx_active_calls"));
  clock_.Advance(45s);
  EXPECT_THAT(Exposition(), Not(HasSubstr("telnyx_active_calls")));
}

TEST_F(MetricsExpositionTest, IsNotUpWithoutValues) {
  Complete(kFirst, 5);
  EXPECT_THAT(Exposition(), HasSubstr("telnyx_connection_up" + kSupport + "} 1\n"));
  clock_.Advance(45s);
  EXPECT_THAT(Exposition(), HasSubstr("telnyx_connection_up" + kSupport + "} 0\n"));
}

TEST_F(MetricsExpositionTest, ShowsValuesAgainAfterARecovery) {
  Complete(kFirst, 5);
  clock_.Advance(1min);
  Fail(kFirst, FailureReason::kConnect);
  EXPECT_THAT(Exposition(), Not(HasSubstr("telnyx_active_calls")));
  Complete(kFirst, 7);
  EXPECT_THAT(Exposition(), HasSubstr("telnyx_active_calls" + kSupport + "} 7\n"));
  EXPECT_THAT(Exposition(), Not(HasSubstr("telnyx_connection_failure_info")));
}

TEST_F(MetricsExpositionTest, ShowsThePeakAsLongAsItIsWithinTheWindow) {
  Complete(kFirst, 90);
  clock_.Advance(15s);
  Complete(kFirst, 50);
  clock_.Advance(15s);
  Complete(kFirst, 7);
  EXPECT_THAT(Exposition(), HasSubstr("telnyx_active_calls_peak" + kSupport + "} 90\n"));
  clock_.Advance(30s - 1ms);
  EXPECT_THAT(Exposition(), HasSubstr("telnyx_active_calls_peak" + kSupport + "} 90\n"));
  // Nothing has happened but that time went on.
  clock_.Advance(1ms);
  EXPECT_THAT(Exposition(), HasSubstr("telnyx_active_calls_peak" + kSupport + "} 50\n"));
  EXPECT_THAT(Exposition(), HasSubstr("telnyx_active_calls" + kSupport + "} 7\n"));
  // It goes with the values that it belongs to.
  clock_.Advance(15s);
  EXPECT_THAT(Exposition(), Not(HasSubstr("telnyx_active_calls")));
}

TEST_F(MetricsExpositionTest, NeverShowsAPeakBelowThePresentCount) {
  store_.OnConnectionChanged(kFirst,
                             {.id = "1", .name = "1", .stale_after = 1h, .peak_window = 1s});
  Complete(kFirst, 5);
  clock_.Advance(30min);
  EXPECT_THAT(Exposition(),
              HasSubstr("telnyx_active_calls_peak{account=\"main\",connection_id=\"1\","
                        "connection_name=\"1\"} 5\n"));
}

TEST_F(MetricsExpositionTest, CountsWhatHappensBetweenPollsFromTheFirstCompleteOneOn) {
  Fail(kFirst, FailureReason::kTimeout);
  EXPECT_THAT(Exposition(), Not(HasSubstr("telnyx_calls_started_total" + kSupport)));
  EXPECT_THAT(Exposition(), Not(HasSubstr("telnyx_completed_call_duration_seconds")));
  Change(kFirst, 0, {});
  EXPECT_THAT(Exposition(), HasSubstr("telnyx_calls_started_total" + kSupport + "} 0\n"));
  EXPECT_THAT(Exposition(),
              HasSubstr("telnyx_completed_call_duration_seconds_count" + kSupport + "} 0\n"));
  Change(kFirst, 3, {59.5, 60.5});
  Fail(kFirst, FailureReason::kTimeout);
  Change(kFirst, 2, {700});
  // Counters stay when values are not known any more.
  clock_.Advance(1h);
  const std::string text = Exposition();
  const std::string durations = "telnyx_completed_call_duration_seconds";
  for (const std::string& line : {
           "telnyx_calls_started_total" + kSupport + "} 5\n",
           durations + "_bucket" + kSupport + ",le=\"60\"} 1\n",
           durations + "_bucket" + kSupport + ",le=\"600\"} 2\n",
           durations + "_bucket" + kSupport + ",le=\"+Inf\"} 3\n",
           durations + "_sum" + kSupport + "} 820\n",
           durations + "_count" + kSupport + "} 3\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST_F(MetricsExpositionTest, BeginsCompletedCallsAnewUnderOtherBuckets) {
  Change(kFirst, 3, {59.5, 60.5});
  Change(kFirst, 1, {12, 13}, {10, 12.5, 15});
  const std::string text = Exposition();
  const std::string durations = "telnyx_completed_call_duration_seconds";
  EXPECT_THAT(text, HasSubstr(durations + "_bucket" + kSupport + ",le=\"12.5\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(durations + "_count" + kSupport + "} 2\n"));
  EXPECT_THAT(text, HasSubstr("telnyx_calls_started_total" + kSupport + "} 4\n"));
}

TEST_F(MetricsExpositionTest, WritesEachHeaderOnce) {
  Complete(kFirst, 5);
  Complete(kSecond, 6);
  const std::string text = Exposition();
  const std::size_t first = text.find("# TYPE telnyx_active_calls gauge\n");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find("# TYPE telnyx_active_calls gauge\n", first + 1), std::string::npos);
}

TEST_F(MetricsExpositionTest, ShowsTheSameInOpenMetrics) {
  Complete(kFirst, 5);
  const std::string text = Exposition(kOpenMetrics);
  for (const std::string& lines : {
           std::string("# TYPE telnyx_active_call_duration_seconds gaugehistogram\n"
                       "# UNIT telnyx_active_call_duration_seconds seconds\n"),
           "telnyx_active_calls" + kSupport + "} 5\n",
           "telnyx_active_call_duration_seconds_bucket" + kSupport + ",le=\"60.0\"} 4\n",
           "telnyx_active_call_duration_seconds_gsum" + kSupport + "} 1000\n",
           "telnyx_active_call_duration_seconds_gcount" + kSupport + "} 5\n",
           std::string("# TYPE telnyx_polls counter\n"),
           "telnyx_polls_total" + kSupport + "} 1\n",
           std::string("telnyx_exporter_poll_lag_seconds_bucket{le=\"0.01\"} 0\n"),
           std::string("# TYPE process_cpu_seconds counter\n# UNIT process_cpu_seconds seconds\n"),
       }) {
    EXPECT_THAT(text, HasSubstr(lines));
  }
  EXPECT_TRUE(text.ends_with("\n# EOF\n"));
}

TEST_F(MetricsExpositionTest, ShowsNativeBucketsInProtobuf) {
  Complete(kFirst, 5);
  Complete(kSecond, 2);
  const MetricFamilies families = ParseDelimited(Exposition(kProtobuf));
  const auto family = std::ranges::find_if(families, [](const auto& candidate) {
    return candidate.name() == "telnyx_active_call_duration_seconds";
  });
  ASSERT_NE(family, families.end());
  EXPECT_EQ(family->type(), io::prometheus::client::GAUGE_HISTOGRAM);
  ASSERT_EQ(family->metric_size(), 2);
  const auto& histogram = family->metric(0).histogram();
  EXPECT_EQ(histogram.sample_count(), 5U);
  EXPECT_EQ(histogram.bucket_size(), 2);
  EXPECT_EQ(histogram.schema(), 3);
  EXPECT_EQ(histogram.zero_count(), 3U);
  ASSERT_EQ(histogram.positive_span_size(), 2);
  EXPECT_EQ(histogram.positive_span(1).offset(), 75);
}

TEST_F(MetricsExpositionTest, LeavesOutExpiredValuesInEveryFormat) {
  Complete(kFirst, 5);
  for (const ExpositionFormat format : kExpositionFormats) {
    EXPECT_THAT(Exposition(format), HasSubstr("telnyx_active_calls"));
  }
  clock_.Advance(45s);
  for (const ExpositionFormat format : kExpositionFormats) {
    EXPECT_THAT(Exposition(format), Not(HasSubstr("telnyx_active_calls")));
    EXPECT_THAT(Exposition(format), HasSubstr("telnyx_connection_up"));
  }
}

TEST_F(MetricsExpositionTest, SkipsAPlaceWithoutAConnection) {
  constexpr ConnectionKey kFourth{3};
  store_.OnConnectionAdded(kFourth, kAccount, Plan("4", "fourth"));
  Complete(kFourth, 5);
  for (const ExpositionFormat format : kExpositionFormats) {
    EXPECT_THAT(Exposition(format), HasSubstr("fourth"));
    EXPECT_THAT(Exposition(format), Not(HasSubstr("connection_id=\"\"")));
  }
  const MetricFamilies families = ParseDelimited(Exposition(kProtobuf));
  EXPECT_EQ(families.front().name(), "telnyx_active_calls");
  EXPECT_EQ(families.front().metric_size(), 1);
}

TEST_F(MetricsExpositionTest, NeverShowsAPartOfAPoll) {
  std::atomic<bool> stop = false;
  Complete(kFirst, 2);
  std::thread poller([&] {
    for (std::uint64_t legs = 2; !stop; ++legs) Complete(kFirst, 2 + legs % 1000);
  });
  for (int i = 0; i < 200; ++i) {
    const std::string text = Exposition();
    const auto value = [&](const std::string& series) {
      const std::size_t at = text.find(series);
      return at == std::string::npos ? -1 : std::stoi(text.substr(at + series.size()));
    };
    const int legs = value("telnyx_active_calls" + kSupport + "} ");
    ASSERT_GE(legs, 2);
    EXPECT_EQ(value("telnyx_active_call_duration_seconds_count" + kSupport + "} "), legs);
    EXPECT_EQ(value("telnyx_active_call_sessions" + kSupport + "} "), legs - 1);
  }
  stop = true;
  poller.join();
}

TEST_F(MetricsExpositionTest, LosesARemovedConnectionAndShowsANewOneInItsPlace) {
  Complete(kFirst, 5);
  EXPECT_THAT(Exposition(), HasSubstr("telnyx_active_calls" + kSupport + "} 5\n"));
  store_.OnConnectionRemoved(kFirst);
  EXPECT_THAT(Exposition(), Not(HasSubstr(kSupport)));
  store_.OnConnectionAdded(kFirst, kAccount, {.id = "9", .name = "new"});
  const std::string text = Exposition();
  EXPECT_THAT(text, HasSubstr("telnyx_polls_total{account=\"main\",connection_id=\"9\","
                              "connection_name=\"new\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("telnyx_active_calls{account=\"main\",connection_id=\"9\"")));
}

TEST_F(MetricsExpositionTest, KeepsTheStateOfAConnectionThatGetsAnotherName) {
  Complete(kFirst, 5);
  store_.OnConnectionChanged(kFirst, {.id = "1", .name = "renamed", .stale_after = 45s});
  const std::string text = Exposition();
  EXPECT_THAT(text, Not(HasSubstr(kSupport)));
  EXPECT_THAT(text, HasSubstr("telnyx_active_calls{account=\"main\",connection_id=\"1\","
                              "connection_name=\"renamed\"} 5\n"));
}

TEST_F(MetricsExpositionTest, KeepsValuesForAsLongAsTheNewPlanSays) {
  Complete(kFirst, 5);
  store_.OnConnectionChanged(kFirst, {.id = "1", .name = "support", .stale_after = 1min});
  clock_.Advance(59s);
  EXPECT_THAT(Exposition(), HasSubstr("telnyx_active_calls{"));
  clock_.Advance(1s);
  EXPECT_THAT(Exposition(), Not(HasSubstr("telnyx_active_calls{")));
  store_.OnConnectionChanged(kFirst, {.id = "1", .name = "support", .stale_after = 2min});
  EXPECT_THAT(Exposition(), Not(HasSubstr("telnyx_active_calls{")));
  Complete(kFirst, 5);
  store_.OnConnectionChanged(kFirst, {.id = "1", .name = "support", .stale_after = 20s});
  clock_.Advance(20s);
  EXPECT_THAT(Exposition(), Not(HasSubstr("telnyx_active_calls{")));
}

TEST_F(MetricsExpositionTest, ShowsHowManyActiveCallsHaveLastedLong) {
  CompletePoll poll{.summary = {.legs = 7, .bucket_counts = {7, 0, 0}, .longer_than = {3, 1}},
                    .duration_bounds = kBounds,
                    .long_call_thresholds = std::make_shared<const std::vector<std::uint32_t>>(
                        std::vector<std::uint32_t>{300, 1800})};
  EXPECT_THAT(Exposition(), Not(HasSubstr("telnyx_active_calls_longer_than")));
  store_.OnPollEnded(kFirst, {.ended = clock_.Now(), .result = poll});
  const std::string name = "telnyx_active_calls_longer_than" + kSupport;
  for (const ExpositionFormat format : {kText, kOpenMetrics}) {
    EXPECT_THAT(Exposition(format), HasSubstr(name + ",seconds=\"300\"} 3\n"));
    EXPECT_THAT(Exposition(format), HasSubstr(name + ",seconds=\"1800\"} 1\n"));
  }
  clock_.Advance(45s);
  EXPECT_THAT(Exposition(), Not(HasSubstr("telnyx_active_calls_longer_than")));
}

TEST_F(MetricsExpositionTest, ShowsTheIntervalInForce) {
  const std::string name = "telnyx_connection_interval_seconds" + kSupport;
  EXPECT_THAT(Exposition(), HasSubstr(name + "} 15\n"));
  store_.OnIntervalChanged(kFirst, {.interval = 22500ms, .stale_after = 67500ms});
  EXPECT_THAT(Exposition(), HasSubstr(name + "} 22.5\n"));
}

TEST_F(MetricsExpositionTest, ShowsEstimatedStartsFromTheFirstCompletePollOn) {
  EXPECT_THAT(Exposition(), Not(HasSubstr("telnyx_calls_started_estimated_total")));
  store_.OnPollEnded(
      kFirst,
      {.ended = clock_.Now(),
       .result = CompletePoll{.summary = {.bucket_counts = {0, 0, 0}}, .duration_bounds = kBounds},
       .changes = CallChanges{.completed = DurationHistogram(kBounds), .started_estimated = 2.5}});
  EXPECT_THAT(Exposition(),
              HasSubstr("telnyx_calls_started_estimated_total" + kSupport + "} 2.5\n"));
}

TEST_F(MetricsExpositionTest, LeavesOutTheProcessOnRequest) {
  for (const ExpositionFormat format : kExpositionFormats) {
    EXPECT_THAT(Exposition(format), HasSubstr("process_"));
    EXPECT_THAT(Exposition(format, {.process = false}), Not(HasSubstr("process_")));
  }
}

TEST_F(MetricsExpositionTest, WritesCreationTimesInOpenMetricsOnRequestOnly) {
  EXPECT_THAT(Exposition(kOpenMetrics), Not(HasSubstr("_created")));
  clock_.Advance(1h);
  Change(kFirst, 1, {10});
  exporter_.CountWebRequest("/metrics", 200);
  const ExpositionOptions options{.openmetrics_created = true};
  const std::string text = Exposition(kOpenMetrics, options);
  for (const std::string& line : {
           "telnyx_polls_created" + kSupport + "} 1700000000\n",
           "telnyx_calls_started_created" + kSupport + "} 1700003600\n",
           "telnyx_completed_call_duration_seconds_created" + kSupport + "} 1700003600\n",
           std::string("telnyx_api_retries_created{account=\"main\"} 1700000000\n"),
           std::string("telnyx_exporter_web_requests_created{code=\"200\",handler=\"/metrics\"} "
                       "1700000000\n"),
           std::string("telnyx_exporter_poll_lag_seconds_created 1700000000\n"),
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, HasSubstr("process_cpu_seconds_created "));
  // What can shrink has none.
  EXPECT_THAT(text, Not(HasSubstr("telnyx_active_call_duration_seconds_created")));
  EXPECT_THAT(text, Not(HasSubstr("process_open_fds_created")));
  EXPECT_THAT(Exposition(kText, options), Not(HasSubstr("_created")));
}

TEST_F(MetricsExpositionTest, GivesCompletedCallsANewStartUnderOtherBuckets) {
  Change(kFirst, 1, {10});
  clock_.Advance(1h);
  Change(kFirst, 1, {10}, {10, 20});
  const std::string text = Exposition(kOpenMetrics, {.openmetrics_created = true});
  EXPECT_THAT(text, HasSubstr("telnyx_completed_call_duration_seconds_created" + kSupport +
                              "} 1700003600\n"));
  EXPECT_THAT(text, HasSubstr("telnyx_calls_started_created" + kSupport + "} 1700000000\n"));
}

TEST_F(MetricsExpositionTest, HoldsUntilTheFirstValuesAreStale) {
  const auto holds_until = [&] {
    std::string out;
    return WriteExposition(store_.Read(), exporter_, kText, clock_.Now(), {}, out);
  };
  EXPECT_EQ(holds_until(), Instant::max());
  const Instant begin = clock_.Now();
  Complete(kFirst, 5);
  clock_.Advance(10s);
  Complete(kSecond, 5);
  EXPECT_EQ(holds_until(), begin + 45s);
  clock_.Advance(35s);
  EXPECT_EQ(holds_until(), begin + 55s);
}

// The cache.

TEST_F(MetricsExpositionTest, ShowsARefusedReloadAtOnce) {
  exporter_.Update([](ExporterState& state) { state.config_successful = true; });
  const std::string name = "telnyx_exporter_config_last_reload_successful ";
  EXPECT_THAT(*cache_.Get(kText), HasSubstr(name + "1\n"));
  exporter_.Update([](ExporterState& state) { state.config_successful = false; });
  EXPECT_THAT(*cache_.Get(kText), HasSubstr(name + "0\n"));
}

TEST_F(MetricsExpositionTest, IsSharedForASecond) {
  Complete(kFirst, 5);
  Complete(kSecond, 5);
  for (const ExpositionFormat format : kExpositionFormats) {
    const auto body = cache_.Get(format);
    const auto gzipped = cache_.GetGzipped(format);
    EXPECT_EQ(Gunzip(*gzipped), *body);
    EXPECT_THAT(*body, HasSubstr("telnyx_active_calls"));
    Complete(kFirst, 6);
    clock_.Advance(1s - 1ns);
    EXPECT_EQ(cache_.Get(format), body);
    EXPECT_EQ(cache_.GetGzipped(format), gzipped);
    clock_.Advance(1ns);
    EXPECT_NE(cache_.Get(format), body);
    EXPECT_EQ(Gunzip(*cache_.GetGzipped(format)), *cache_.Get(format));
  }
}

TEST_F(MetricsExpositionTest, IsNotSharedPastTheEndOfItsValues) {
  Complete(kFirst, 5);
  clock_.Advance(45s - 1ns);
  EXPECT_THAT(*cache_.Get(kText), HasSubstr("telnyx_active_calls"));
  EXPECT_THAT(Gunzip(*cache_.GetGzipped(kText)), HasSubstr("telnyx_active_calls"));
  clock_.Advance(1ns);
  EXPECT_THAT(*cache_.Get(kText), Not(HasSubstr("telnyx_active_calls")));
  EXPECT_THAT(Gunzip(*cache_.GetGzipped(kText)), Not(HasSubstr("telnyx_active_calls")));
}

TEST_F(MetricsExpositionTest, ShowsWhatWasReconfiguredAtOnce) {
  Complete(kFirst, 5);
  EXPECT_THAT(*cache_.Get(kText), HasSubstr(kSupport));
  store_.OnConnectionChanged(kFirst, Plan("1", "renamed"));
  EXPECT_THAT(*cache_.Get(kText), HasSubstr("connection_name=\"renamed\""));
  store_.OnIntervalChanged(kFirst, {.interval = 1s, .stale_after = 3s});
  EXPECT_THAT(*cache_.Get(kText), HasSubstr("telnyx_active_calls"));
  store_.OnConnectionRemoved(kFirst);
  EXPECT_THAT(*cache_.Get(kText), Not(HasSubstr("telnyx_active_calls")));
}

TEST_F(MetricsExpositionTest, ShowsEveryConnectionOnceTheExporterIsReady) {
  Complete(kFirst, 5);
  EXPECT_THAT(*cache_.Get(kText),
              Not(HasSubstr("telnyx_active_calls{account=\"main\",connection_id=\"2\"")));
  Complete(kSecond, 6);
  ASSERT_TRUE(store_.ready());
  EXPECT_THAT(*cache_.Get(kText),
              HasSubstr("telnyx_active_calls{account=\"main\",connection_id=\"2\""));
}

TEST_F(MetricsExpositionTest, UsesTheMemoryOfAnEarlierBodyAgain) {
  const char* memory = cache_.Get(kText)->data();
  clock_.Advance(1s);
  EXPECT_EQ(cache_.Get(kText)->data(), memory);
  // Not while somebody still reads it.
  const auto read = cache_.Get(kText);
  const std::string copy = *read;
  clock_.Advance(1s);
  EXPECT_NE(cache_.Get(kText)->data(), memory);
  EXPECT_EQ(*read, copy);
}

TEST_F(MetricsExpositionTest, IsTheSamePieceByPiece) {
  for (int i = 2; i < 500; ++i) {
    const ConnectionKey key{static_cast<std::uint32_t>(i)};
    store_.OnConnectionAdded(key, kAccount, Plan(std::to_string(i), "sales"));
    Complete(key, 5);
  }
  const ExpositionOptions options{.process = false};
  for (const ExpositionFormat format : kExpositionFormats) {
    std::string whole;
    std::vector<std::string> pieces;
    const Instant holds_until =
        WriteExposition(store_.Read(), exporter_, format, clock_.Now(), options, whole);
    EXPECT_EQ(WriteExposition(store_.Read(), exporter_, format, clock_.Now(), options,
                              [&](std::string_view piece) { pieces.emplace_back(piece); }),
              holds_until);
    EXPECT_GT(pieces.size(), 3);
    std::string joined;
    for (const std::string& piece : pieces) joined += piece;
    EXPECT_EQ(joined, whole);
  }
}

TEST_F(MetricsExpositionTest, LetsReadersKeepABodyLongerThanItself) {
  MetricsExposition::Body body;
  {
    MetricsExposition short_lived(store_, exporter_, clock_);
    body = short_lived.Get(kText);
  }
  EXPECT_THAT(*body, HasSubstr("telnyx_connection_up"));
}

TEST_F(MetricsExpositionTest, IsScrapedByManyWhilePollsEnd) {
  std::jthread poller([&](const std::stop_token& stop) {
    for (std::uint64_t legs = 2; !stop.stop_requested(); ++legs) Complete(kFirst, 2 + legs % 1000);
  });
  std::vector<std::jthread> scrapers;
  for (int i = 0; i < 4; ++i) {
    scrapers.emplace_back([this] {
      for (int n = 0; n < 20; ++n) {
        MetricsExposition own(store_, exporter_, clock_);
        EXPECT_THAT(*own.Get(kText), HasSubstr("telnyx_connection_up"));
        EXPECT_THAT(*cache_.Get(kOpenMetrics), HasSubstr("# EOF"));
      }
    });
  }
}

}  // namespace
}  // namespace telnyx_exporter
