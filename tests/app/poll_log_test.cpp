#include "app/poll_log.h"

#include <algorithm>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/manual_clock.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr ConnectionKey kConnection{0};

class PollLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    poll_log_.OnAccountAdded(AccountKey{0}, {.name = "main"});
    poll_log_.OnConnectionAdded(kConnection, AccountKey{0}, {.id = "1", .name = "support"});
  }

  void End(std::expected<CompletePoll, PollFailure> result) {
    poll_log_.OnPollEnded(kConnection, {.ended = clock_.Now(),
                                        .ended_wall = clock_.WallNow(),
                                        .elapsed = 250ms,
                                        .result = std::move(result)});
  }
  void Fail(PollFailure failure) { End(std::unexpected(std::move(failure))); }

  std::ptrdiff_t Lines() const { return std::ranges::count(out_.str(), '\n'); }

  ManualClock clock_;
  std::ostringstream out_;
  Log log_{clock_, LogLevel::kInfo, LogFormat::kLogfmt,
           [this](std::string_view line) { out_ << line; }};
  PollLog poll_log_{log_};
};

TEST_F(PollLogTest, SaysAllOfAFailureInOneLine) {
  Fail({.reason = FailureReason::kUnauthorized,
        .http_status = 401,
        .api_code = "10009",
        .api_title = "Authentication failed",
        .detail = ""});
  EXPECT_THAT(out_.str(),
              HasSubstr("level=warn msg=\"poll failed\" account=main connection=1 name=support "
                        "reason=unauthorized status=401 code=10009 title=\"Authentication failed\" "
                        "detail=\"\" failures=1 seconds=0.25\n"));
  EXPECT_EQ(Lines(), 1);
}

TEST_F(PollLogTest, DoesNotRepeatTheSameFailureAtFullRate) {
  for (int i = 0; i < 40; ++i) {
    Fail({.reason = FailureReason::kTimeout});
    clock_.Advance(15s);
  }
  // At once, and a reminder after five minutes.
  EXPECT_EQ(Lines(), 2);
  EXPECT_THAT(out_.str(), HasSubstr("failures=21"));
}

TEST_F(PollLogTest, SaysWhenTheKindChanges) {
  Fail({.reason = FailureReason::kServerError, .http_status = 500});
  Fail({.reason = FailureReason::kServerError, .http_status = 503});
  Fail({.reason = FailureReason::kConnect});
  EXPECT_EQ(Lines(), 3);
}

TEST_F(PollLogTest, SaysOnceThatItWorksAgain) {
  Fail({.reason = FailureReason::kTimeout});
  Fail({.reason = FailureReason::kTimeout});
  End(CompletePoll{});
  End(CompletePoll{});
  EXPECT_EQ(Lines(), 2);
  EXPECT_THAT(out_.str(),
              HasSubstr("level=info msg=\"poll succeeds again\" account=main connection=1 "
                        "name=support failures=2\n"));
}

TEST_F(PollLogTest, BeginsAnewAfterARecovery) {
  Fail({.reason = FailureReason::kTimeout});
  End(CompletePoll{});
  Fail({.reason = FailureReason::kTimeout});
  EXPECT_EQ(Lines(), 3);
  EXPECT_THAT(out_.str(), ::testing::EndsWith("failures=1 seconds=0.25\n"));
}

TEST_F(PollLogTest, SaysARefusedKeyOnceForTheWholeAccount) {
  const PollFailure failure{.reason = FailureReason::kUnauthorized,
                            .http_status = 401,
                            .api_code = "10009",
                            .api_title = "Authentication failed"};
  poll_log_.OnKeyRefused(AccountKey{0},
                         {.failure = failure, .connection_id = "1", .refusals = 2, .wait = 30s});
  EXPECT_THAT(
      out_.str(),
      HasSubstr(
          "level=error msg=\"API key refused\" account=main connection=1 status=401 "
          "code=10009 title=\"Authentication failed\" detail=\"\" refusals=2 wait_seconds=30\n"));
  poll_log_.OnPollEnded(
      kConnection, {.ended = clock_.Now(), .result = std::unexpected(failure), .held_back = true});
  EXPECT_EQ(Lines(), 1);
  poll_log_.OnKeyAccepted(AccountKey{0});
  EXPECT_THAT(out_.str(), HasSubstr("level=info msg=\"API key accepted again\" account=main\n"));
}

TEST_F(PollLogTest, NamesAListThatTheAccountDoesNotHaveOnceUntilThatChanges) {
  DiscoveredConnections known;
  const auto discover = [&](std::vector<std::string_view> lacking) {
    AccountLists lists;
    lists.lacking = std::move(lacking);
    known.Update(std::move(lists));
    poll_log_.OnDiscoveryEnded(
        AccountKey{0}, {.ended_wall = clock_.WallNow(), .result = std::size_t{0}, .known = known});
  };
  discover({});
  const auto before = Lines();
  discover({kVoiceProfilesPath});
  discover({kVoiceProfilesPath});
  EXPECT_EQ(Lines(), before + 1);
  EXPECT_THAT(out_.str(), HasSubstr("level=info msg=\"list not available, its limits are "
                                    "unknown\" account=main list=/outbound_voice_profiles\n"));
  discover({});
  discover({kVoiceProfilesPath});
  EXPECT_EQ(Lines(), before + 2);
}

TEST_F(PollLogTest, QuotesTheApisDetail) {
  Fail({.reason = FailureReason::kUnexpectedStatus,
        .http_status = 400,
        .api_title = "Bad Request",
        .api_detail = "page[limit] must be at most 250"});
  EXPECT_THAT(out_.str(),
              HasSubstr("title=\"Bad Request\" detail=\"page[limit] must be at most 250\""));
}

