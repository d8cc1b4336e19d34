#include "metrics/metrics_page.h"

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

#include "example_keys.h"
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

// A clock that goes on whenever somebody looks at it, as if work was done in between.
class SlowClock final : public Clock {
 public:
  Instant Now() const override {
    clock_.Advance(step_);
    return clock_.Now();
  }
  WallTime WallNow() const override { return clock_.WallNow(); }

  void SetStep(Duration step) { step_ = step; }
  void Advance(Duration duration) { clock_.Advance(duration); }

 private:
  mutable ManualClock clock_;
  Duration step_{};
};

class MetricsPageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_.Add(kFirst, "main", Plan("1293384261075731461", "support"));
    store_.Add(kSecond, "main", Plan("2", "sales"));
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
    store_.OnPollBegun(key);
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
    store_.OnPollBegun(key);
    store_.OnPollEnded(key, {.ended = clock_.Now(),
                             .ended_wall = clock_.WallNow(),
                             .elapsed = 1s,
                             .result = std::unexpected(PollFailure{.reason = reason})});
  }

  std::string Page(ExpositionFormat format = kText) { return *page_.Get(format); }

  ManualClock clock_;
  ConnectionStore store_;
  ExporterMetrics exporter_{{.version = "1.2.3", .revision = "abc", .compiler = "cc"}};
  MetricsPage page_{store_, exporter_, clock_};
};

const std::string kSupport =
    R"({account="main",connection_id="1293384261075731461",connection_name="support",team="voice")";

TEST_F(MetricsPageTest, ShowsNoValuesBeforeTheFirstPoll) {
  const std::string page = Page();
  EXPECT_THAT(page, Not(HasSubstr("telnyx_active_calls")));
  EXPECT_THAT(page, Not(HasSubstr("telnyx_connection_last_success_timestamp_seconds")));
  EXPECT_THAT(page, HasSubstr("telnyx_connection_up" + kSupport + "} 0\n"));
  EXPECT_THAT(page, HasSubstr("telnyx_polls_total" + kSupport + "} 0\n"));
}

TEST_F(MetricsPageTest, ShowsACompletePoll) {
  Complete(kFirst, 5);
  const std::string page = Page();
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
    EXPECT_THAT(page, HasSubstr(line));
  }
  EXPECT_THAT(page, Not(HasSubstr("telnyx_connection_failure_info")));
}

TEST_F(MetricsPageTest, LeavesOutSessionsThatAreNotKnown) {
  store_.OnPollEnded(
      kFirst, {.ended = clock_.Now(),
               .ended_wall = clock_.WallNow(),
               .elapsed = 1s,
               .result = CompletePoll{
                   .summary = {.legs = 1, .sessions = std::nullopt, .bucket_counts = {1, 0, 0}},
                   .duration_bounds = kBounds}});
  EXPECT_THAT(Page(), Not(HasSubstr("telnyx_active_call_sessions")));
  EXPECT_THAT(Page(), Not(HasSubstr("telnyx_reported_active_calls")));
}

TEST_F(MetricsPageTest, KeepsTheLastValuesAfterAFailureUntilTheyAreStale) {
  Complete(kFirst, 5);
  clock_.Advance(15s);
  Fail(kFirst, FailureReason::kTimeout);
  EXPECT_THAT(Page(), HasSubstr("telnyx_active_calls" + kSupport + "} 5\n"));
  EXPECT_THAT(Page(), HasSubstr("telnyx_connection_up" + kSupport + "} 0\n"));
  EXPECT_THAT(Page(),
              HasSubstr("telnyx_connection_failure_info" + kSupport + ",reason=\"timeout\"} 1\n"));
  clock_.Advance(29s + 999ms);
  EXPECT_THAT(Page(), HasSubstr("telnyx_active_calls" + kSupport));
  clock_.Advance(1ms);
  EXPECT_THAT(Page(), Not(HasSubstr("telnyx_active_call")));
  EXPECT_THAT(Page(), Not(HasSubstr("telnyx_reported_active_calls")));
  EXPECT_THAT(Page(), HasSubstr("telnyx_connection_last_success_timestamp_seconds" + kSupport +
                                "} 1700000000\n"));
}

TEST_F(MetricsPageTest, LetsValuesExpireWithoutAnyEvent) {
  Complete(kFirst, 5);
  EXPECT_THAT(Page(), HasSubstr("telnyx_active_calls"));
  clock_.Advance(45s);
  EXPECT_THAT(Page(), Not(HasSubstr("telnyx_active_calls")));
}

