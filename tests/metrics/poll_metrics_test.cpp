#include "metrics/poll_metrics.h"

#include <memory>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "example_keys.h"
#include "metrics/metrics_page.h"
#include "support/manual_clock.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class PollMetricsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    metrics_.OnAccountAdded(kAccount, {.name = "main"});
    metrics_.OnConnectionAdded(kConnection, kAccount, {.id = "1", .name = "support"});
  }

  std::string Page() {
    return *MetricsPage(store_, exporter_, clock_).Get(ExpositionFormat::kText);
  }

  ManualClock clock_;
  ConnectionStore store_;
  ExporterMetrics exporter_{{.version = "1", .revision = "2", .compiler = "3"}};
  PollMetrics metrics_{store_, exporter_};
};

TEST_F(PollMetricsTest, HasEveryFailureReasonFromTheStart) {
  const std::string page = Page();
  for (const FailureReason reason : kFailureReasons) {
    EXPECT_THAT(page, HasSubstr("telnyx_account_poll_failures_total{account=\"main\",reason=\"" +
                                std::string(ReasonLabel(reason)) + "\"} 0\n"));
  }
}

TEST_F(PollMetricsTest, CountsAFailureOnceUnderItsReason) {
  metrics_.OnPollBegun(kConnection, 20ms);
  metrics_.OnPollEnded(
      kConnection,
      {.elapsed = 1s, .result = std::unexpected(PollFailure{.reason = FailureReason::kNotFound})});
  const std::string page = Page();
  EXPECT_THAT(
      page,
      HasSubstr("telnyx_account_poll_failures_total{account=\"main\",reason=\"not_found\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("telnyx_poll_failures_total{account=\"main\",connection_id=\"1\","
                              "connection_name=\"support\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("telnyx_exporter_poll_lag_seconds_bucket{le=\"0.05\"} 1\n"));
}

TEST_F(PollMetricsTest, CountsRequestsByStatus) {
  metrics_.OnRequestEnded(kAccount, {.http_status = 200, .elapsed = 70ms, .body_bytes = 1000});
  metrics_.OnRequestEnded(kAccount, {.http_status = 200, .elapsed = 80ms, .body_bytes = 500});
  metrics_.OnRequestEnded(kAccount, {.http_status = 0, .elapsed = 3s});
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("telnyx_api_requests_total{account=\"main\",code=\"200\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("telnyx_api_requests_total{account=\"main\",code=\"error\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("telnyx_api_response_bytes_total{account=\"main\"} 1500\n"));
  EXPECT_THAT(
      page,
      HasSubstr("telnyx_api_request_duration_seconds_bucket{account=\"main\",le=\"0.1\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("telnyx_api_request_duration_seconds_count{account=\"main\"} 3\n"));
}

TEST_F(PollMetricsTest, ShowsRateLimitHeadersOnlyOnceSeen) {
  EXPECT_THAT(Page(), Not(HasSubstr("telnyx_api_rate_limit_")));
  metrics_.OnRequestEnded(
      kAccount, {.http_status = 200, .rate_limit_limit = 100, .rate_limit_remaining = 42});
  EXPECT_THAT(Page(), HasSubstr("telnyx_api_rate_limit_limit{account=\"main\"} 100\n"));
  EXPECT_THAT(Page(), HasSubstr("telnyx_api_rate_limit_remaining{account=\"main\"} 42\n"));
}

TEST_F(PollMetricsTest, CountsRetriesSkipsAndWaits) {
  metrics_.OnRetry(kAccount, kConnection, {.failure = {}, .delay = 1s});
  metrics_.OnPollsSkipped(kConnection, 3);
  metrics_.OnRateLimiterWait(kAccount, 1500ms);
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("telnyx_api_retries_total{account=\"main\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("telnyx_account_polls_skipped_total{account=\"main\"} 3\n"));
  EXPECT_THAT(page,
              HasSubstr("telnyx_api_rate_limiter_wait_seconds_total{account=\"main\"} 1.5\n"));
}

TEST_F(PollMetricsTest, AddsUpTheTrackedCallsOfAllConnections) {
  constexpr ConnectionKey kOther{1};
  metrics_.OnConnectionAdded(kOther, kAccount, {.id = "2", .name = "sales"});
  EXPECT_THAT(Page(), HasSubstr("telnyx_exporter_tracked_calls 0\n"));
  const auto track = [&](ConnectionKey connection, std::uint64_t legs) {
    CallChanges changes{.completed = DurationHistogram(
                            std::make_shared<const std::vector<double>>(std::vector<double>{60})),
                        .tracked = legs};
    metrics_.OnPollEnded(connection,
                         {.result = CompletePoll{.summary = {.bucket_counts = {0, 0, 0}},
                                                 .duration_bounds = kBounds},
                          .changes = changes});
  };
  track(kConnection, 5);
  track(kOther, 10);
  track(kConnection, 3);
  EXPECT_THAT(Page(), HasSubstr("telnyx_exporter_tracked_calls 13\n"));
  metrics_.OnPollEnded(kConnection, {.result = std::unexpected(PollFailure{})});
  EXPECT_THAT(Page(), HasSubstr("telnyx_exporter_tracked_calls 13\n"));
  metrics_.OnConnectionRemoved(kOther);
  EXPECT_THAT(Page(), HasSubstr("telnyx_exporter_tracked_calls 3\n"));
}

TEST_F(PollMetricsTest, ShowsHowTheConfigurationWasLoaded) {
  exporter_.NoteConfigLoaded(WallTime(1'700'000'000s));
  EXPECT_THAT(Page(), HasSubstr("telnyx_exporter_config_last_reload_successful 1\n"));
  exporter_.NoteConfigRefused();
  EXPECT_THAT(Page(), HasSubstr("telnyx_exporter_config_last_reload_successful 0\n"));
  EXPECT_THAT(
      Page(),
      HasSubstr("telnyx_exporter_config_last_reload_success_timestamp_seconds 1700000000\n"));
}

TEST_F(PollMetricsTest, LosesAllSeriesOfARemovedAccount) {
  metrics_.OnRequestEnded(
      kAccount,
      {.http_status = 200, .elapsed = 70ms, .rate_limit_limit = 10, .rate_limit_remaining = 5});
  EXPECT_THAT(Page(), HasSubstr("account=\"main\""));
  metrics_.OnConnectionRemoved(kConnection);
  metrics_.OnAccountRemoved(kAccount);
  EXPECT_THAT(Page(), Not(HasSubstr("account=\"main\"")));
  metrics_.OnAccountAdded(kAccount, {.name = "next"});
  EXPECT_THAT(Page(), HasSubstr("telnyx_api_retries_total{account=\"next\"} 0\n"));
}

class DiscoveryMetricsTest : public PollMetricsTest {
 protected:
  static constexpr AccountKey kDiscovering{1};

  void SetUp() override { metrics_.OnAccountAdded(kDiscovering, Plan()); }
  static AccountPlan Plan() {
    return {.name = "finds", .discovery = DiscoveryPlan{.refresh_interval = 1min}};
  }
  void Discover(std::vector<ListedVoiceProfile> profiles) {
    known_.Take({.voice_profiles = std::move(profiles)});
    metrics_.OnDiscoveryEnded(kDiscovering,
                              {.ended_wall = WallTime(1000s), .result = 3, .known = known_});
  }

  DiscoveredConnections known_;
};

TEST_F(DiscoveryMetricsTest, ShowsWhatIsKnownOnly) {
  EXPECT_THAT(Page(), HasSubstr("telnyx_discovery_failures_total{account=\"finds\"} 0\n"));
  EXPECT_THAT(Page(), Not(HasSubstr("telnyx_discovered_connections")));
  Discover({{.id = "7", .name = "eu", .concurrent_call_limit = 50}, {.id = "8", .name = "us"}});
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("telnyx_discovered_connections{account=\"finds\"} 3\n"));
  EXPECT_THAT(
      page, HasSubstr("telnyx_discovery_last_success_timestamp_seconds{account=\"finds\"} 1000\n"));
  EXPECT_THAT(page, HasSubstr("telnyx_outbound_voice_profile_concurrent_call_limit{account="
                              "\"finds\",profile_id=\"7\",profile_name=\"eu\"} 50\n"));
  EXPECT_THAT(page, Not(HasSubstr("profile_id=\"8\"")));
}

TEST_F(DiscoveryMetricsTest, CountsFailuresAndKeepsWhatIsKnown) {
  Discover({});
  metrics_.OnDiscoveryEnded(kDiscovering,
                            {.result = std::unexpected(PollFailure{}), .known = known_});
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("telnyx_discovery_failures_total{account=\"finds\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("telnyx_discovered_connections{account=\"finds\"} 3\n"));
}

TEST_F(DiscoveryMetricsTest, LosesAProfileThatIsGoneAndOneThatIsRenamed) {
  Discover({{.id = "7", .name = "eu", .concurrent_call_limit = 50},
            {.id = "8", .name = "us", .concurrent_call_limit = 60}});
  Discover({{.id = "7", .name = "europe", .concurrent_call_limit = 50}});
  const std::string page = Page();
  EXPECT_THAT(page, HasSubstr("profile_name=\"europe\"} 50\n"));
  EXPECT_THAT(page, Not(HasSubstr("profile_name=\"eu\"")));
  EXPECT_THAT(page, Not(HasSubstr("profile_id=\"8\"")));
}

TEST_F(DiscoveryMetricsTest, LosesEverythingWithoutDiscovery) {
  Discover({{.id = "7", .name = "eu", .concurrent_call_limit = 50}});
  metrics_.OnAccountChanged(kDiscovering, {.name = "finds"});
  const std::string page = Page();
  EXPECT_THAT(page, Not(HasSubstr("discover")));
  EXPECT_THAT(page, Not(HasSubstr("voice_profile_concurrent")));
}

TEST_F(DiscoveryMetricsTest, IsNotReadyBeforeTheFirstListsHaveComeAndTheirConnectionsWerePolled) {
  EXPECT_FALSE(store_.ready());
  metrics_.OnConnectionAdded(kConnection, kDiscovering, {.id = "1", .name = "support"});
  metrics_.OnPollEnded(kConnection, {.result = CompletePoll{.duration_bounds = kBounds}});
  EXPECT_FALSE(store_.ready());
  Discover({});
  EXPECT_TRUE(store_.ready());
}

}  // namespace
}  // namespace telnyx_exporter