TEST_F(PollLogTest, NamesRowsThatWereLeftOutOnceUntilThatChanges) {
  DiscoveredConnections known;
  const auto discover = [&](RowsLeftOut unusable, RowsLeftOut not_pollable) {
    AccountLists lists;
    lists.unusable = std::move(unusable);
    lists.not_pollable = std::move(not_pollable);
    known.Update(std::move(lists));
    poll_log_.OnDiscoveryEnded(
        AccountKey{0}, {.ended_wall = clock_.WallNow(), .result = std::size_t{0}, .known = known});
  };
  discover({}, {});
  const auto before = Lines();
  discover({.count = 30, .names = {"1", "data[3]"}}, {.count = 1, .names = {"7"}});
  discover({.count = 30, .names = {"1", "data[3]"}}, {.count = 1, .names = {"7"}});
  EXPECT_EQ(Lines(), before + 2);
  EXPECT_THAT(out_.str(), HasSubstr("level=warn msg=\"unusable list entries skipped"
                                    "\" account=main count=30 rows=\"1, "
                                    "data[3]\"\n"));
  EXPECT_THAT(out_.str(), HasSubstr("level=info msg=\"connections that cannot list active calls "
                                    "are not polled\" account=main count=1 connections=7\n"));
}

TEST_F(PollLogTest, SaysOnceForTheAccountThatPollsAreHeldBack) {
  poll_log_.OnConnectionAdded(ConnectionKey{1}, AccountKey{0}, {.id = "2", .name = "sales"});
  poll_log_.OnBudgetChanged(AccountKey{0},
                            {.required_per_second = 5, .allowed_per_second = 10, .connections = 2});
  EXPECT_EQ(Lines(), 0);
  const auto hold_back = [&](ConnectionKey key, FailureReason reason) {
    poll_log_.OnPollEnded(key, {.ended = clock_.Now(),
                                .result = std::unexpected(PollFailure{.reason = reason}),
                                .held_back = true});
  };
  const auto succeed = [&](ConnectionKey key) {
    poll_log_.OnPollEnded(key, {.ended = clock_.Now(), .result = CompletePoll{}});
  };
  for (int i = 0; i < 3; ++i) {
    hold_back(kConnection, FailureReason::kRateLimited);
    hold_back(ConnectionKey{1}, FailureReason::kRateLimited);
  }
  EXPECT_EQ(Lines(), 1);
  EXPECT_THAT(out_.str(), HasSubstr("msg=\"polls held back, values expire\" "
                                    "account=main reason=rate_limited detail=\"\" "
                                    "required_per_second=5 allowed_per_second=10\n"));
  hold_back(kConnection, FailureReason::kRequestBudget);
  EXPECT_EQ(Lines(), 2);
  succeed(kConnection);
  EXPECT_EQ(Lines(), 2);
  succeed(ConnectionKey{1});
  EXPECT_EQ(Lines(), 3);
  EXPECT_THAT(out_.str(), HasSubstr("level=info msg=\"polls no longer held back\" account=main\n"));
}

TEST_F(PollLogTest, SaysWithNumbersThatTheBudgetIsShort) {
  const auto change = [&](double required, std::size_t connections) {
    poll_log_.OnBudgetChanged(
        AccountKey{0},
        {.required_per_second = required, .allowed_per_second = 5, .connections = connections});
  };
  change(20, 300);
  change(20.5, 300);
  EXPECT_EQ(Lines(), 1);
  EXPECT_THAT(out_.str(), HasSubstr("account=main connections=300 required_per_second=20 "
                                    "allowed_per_second=5 remedy="));
  change(26, 390);  // a discovery
  EXPECT_EQ(Lines(), 2);
  change(5, 75);
  EXPECT_EQ(Lines(), 3);
  change(4, 60);
  EXPECT_EQ(Lines(), 3);
}

TEST_F(PollLogTest, DoesNotAdviseAHigherRateWhereTheApiRefusesIt) {
  poll_log_.OnAccountChanged(
      AccountKey{0}, {.name = "main", .rate_limit = {.requests_per_second = 10, .burst = 20}});
  poll_log_.OnBudgetChanged(
      AccountKey{0}, {.required_per_second = 4, .allowed_per_second = 2.5, .connections = 20});
  EXPECT_THAT(out_.str(), HasSubstr("msg=\"the API refuses requests that polling needs (429), "
                                    "polling less often\" account=main"));
  EXPECT_THAT(out_.str(), HasSubstr("remedy=\"raise the intervals, or reduce what other clients "
                                    "send to the API\""));
}

TEST_F(PollLogTest, SaysWhenTheBudgetIsShortForAnotherCause) {
  const auto configure = [&](double rate) {
    poll_log_.OnAccountChanged(
        AccountKey{0}, {.name = "main", .rate_limit = {.requests_per_second = rate, .burst = 20}});
    poll_log_.OnBudgetChanged(
        AccountKey{0}, {.required_per_second = 4, .allowed_per_second = 2.5, .connections = 20});
  };
  configure(10);
  EXPECT_EQ(Lines(), 1);
  configure(3);
  EXPECT_EQ(Lines(), 2);
  EXPECT_THAT(out_.str(), HasSubstr("msg=\"rate limit too low for the configured intervals"));
  configure(3);
  EXPECT_EQ(Lines(), 2);
}

TEST_F(PollLogTest, FollowsAConnectionsName) {
  poll_log_.OnConnectionChanged(kConnection, {.id = "1", .name = "renamed"});
  Fail({.reason = FailureReason::kTimeout});
  EXPECT_THAT(out_.str(), HasSubstr("connection=1 name=renamed"));
}

}  // namespace
}  // namespace telnyx_exporter