TEST_F(MetricsPageTest, ShowsValuesAgainAfterARecovery) {
  Complete(kFirst, 5);
  clock_.Advance(1min);
  Fail(kFirst, FailureReason::kConnect);
  EXPECT_THAT(Page(), Not(HasSubstr("telnyx_active_calls")));
  Complete(kFirst, 7);
  EXPECT_THAT(Page(), HasSubstr("telnyx_active_calls" + kSupport + "} 7\n"));
  EXPECT_THAT(Page(), Not(HasSubstr("telnyx_connection_failure_info")));
}

TEST_F(MetricsPageTest, ShowsThePeakAsLongAsItIsWithinTheWindow) {
  Complete(kFirst, 90);
  clock_.Advance(15s);
  Complete(kFirst, 50);
  clock_.Advance(15s);
  Complete(kFirst, 7);
  EXPECT_THAT(Page(), HasSubstr("telnyx_active_calls_peak" + kSupport + "} 90\n"));
  clock_.Advance(30s - 1ms);
  EXPECT_THAT(Page(), HasSubstr("telnyx_active_calls_peak" + kSupport + "} 90\n"));
  // Nothing has happened but that time went on.
  clock_.Advance(1ms);
  EXPECT_THAT(Page(), HasSubstr("telnyx_active_calls_peak" + kSupport + "} 50\n"));
  EXPECT_THAT(Page(), HasSubstr("telnyx_active_calls" + kSupport + "} 7\n"));
  // It goes with the values that it belongs to.
  clock_.Advance(15s);
  EXPECT_THAT(Page(), Not(HasSubstr("telnyx_active_calls")));
}

TEST_F(MetricsPageTest, NeverShowsAPeakBelowThePresentCount) {
  store_.Change(kFirst, {.id = "1", .name = "1", .stale_after = 1h, .peak_window = 1s});
  Complete(kFirst, 5);
  clock_.Advance(30min);
  EXPECT_THAT(Page(), HasSubstr("telnyx_active_calls_peak{account=\"main\",connection_id=\"1\","
                                "connection_name=\"1\"} 5\n"));
}

TEST_F(MetricsPageTest, CountsWhatHappensBetweenPollsFromTheFirstCompleteOneOn) {
  Fail(kFirst, FailureReason::kTimeout);
  EXPECT_THAT(Page(), Not(HasSubstr("telnyx_calls_started_total" + kSupport)));
  EXPECT_THAT(Page(), Not(HasSubstr("telnyx_completed_call_duration_seconds")));
  Change(kFirst, 0, {});
  EXPECT_THAT(Page(), HasSubstr("telnyx_calls_started_total" + kSupport + "} 0\n"));
  EXPECT_THAT(Page(),
              HasSubstr("telnyx_completed_call_duration_seconds_count" + kSupport + "} 0\n"));
  Change(kFirst, 3, {59.5, 60.5});
  Fail(kFirst, FailureReason::kTimeout);
  Change(kFirst, 2, {700});
  // Counters stay when values are not known any more.
  clock_.Advance(1h);
  const std::string page = Page();
  const std::string durations = "telnyx_completed_call_duration_seconds";
  for (const std::string& line : {
           "telnyx_calls_started_total" + kSupport + "} 5\n",
           durations + "_bucket" + kSupport + ",le=\"60\"} 1\n",
           durations + "_bucket" + kSupport + ",le=\"600\"} 2\n",
           durations + "_bucket" + kSupport + ",le=\"+Inf\"} 3\n",
           durations + "_sum" + kSupport + "} 820\n",
           durations + "_count" + kSupport + "} 3\n",
       }) {
    EXPECT_THAT(page, HasSubstr(line));
  }
}

TEST_F(MetricsPageTest, BeginsCompletedCallsAnewUnderOtherBuckets) {
  Change(kFirst, 3, {59.5, 60.5});
  Change(kFirst, 1, {12, 13}, {10, 12.5, 15});
  const std::string page = Page();
  const std::string durations = "telnyx_completed_call_duration_seconds";
  EXPECT_THAT(page, HasSubstr(durations + "_bucket" + kSupport + ",le=\"12.5\"} 1\n"));
  EXPECT_THAT(page, HasSubstr(durations + "_count" + kSupport + "} 2\n"));
  EXPECT_THAT(page, HasSubstr("telnyx_calls_started_total" + kSupport + "} 4\n"));
}

