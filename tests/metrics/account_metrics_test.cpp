// What /metrics shows of accounts and of the exporter itself.

#include <memory>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "metrics/metrics_exposition.h"
#include "support/example_keys.h"
#include "support/manual_clock.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class AccountMetricsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Tell(&PollObserver::OnAccountAdded, kAccount, {.name = "main"});
    Tell(&PollObserver::OnConnectionAdded, kConnection, kAccount, {.id = "1", .name = "support"});
  }

  // As the poller tells it to all listeners.
  template <typename... Args>
  void Tell(void (PollObserver::*event)(Args...), std::type_identity_t<Args>... args) {
    for (PollObserver* observer :
         {static_cast<PollObserver*>(&store_), static_cast<PollObserver*>(&exporter_)}) {
      (observer->*event)(args...);
    }
  }

  std::string Text() const {
    std::string out;
    WriteExposition(store_.Read(), exporter_, ExpositionFormat::kText, clock_.Now(), {}, out);
    return out;
  }

  ManualClock clock_;
  StateStore store_{clock_};
  ExporterMetrics exporter_{{.version = "1", .revision = "2", .compiler = "3"}};
};

TEST_F(AccountMetricsTest, HasEveryFailureReasonFromTheStart) {
  const std::string text = Text();
  for (const FailureReason reason : kFailureReasons) {
    EXPECT_THAT(text, HasSubstr("telnyx_account_poll_failures_total{account=\"main\",reason=\"" +
                                std::string(ReasonLabel(reason)) + "\"} 0\n"));
  }
}