TEST(ConnectionStore, KeepsWhenAnExampleWasNoted) {
  ConnectionStore store;
  store.Add(kFirst, "main", {.id = "1", .name = "1"});
  CallChanges changes{.completed = DurationHistogram(
                          std::make_shared<const std::vector<double>>(std::vector<double>{60}))};
  changes.completed.Add({.high = 0x1000, .low = 5}, 10);
  const WallTime noted(1'700'000'000s);
  store.OnPollEnded(kFirst, {.ended_wall = noted, .result = CompletePoll{}, .changes = changes});
  store.ForEach([&](std::size_t, const ConnectionStore::Entry& entry) {
    const auto& example = entry.state.totals->completed.buckets()[0].example;
    EXPECT_EQ(example, (DurationHistogram::Example{
                           .leg = {.high = 0x1000, .low = 5}, .seconds = 10, .noted = noted}));
  });
}

TEST_F(MetricsPageTest, WritesEachHeaderOnce) {
  Complete(kFirst, 5);
  Complete(kSecond, 6);
  const std::string page = Page();
  const std::size_t first = page.find("# TYPE telnyx_active_calls gauge\n");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(page.find("# TYPE telnyx_active_calls gauge\n", first + 1), std::string::npos);
}

TEST_F(MetricsPageTest, IsTheSameObjectUntilSomethingChanges) {
  Complete(kFirst, 5);
  for (const ExpositionFormat format : kExpositionFormats) {
    const auto page = page_.Get(format);
    EXPECT_EQ(page_.Get(format), page);
    Complete(kSecond, 5);
    EXPECT_NE(page_.Get(format), page);
  }
}

TEST_F(MetricsPageTest, IsCompressedOnceForAllUntilSomethingChanges) {
  Complete(kFirst, 5);
  for (const ExpositionFormat format : kExpositionFormats) {
    const auto gzipped = page_.GetGzipped(format);
    EXPECT_EQ(page_.GetGzipped(format), gzipped);
    EXPECT_EQ(Gunzip(*gzipped), Page(format));
    Complete(kSecond, 5);
    EXPECT_NE(page_.GetGzipped(format), gzipped);
    EXPECT_EQ(Gunzip(*page_.GetGzipped(format)), Page(format));
  }
}

TEST_F(MetricsPageTest, ShowsTheSameInOpenMetrics) {
  Complete(kFirst, 5);
  const std::string page = Page(kOpenMetrics);
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
    EXPECT_THAT(page, HasSubstr(lines));
  }
  EXPECT_TRUE(page.ends_with("\n# EOF\n"));
}

TEST_F(MetricsPageTest, ShowsNativeBucketsInProtobuf) {
  Complete(kFirst, 5);
  Complete(kSecond, 2);
  const MetricFamilies families = ParseDelimited(Page(kProtobuf));
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

TEST_F(MetricsPageTest, LeavesOutExpiredValuesInEveryFormat) {
  Complete(kFirst, 5);
  for (const ExpositionFormat format : kExpositionFormats) {
    EXPECT_THAT(Page(format), HasSubstr("telnyx_active_calls"));
  }
  clock_.Advance(45s);
  for (const ExpositionFormat format : kExpositionFormats) {
    EXPECT_THAT(Page(format), Not(HasSubstr("telnyx_active_calls")));
    EXPECT_THAT(Page(format), HasSubstr("telnyx_connection_up"));
  }
}

TEST_F(MetricsPageTest, ReleasesAFormatThatNobodyAsksForAnyMore) {
  const std::weak_ptr<const std::string> text = page_.Get(kText);
  const std::weak_ptr<const std::string> gzipped = page_.GetGzipped(kText);
  clock_.Advance(10min - 1ms);
  page_.Get(kProtobuf);
  EXPECT_FALSE(text.expired());
  clock_.Advance(1ms);
  page_.Get(kProtobuf);
  EXPECT_TRUE(text.expired());
  EXPECT_TRUE(gzipped.expired());
  Complete(kFirst, 5);
  EXPECT_THAT(Page(kText), HasSubstr("telnyx_active_calls" + kSupport + "} 5\n"));
}

TEST_F(MetricsPageTest, SkipsAPlaceWithoutAConnection) {
  constexpr ConnectionKey kFourth{3};
  store_.Add(kFourth, "main", Plan("4", "fourth"));
  Complete(kFourth, 5);
  for (const ExpositionFormat format : kExpositionFormats) {
    EXPECT_THAT(Page(format), HasSubstr("fourth"));
    EXPECT_THAT(Page(format), Not(HasSubstr("connection_id=\"\"")));
  }
  const MetricFamilies families = ParseDelimited(Page(kProtobuf));
  EXPECT_EQ(families.front().name(), "telnyx_active_calls");
  EXPECT_EQ(families.front().metric_size(), 1);
}

TEST_F(MetricsPageTest, IsKeptThreeTimesAsLongAsItsMakingTook) {
  SlowClock clock;
  MetricsPage pages(store_, exporter_, clock);
  Complete(kFirst, 5);
  clock.SetStep(10ms);
  const auto page = pages.Get(kText);
  clock.SetStep(0ms);
  Complete(kFirst, 6);
  EXPECT_EQ(pages.Get(kText), page);
  clock.Advance(30ms - 1ns);
  EXPECT_EQ(pages.Get(kText), page);
  clock.Advance(1ns);
  EXPECT_NE(pages.Get(kText), page);
}

TEST_F(MetricsPageTest, IsNotKeptPastTheEndOfItsValues) {
  SlowClock clock;
  MetricsPage pages(store_, exporter_, clock);
  Complete(kFirst, 5);  // known for 45 s of clock_, which stands at the same time
  clock.Advance(45s - 15ms);
  clock.SetStep(5ms);
  EXPECT_THAT(*pages.Get(kText), HasSubstr("telnyx_active_calls"));
  clock.SetStep(0ms);
  clock.Advance(5ms);
  EXPECT_THAT(*pages.Get(kText), Not(HasSubstr("telnyx_active_calls")));
}

TEST_F(MetricsPageTest, TakesUpTheExportersOwnCountersWithinASecond) {
  EXPECT_THAT(Page(), Not(HasSubstr("telnyx_exporter_web_requests_total")));
  exporter_.CountWebRequest("/metrics", 200);
  clock_.Advance(1s);
  EXPECT_THAT(
      Page(),
      HasSubstr("telnyx_exporter_web_requests_total{code=\"200\",handler=\"/metrics\"} 1\n"));
  EXPECT_THAT(Page(), HasSubstr("telnyx_exporter_build_info{compiler=\"cc\",revision=\"abc\","
                                "version=\"1.2.3\"} 1\n"));
}

TEST_F(MetricsPageTest, NeverShowsAPartOfAPoll) {
  std::atomic<bool> stop = false;
  std::thread poller([&] {
    for (std::uint64_t legs = 2; !stop; ++legs) Complete(kFirst, 2 + legs % 1000);
  });
  for (int i = 0; i < 200; ++i) {
    const std::string page = Page();
    const auto value = [&](const std::string& series) {
      const std::size_t at = page.find(series);
      return at == std::string::npos ? -1 : std::stoi(page.substr(at + series.size()));
    };
    const int legs = value("telnyx_active_calls" + kSupport + "} ");
    if (legs < 0) continue;
    EXPECT_EQ(value("telnyx_active_call_duration_seconds_count" + kSupport + "} "), legs);
    EXPECT_EQ(value("telnyx_active_call_sessions" + kSupport + "} "), legs - 1);
  }
  stop = true;
  poller.join();
}

TEST_F(MetricsPageTest, LosesARemovedConnectionAndShowsANewOneInItsPlace) {
  Complete(kFirst, 5);
  EXPECT_THAT(Page(), HasSubstr("telnyx_active_calls" + kSupport + "} 5\n"));
  store_.Remove(kFirst);
  EXPECT_THAT(Page(), Not(HasSubstr(kSupport)));
  store_.Add(kFirst, "main", {.id = "9", .name = "new"});
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("telnyx_polls_total{account=\"main\",connection_id=\"9\","
                              "connection_name=\"new\"} 0\n"));
  EXPECT_THAT(page, Not(HasSubstr("telnyx_active_calls{account=\"main\",connection_id=\"9\"")));
}

TEST_F(MetricsPageTest, KeepsTheStateOfAConnectionThatGetsAnotherName) {
  Complete(kFirst, 5);
  store_.Change(kFirst, {.id = "1", .name = "renamed", .stale_after = 45s});
  const std::string page = Page();
  EXPECT_THAT(page, Not(HasSubstr(kSupport)));
  EXPECT_THAT(page, HasSubstr("telnyx_active_calls{account=\"main\",connection_id=\"1\","
                              "connection_name=\"renamed\"} 5\n"));
}