TEST_F(AccountMetricsTest, CountsAFailureOnceUnderItsReason) {
  Tell(&PollObserver::OnPollBegun, kConnection, 20ms);
  Tell(&PollObserver::OnPollEnded, kConnection,
       {.elapsed = 1s, .result = std::unexpected(PollFailure{.reason = FailureReason::kNotFound})});
  const std::string text = Text();
  EXPECT_THAT(
      text,
      HasSubstr("telnyx_account_poll_failures_total{account=\"main\",reason=\"not_found\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("telnyx_poll_failures_total{account=\"main\",connection_id=\"1\","
                              "connection_name=\"support\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("telnyx_exporter_poll_lag_seconds_bucket{le=\"0.05\"} 1\n"));
}

TEST_F(AccountMetricsTest, CountsRequestsByStatus) {
  Tell(&PollObserver::OnRequestEnded, kAccount,
       {.http_status = 200, .elapsed = 70ms, .body_bytes = 1000});
  Tell(&PollObserver::OnRequestEnded, kAccount,
       {.http_status = 200, .elapsed = 80ms, .body_bytes = 500});
  Tell(&PollObserver::OnRequestEnded, kAccount, {.http_status = 0, .elapsed = 3s});
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("telnyx_api_requests_total{account=\"main\",code=\"200\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("telnyx_api_requests_total{account=\"main\",code=\"error\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("telnyx_api_response_bytes_total{account=\"main\"} 1500\n"));
  EXPECT_THAT(
      text,
      HasSubstr("telnyx_api_request_duration_seconds_bucket{account=\"main\",le=\"0.1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("telnyx_api_request_duration_seconds_count{account=\"main\"} 3\n"));
}

TEST_F(AccountMetricsTest, ShowsRateLimitHeadersOnlyOnceSeen) {
  EXPECT_THAT(Text(), Not(HasSubstr("telnyx_api_rate_limit_")));
  Tell(&PollObserver::OnRequestEnded, kAccount,
       {.http_status = 200, .rate_limit_limit = 100, .rate_limit_remaining = 42});
  EXPECT_THAT(Text(), HasSubstr("telnyx_api_rate_limit_limit{account=\"main\"} 100\n"));
  EXPECT_THAT(Text(), HasSubstr("telnyx_api_rate_limit_remaining{account=\"main\"} 42\n"));
}

TEST_F(AccountMetricsTest, CountsRetriesSkipsAndWaits) {
  Tell(&PollObserver::OnRetry, kAccount, kConnection, {.failure = {}, .delay = 1s});
  Tell(&PollObserver::OnPollsSkipped, kConnection, 3);
  Tell(&PollObserver::OnRateLimiterWait, kAccount, 1500ms);
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("telnyx_api_retries_total{account=\"main\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("telnyx_account_polls_skipped_total{account=\"main\"} 3\n"));
  EXPECT_THAT(text,
              HasSubstr("telnyx_api_rate_limiter_wait_seconds_total{account=\"main\"} 1.5\n"));
}

TEST_F(AccountMetricsTest, AddsUpTheTrackedCallsOfAllConnections) {
  constexpr ConnectionKey kOther{1};
  Tell(&PollObserver::OnConnectionAdded, kOther, kAccount, {.id = "2", .name = "sales"});
  EXPECT_THAT(Text(), HasSubstr("telnyx_exporter_tracked_calls 0\n"));
  const auto track = [&](ConnectionKey connection, std::uint64_t legs) {
    CallChanges changes{.completed = DurationHistogram(
                            std::make_shared<const std::vector<double>>(std::vector<double>{60})),
                        .tracked = legs};
    Tell(&PollObserver::OnPollEnded, connection,
         {.result =
              CompletePoll{.summary = {.bucket_counts = {0, 0, 0}}, .duration_bounds = kBounds},
          .changes = changes});
  };
  track(kConnection, 5);
  track(kOther, 10);
  track(kConnection, 3);
  EXPECT_THAT(Text(), HasSubstr("telnyx_exporter_tracked_calls 13\n"));
  Tell(&PollObserver::OnPollEnded, kConnection, {.result = std::unexpected(PollFailure{})});
  EXPECT_THAT(Text(), HasSubstr("telnyx_exporter_tracked_calls 13\n"));
  Tell(&PollObserver::OnConnectionRemoved, kOther);
  EXPECT_THAT(Text(), HasSubstr("telnyx_exporter_tracked_calls 3\n"));
}

TEST_F(AccountMetricsTest, ShowsHowTheConfigurationWasLoaded) {
  exporter_.Update([](ExporterState& state) {
    state.config_successful = true;
    state.config_loaded = WallTime(1'700'000'000s);
  });
  EXPECT_THAT(Text(), HasSubstr("telnyx_exporter_config_last_reload_successful 1\n"));
  exporter_.Update([](ExporterState& state) { state.config_successful = false; });
  EXPECT_THAT(Text(), HasSubstr("telnyx_exporter_config_last_reload_successful 0\n"));
  EXPECT_THAT(
      Text(),
      HasSubstr("telnyx_exporter_config_last_reload_success_timestamp_seconds 1700000000\n"));
}

TEST_F(AccountMetricsTest, LosesAllSeriesOfARemovedAccount) {
  Tell(&PollObserver::OnRequestEnded, kAccount,
       {.http_status = 200, .elapsed = 70ms, .rate_limit_limit = 10, .rate_limit_remaining = 5});
  EXPECT_THAT(Text(), HasSubstr("account=\"main\""));
  Tell(&PollObserver::OnConnectionRemoved, kConnection);
  Tell(&PollObserver::OnAccountRemoved, kAccount);
  EXPECT_THAT(Text(), Not(HasSubstr("account=\"main\"")));
  Tell(&PollObserver::OnAccountAdded, kAccount, {.name = "next"});
  EXPECT_THAT(Text(), HasSubstr("telnyx_api_retries_total{account=\"next\"} 0\n"));
}

class DiscoveryMetricsTest : public AccountMetricsTest {
 protected:
  static constexpr AccountKey kDiscovering{1};

  void SetUp() override { Tell(&PollObserver::OnAccountAdded, kDiscovering, Plan()); }
  static AccountPlan Plan() {
    return {.name = "finds", .discovery = DiscoveryPlan{.refresh_interval = 1min}};
  }
  void Discover(std::vector<ListedVoiceProfile> profiles) {
    known_.Update({.voice_profiles = std::move(profiles)});
    Tell(&PollObserver::OnDiscoveryEnded, kDiscovering,
         {.ended_wall = WallTime(1000s), .result = 3, .known = known_});
  }
  void AddDiscovered(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      Tell(&PollObserver::OnConnectionAdded, ConnectionKey{10 + i}, kDiscovering,
           {.id = std::to_string(10 + i), .discovered = true});
    }
  }

  DiscoveredConnections known_;
};

TEST_F(DiscoveryMetricsTest, ShowsWhatIsKnownOnly) {
  EXPECT_THAT(Text(), HasSubstr("telnyx_discovery_failures_total{account=\"finds\"} 0\n"));
  EXPECT_THAT(Text(), Not(HasSubstr("telnyx_discovered_connections")));
  EXPECT_THAT(Text(),
              HasSubstr("telnyx_account_connections{account=\"finds\",state=\"known\"} 0\n"));
  EXPECT_THAT(Text(), Not(HasSubstr("state=\"unknown\"")));
  Tell(&PollObserver::OnConnectionAdded, ConnectionKey{9}, kDiscovering, {.id = "9"});
  AddDiscovered(3);
  Discover({{.id = "7", .name = "eu", .concurrent_call_limit = 50}, {.id = "8", .name = "us"}});
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("telnyx_discovered_connections{account=\"finds\"} 3\n"));
  EXPECT_THAT(text,
              HasSubstr("telnyx_account_connections{account=\"finds\",state=\"unknown\"} 4\n"));
  EXPECT_THAT(
      text, HasSubstr("telnyx_discovery_last_success_timestamp_seconds{account=\"finds\"} 1000\n"));
  EXPECT_THAT(text, HasSubstr("telnyx_outbound_voice_profile_concurrent_call_limit{account="
                              "\"finds\",profile_id=\"7\",profile_name=\"eu\"} 50\n"));
  EXPECT_THAT(text, Not(HasSubstr("profile_id=\"8\"")));
}

TEST_F(DiscoveryMetricsTest, CountsFailuresAndKeepsWhatIsKnown) {
  AddDiscovered(3);
  Discover({});
  Tell(&PollObserver::OnDiscoveryEnded, kDiscovering,
       {.result = std::unexpected(PollFailure{}), .known = known_});
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("telnyx_discovery_failures_total{account=\"finds\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("telnyx_discovered_connections{account=\"finds\"} 3\n"));
}

TEST_F(DiscoveryMetricsTest, CountsTheConnectionsThatAReloadLeaves) {
  AddDiscovered(3);
  Discover({});
  Tell(&PollObserver::OnConnectionRemoved, ConnectionKey{11});
  EXPECT_THAT(Text(), HasSubstr("telnyx_discovered_connections{account=\"finds\"} 2\n"));
}

TEST_F(DiscoveryMetricsTest, LosesAProfileThatIsGoneAndOneThatIsRenamed) {
  Discover({{.id = "7", .name = "eu", .concurrent_call_limit = 50},
            {.id = "8", .name = "us", .concurrent_call_limit = 60}});
  Discover({{.id = "7", .name = "europe", .concurrent_call_limit = 50}});
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("profile_name=\"europe\"} 50\n"));
  EXPECT_THAT(text, Not(HasSubstr("profile_name=\"eu\"")));
  EXPECT_THAT(text, Not(HasSubstr("profile_id=\"8\"")));
}

TEST_F(DiscoveryMetricsTest, ShowsTheAccountsChannelLimitWhereItIsKnown) {
  Discover({});
  EXPECT_THAT(Text(), Not(HasSubstr("telnyx_account_channel_limit")));
  known_.Update({.account_channel_limit = 120});
  Tell(&PollObserver::OnDiscoveryEnded, kDiscovering, {.result = 3, .known = known_});
  EXPECT_THAT(Text(), HasSubstr("telnyx_account_channel_limit{account=\"finds\"} 120\n"));
  Tell(&PollObserver::OnAccountChanged, kDiscovering, {.name = "finds"});
  EXPECT_THAT(Text(), Not(HasSubstr("telnyx_account_channel_limit")));
}

TEST_F(DiscoveryMetricsTest, LosesEverythingWithoutDiscovery) {
  Discover({{.id = "7", .name = "eu", .concurrent_call_limit = 50}});
  Tell(&PollObserver::OnAccountChanged, kDiscovering, {.name = "finds"});
  const std::string text = Text();
  EXPECT_THAT(text, Not(HasSubstr("discover")));
  EXPECT_THAT(text, Not(HasSubstr("voice_profile_concurrent")));
}

TEST_F(DiscoveryMetricsTest, ShowsTheRefreshIntervalOfADiscoveringAccount) {
  EXPECT_THAT(Text(),
              HasSubstr("telnyx_discovery_refresh_interval_seconds{account=\"finds\"} 60\n"));
  AccountPlan plan = Plan();
  plan.discovery->refresh_interval = 5min;
  Tell(&PollObserver::OnAccountChanged, kDiscovering, plan);
  EXPECT_THAT(Text(),
              HasSubstr("telnyx_discovery_refresh_interval_seconds{account=\"finds\"} 300\n"));
}

TEST_F(AccountMetricsTest, ShowsTheRequestBudgetOnceItIsKnown) {
  EXPECT_THAT(Text(), Not(HasSubstr("_requests_per_second")));
  Tell(&PollObserver::OnBudgetChanged, kAccount,
       {.required_per_second = 20, .allowed_per_second = 10, .connections = 300});
  EXPECT_THAT(Text(),
              HasSubstr("telnyx_account_required_requests_per_second{account=\"main\"} 20\n"));
  EXPECT_THAT(Text(),
              HasSubstr("telnyx_account_allowed_requests_per_second{account=\"main\"} 10\n"));
}

TEST_F(AccountMetricsTest, CountsConnectionsWithAndWithoutNumbers) {
  const std::string known = "telnyx_account_connections{account=\"main\",state=\"known\"} ";
  const std::string unknown = "telnyx_account_connections{account=\"main\",state=\"unknown\"} ";
  EXPECT_THAT(Text(), HasSubstr(known + "0\n"));
  EXPECT_THAT(Text(), HasSubstr(unknown + "1\n"));
  Tell(&PollObserver::OnPollEnded, kConnection,
       {.ended = clock_.Now(),
        .result = CompletePoll{.summary = {.bucket_counts = {0, 0, 0}}, .duration_bounds = kBounds},
        .in_force = {.interval = 15s, .stale_after = 45s}});
  EXPECT_THAT(Text(), HasSubstr(known + "1\n"));
  EXPECT_THAT(Text(), HasSubstr(unknown + "0\n"));
  clock_.Advance(45s);
  EXPECT_THAT(Text(), HasSubstr(known + "0\n"));
  EXPECT_THAT(Text(), HasSubstr(unknown + "1\n"));
}

TEST_F(AccountMetricsTest, CountsIgnoredFieldsFromTheStart) {
  EXPECT_THAT(Text(), HasSubstr("telnyx_api_ignored_fields_total{account=\"main\"} 0\n"));
  Tell(&PollObserver::OnFieldsIgnored, kAccount, 3U);
  EXPECT_THAT(Text(), HasSubstr("telnyx_api_ignored_fields_total{account=\"main\"} 3\n"));
}

TEST_F(AccountMetricsTest, ShowsWhetherAKeyIsReadableWhereItIsToldAndForAsLongAsTheAccountIsThere) {
  EXPECT_THAT(Text(), Not(HasSubstr("telnyx_account_api_key_readable")));
  exporter_.Update([](ExporterState& state) { state.api_key_readable["main"] = true; });
  EXPECT_THAT(Text(), HasSubstr("telnyx_account_api_key_readable{account=\"main\"} 1\n"));
  exporter_.Update([](ExporterState& state) { state.api_key_readable["main"] = false; });
  EXPECT_THAT(Text(), HasSubstr("telnyx_account_api_key_readable{account=\"main\"} 0\n"));
  Tell(&PollObserver::OnConnectionRemoved, kConnection);
  Tell(&PollObserver::OnAccountRemoved, kAccount);
  exporter_.Update([](ExporterState& state) { state.api_key_readable["main"] = false; });
  EXPECT_THAT(Text(), Not(HasSubstr("telnyx_account_api_key_readable")));
}

TEST_F(AccountMetricsTest, ShowsTheWebConfigurationAndTheCertificateWhereThereAreAny) {
  EXPECT_THAT(Text(), Not(HasSubstr("telnyx_exporter_web_config")));
  EXPECT_THAT(Text(), Not(HasSubstr("telnyx_exporter_tls")));
  exporter_.Update([](ExporterState& state) { state.web_config_successful = true; });
  exporter_.Update(
      [](ExporterState& state) { state.tls_certificate_expires = WallTime(1'800'000'000s); });
  EXPECT_THAT(Text(), HasSubstr("telnyx_exporter_web_config_last_reload_successful 1\n"));
  EXPECT_THAT(Text(),
              HasSubstr("telnyx_exporter_tls_certificate_expiry_timestamp_seconds 1800000000\n"));
  exporter_.Update([](ExporterState& state) { state.web_config_successful = false; });
  exporter_.Update([](ExporterState& state) { state.tls_certificate_expires = std::nullopt; });
  EXPECT_THAT(Text(), HasSubstr("telnyx_exporter_web_config_last_reload_successful 0\n"));
  EXPECT_THAT(Text(), Not(HasSubstr("telnyx_exporter_tls")));
}

TEST_F(AccountMetricsTest, CountsLostLogLinesFromTheStart) {
  EXPECT_THAT(Text(), HasSubstr("telnyx_exporter_log_lines_lost_total 0\n"));
  exporter_.NoteLogLinesLost(7);
  EXPECT_THAT(Text(), HasSubstr("telnyx_exporter_log_lines_lost_total 7\n"));
}

TEST_F(AccountMetricsTest, ShowsTheBuildAndTheShard) {
  EXPECT_THAT(Text(), HasSubstr("telnyx_exporter_build_info{compiler=\"3\",revision=\"2\","
                                "version=\"1\"} 1\n"));
  EXPECT_THAT(Text(), Not(HasSubstr("telnyx_exporter_shard_info")));
  exporter_.Update([](ExporterState& state) { state.shard = {.index = 1, .total = 4}; });
  EXPECT_THAT(Text(), HasSubstr("telnyx_exporter_shard_info{shard=\"1\",total_shards=\"4\"} 1\n"));
}

TEST_F(AccountMetricsTest, CountsWebRequests) {
  EXPECT_THAT(Text(), Not(HasSubstr("telnyx_exporter_web_requests_total")));
  exporter_.CountWebRequest("/metrics", 200);
  exporter_.CountWebRequest("/metrics", 200);
  exporter_.CountWebRequest("/", 200);
  EXPECT_THAT(
      Text(),
      HasSubstr("telnyx_exporter_web_requests_total{code=\"200\",handler=\"/\"} 1\n"
                "telnyx_exporter_web_requests_total{code=\"200\",handler=\"/metrics\"} 2\n"));
}

}  // namespace
}  // namespace telnyx_exporter