TEST_F(MetricsPageTest, KeepsValuesForAsLongAsTheNewPlanSays) {
  Complete(kFirst, 5);
  store_.Change(kFirst, {.id = "1", .name = "support", .stale_after = 20s});
  clock_.Advance(20s);
  EXPECT_THAT(Page(), Not(HasSubstr("telnyx_active_calls{")));
  store_.Change(kFirst, {.id = "1", .name = "support", .stale_after = 1min});
  clock_.Advance(39s);
  EXPECT_THAT(Page(), HasSubstr("telnyx_active_calls{"));
  clock_.Advance(1s);
  EXPECT_THAT(Page(), Not(HasSubstr("telnyx_active_calls{")));
}

// The lines about connections.
std::string ConnectionLines(const std::string& page) {
  std::string lines;
  for (std::size_t begin = 0; begin < page.size();) {
    const std::size_t end = page.find('\n', begin) + 1;
    const std::string_view line = std::string_view(page).substr(begin, end - begin);
    if (line.find("connection_id=") != std::string_view::npos) lines += line;
    begin = end;
  }
  return lines;
}

// Whatever came before, a page is as one that is made from nothing: connections come, go, change,
// fail, become stale and return in any order, some beside many others and some alone.
TEST_F(MetricsPageTest, IsTheSameAsAPageMadeAnew) {
  constexpr std::uint32_t kConnections = 200;
  std::mt19937_64 random(1);
  std::vector<bool> there(kConnections);
  there[0] = there[1] = true;
  for (int step = 0; step < 100; ++step) {
    const std::size_t changes = random() % 3 == 0 ? 150 : random() % 4;
    for (std::size_t i = 0; i < changes; ++i) {
      const auto index = static_cast<std::uint32_t>(random() % kConnections);
      const ConnectionKey key{index};
      const std::uint64_t what = random() % 8;
      if (!there[index]) {
        there[index] = true;
        store_.Add(key, "main", Plan(std::to_string(index), "line"));
      } else if (what == 0) {
        there[index] = false;
        store_.Remove(key);
      } else if (what == 1) {
        Fail(key, FailureReason::kTimeout);
      } else if (what == 2) {
        store_.Change(key, Plan(std::to_string(index), "renamed"));
      } else {
        Complete(key, 3 + random() % 1000);
      }
    }
    clock_.Advance(std::chrono::seconds(random() % 20));
    MetricsPage anew(store_, exporter_, clock_);
    ASSERT_EQ(ConnectionLines(Page()), ConnectionLines(*anew.Get(kText))) << step;
  }
}

TEST(ConnectionStore, IsReadyOnceEachConnectionWasPolledWhateverCameOfIt) {
  ConnectionStore store;
  store.Add(kFirst, "main", {.id = "1", .name = "1"});
  store.Add(kSecond, "main", {.id = "2", .name = "2"});
  EXPECT_FALSE(store.ready());
  store.OnPollEnded(kFirst, {.result = CompletePoll{}});
  store.OnPollEnded(kFirst, {.result = CompletePoll{}});
  EXPECT_FALSE(store.ready());
  store.OnPollEnded(kSecond, {.result = std::unexpected(PollFailure{})});
  EXPECT_TRUE(store.ready());
}

TEST(ConnectionStore, IsReadyWhenThereIsNothingToPoll) {
  ConnectionStore store;
  EXPECT_FALSE(store.ready());
  store.OnPlanApplied();
  EXPECT_TRUE(store.ready());
}

TEST(ConnectionStore, IsNotReadyBecauseAPlanIsInForce) {
  ConnectionStore waits_for_poll;
  waits_for_poll.Add(kFirst, "main", {.id = "1", .name = "1"});
  waits_for_poll.OnPlanApplied();
  EXPECT_FALSE(waits_for_poll.ready());
  ConnectionStore waits_for_lists;
  waits_for_lists.AwaitDiscovery();
  waits_for_lists.OnPlanApplied();
  EXPECT_FALSE(waits_for_lists.ready());
}

TEST(ConnectionStore, StaysReadyWhenAConnectionComesLater) {
  ConnectionStore store;
  store.Add(kFirst, "main", {.id = "1", .name = "1"});
  store.OnPollEnded(kFirst, {.result = CompletePoll{}});
  store.Add(kSecond, "main", {.id = "2", .name = "2"});
  EXPECT_TRUE(store.ready());
}

TEST(ConnectionStore, DoesNotWaitForAConnectionThatIsGone) {
  ConnectionStore store;
  store.Add(kFirst, "main", {.id = "1", .name = "1"});
  store.Add(kSecond, "main", {.id = "2", .name = "2"});
  store.OnPollEnded(kFirst, {.result = CompletePoll{}});
  store.Remove(kSecond);
  EXPECT_TRUE(store.ready());
}

}  // namespace
}  // namespace telnyx_exporter
