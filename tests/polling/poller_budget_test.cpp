// What the poller makes of a request budget that is too small, of idle connections, and of plans
// that change what it waits for.

#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "polling/poller.h"
#include "support/fake_transport.h"
#include "support/manual_clock.h"
#include "support/pages.h"
#include "support/recording_observer.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::string_view kNoLists =
    R"({"data":[],"meta":{"page_number":1,"page_size":250,"total_pages":1}})";

class PollerBudgetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    plan_.duration_bounds = {60};
    plan_.accounts = {AccountPlan{.name = "main",
                                  .endpoint = std::make_shared<Endpoint>(),
                                  .rate_limit = {.requests_per_second = 5, .burst = 10}}};
  }

  std::vector<ConnectionPlan>& connections() { return plan_.accounts[0].connections; }
  void AddConnections(int count, Duration interval = 15s) {
    for (int i = 0; i < count; ++i) {
      connections().push_back({.id = std::to_string(connections().size()),
                               .interval = interval,
                               .timeout = std::min<Duration>(interval, 10s)});
    }
  }
  void Start() {
    poller_.emplace(plan_, clock_, transport_, PollObservers({&observer_}), 1);
    poller_->Step();
  }
  // Lets time pass; whatever is asked is answered at once.
  void Serve(Duration duration) {
    for (const Instant end = clock_.Now() + duration; clock_.Now() < end;) {
      while (!transport_.pending.empty()) Answer();
      clock_.Advance(50ms);
      poller_->Step();
    }
  }
  virtual void Answer() {
    const std::string& target = transport_.pending[0].request.target;
    if (target.starts_with("/connections?")) {
      transport_.Answer(200, kNoLists);
    } else {
      const bool busy = std::ranges::any_of(busy_, [&](const std::string& id) {
        return target.starts_with("/connections/" + id + "/");
      });
      transport_.Answer(200, busy ? Page({Row(1, 1, 30)}, "", 1) : Page({}, "", 0), headers_);
    }
  }
  std::map<FailureReason, int> Failures() const {
    std::map<FailureReason, int> failures;
    for (const PollReport& report : observer_.ended) {
      if (!report.result) ++failures[report.result.error().reason];
    }
    return failures;
  }

  ManualClock clock_;
  FakeTransport transport_;
  RecordingObserver observer_;
  PollPlan plan_;
  ResponseHeaders headers_;
  std::vector<std::string> busy_;
  std::optional<Poller> poller_;
};

TEST_F(PollerBudgetTest, TellsNeedAndAllowance) {
  AddConnections(300);
  Start();
  ASSERT_THAT(observer_.budgets, SizeIs(1));
  EXPECT_NEAR(observer_.budgets[0].required_per_second, 20, 1e-9);
  EXPECT_EQ(observer_.budgets[0].allowed_per_second, 5);
  EXPECT_EQ(observer_.budgets[0].connections, 300U);
  Serve(5min);
  EXPECT_THAT(observer_.budgets, SizeIs(1));
}

// However large the poll is, what it needs is counted, so that it does not take all from others.
TEST_F(PollerBudgetTest, CountsAPollThatIsTooLargeForTheLimit) {
  AddConnections(1);
  Start();
  int page = 0;
  for (int i = 0; i < 60 * 20; ++i) {
    while (!transport_.pending.empty()) {
      transport_.Answer(200, Page({Row(1, 1, 30)}, "c" + std::to_string(++page), 1'000'000));
      poller_->Step();
    }
    clock_.Advance(50ms);
    poller_->Step();
  }
  EXPECT_GE(Failures()[FailureReason::kRequestBudget], 2);
  // The burst and ten seconds of the limit, every 15 seconds.
  EXPECT_NEAR(observer_.budgets.back().required_per_second, 4, 0.2);
}

TEST_F(PollerBudgetTest, CountsTheListsToo) {
  plan_.accounts[0].discovery = DiscoveryPlan{.refresh_interval = 10s};
  AddConnections(15);
  Start();
  EXPECT_NEAR(observer_.budgets.at(0).required_per_second, 1.1, 1e-9);
}

TEST_F(PollerBudgetTest, PollsAllConnectionsInTurnWhereTheBudgetIsShort) {
  AddConnections(300);
  for (const ConnectionPlan& connection : connections()) busy_.push_back(connection.id);
  Start();
  Serve(20min);
  EXPECT_THAT(Failures(), IsEmpty());
  std::map<std::string, int> polls;
  for (const std::string& id : observer_.begun) ++polls[id];
  EXPECT_THAT(polls, SizeIs(300));
  for (const auto& [id, count] : polls) EXPECT_NEAR(count, 20, 2) << id;
  for (const PollReport& report : observer_.ended) {
    ASSERT_NEAR(ToSeconds(report.in_force.interval), 60, 1);
    ASSERT_EQ(report.in_force.stale_after, 3 * report.in_force.interval);
  }
}

TEST_F(PollerBudgetTest, LetsBusyConnectionsGoFirst) {
  AddConnections(150);
  for (int i = 0; i < 60; ++i) busy_.push_back(std::to_string(i));
  Start();
  Serve(5min);
  observer_.begun.clear();
  observer_.ended.clear();
  Serve(10min);
  std::map<std::string, int> polls;
  for (const std::string& id : observer_.begun) ++polls[id];
  // 4 a second for the busy ones, 1 for 90 idle ones that want 6: four times as long at most.
  EXPECT_GT(polls["3"], 3 * polls["100"]);
  EXPECT_GT(polls["100"], 4);
  EXPECT_THAT(Failures(), IsEmpty());
}

TEST_F(PollerBudgetTest, SaysThatTheBudgetIsShortWhenGivenValuesExpire) {
  AddConnections(300);
  for (ConnectionPlan& connection : connections()) connection.stale_after = 20s;
  Start();
  Serve(10min);
  EXPECT_THAT(Failures(), SizeIs(1));
  EXPECT_GT(Failures()[FailureReason::kRequestBudget], 300);
  for (const PollReport& report : observer_.ended) {
    EXPECT_EQ(report.held_back, !report.result);
    EXPECT_EQ(report.in_force.stale_after, Duration(20s));
  }
  EXPECT_EQ(observer_.begun.size(), observer_.ended.size());
}

TEST_F(PollerBudgetTest, SaysThatTheApiForbidsRequestsWhenValuesExpire) {
  AddConnections(30);
  headers_ = {.rate_limit_remaining = "0", .rate_limit_reset = "60"};
  Start();
  Serve(3min);
  EXPECT_THAT(Failures(), SizeIs(1));
  EXPECT_GT(Failures()[FailureReason::kRateLimited], 20);
}

TEST_F(PollerBudgetTest, SaysThatAllSlotsAreTakenWhenTheFirstPollIsOverdue) {
  plan_.max_concurrent_requests = 1;
  AddConnections(2);
  connections()[0].timeout = connections()[1].timeout = 1h;
  Start();
  for (int i = 0; i < 1400; ++i) {
    clock_.Advance(50ms);
    poller_->Step();
  }
  EXPECT_THAT(transport_.pending, SizeIs(1));
  EXPECT_EQ(Failures(), (std::map<FailureReason, int>{{FailureReason::kRequestBudget, 1}}));
  EXPECT_EQ(observer_.ended[0].result.error().detail,
            "not asked in time: all 1 poll.max_concurrent_requests are under way");
  EXPECT_EQ(observer_.waited, Duration(0));
}

TEST_F(PollerBudgetTest, LeavesNothingWithoutAWordAtATinyRate) {
  plan_.accounts[0].rate_limit = {.requests_per_second = 1e-10, .burst = 1};
  AddConnections(1000);
  for (ConnectionPlan& connection : connections()) connection.stale_after = 45s;
  Start();
  Serve(2min);
  EXPECT_THAT(transport_.sent, SizeIs(1));
}

TEST_F(PollerBudgetTest, LeavesNoConnectionWithoutAWordForLongAtATinyRate) {
  plan_.accounts[0].rate_limit = {.requests_per_second = 1e-7, .burst = 1};
  AddConnections(10);
  Start();
  Serve(5min + 16s);
  EXPECT_EQ(Failures(), (std::map<FailureReason, int>{{FailureReason::kRequestBudget, 9}}));
  for (const PollReport& report : observer_.ended) {
    EXPECT_LE(report.in_force.interval, Duration(24h));
  }
}

TEST_F(PollerBudgetTest, BlamesTheRateLimitWhenAPollsPagesTakeTooLongBecauseOfIt) {
  plan_.accounts[0].rate_limit = {.requests_per_second = 2, .burst = 1};
  AddConnections(1);
  Start();
  for (int i = 0; i < 600 && observer_.ended.empty(); ++i) {
    while (!transport_.pending.empty()) {
      transport_.Answer(200, Page({Row(1, 1, 30)}, std::to_string(transport_.sent.size()), 99));
    }
    clock_.Advance(50ms);
    poller_->Step();
  }
  ASSERT_THAT(observer_.ended, SizeIs(1));
  const PollFailure& failure = observer_.ended[0].result.error();
  EXPECT_EQ(failure.reason, FailureReason::kRequestBudget);
  EXPECT_EQ(
      failure.detail,
      "the time-out passed after page 20: requests waited for the rate limit; it allows 2 per "
      "second, and the account needs 0.0667 on average");
}

TEST_F(PollerBudgetTest, BlamesTheApiWhenItsQuotaHoldsBackAPollsNextPage) {
  AddConnections(1);
  Start();
  headers_ = {.rate_limit_remaining = "0", .rate_limit_reset = "60"};
  for (int i = 0; i < 600 && observer_.ended.empty(); ++i) {
    while (!transport_.pending.empty()) {
      transport_.Answer(200, Page({Row(1, 1, 30)}, "next", 2), headers_);
    }
    clock_.Advance(50ms);
    poller_->Step();
  }
  EXPECT_EQ(Failures(), (std::map<FailureReason, int>{{FailureReason::kRateLimited, 1}}));
}

TEST_F(PollerBudgetTest, ShowsOtherBucketsAsSoonAsAfterAStart) {
  AddConnections(2, 1h);
  Start();
  Serve(16s);
  ASSERT_THAT(observer_.ended, SizeIs(2));
  plan_.long_call_thresholds = {7};
  poller_->Apply(plan_);
  Serve(16s);
  ASSERT_THAT(observer_.ended, SizeIs(4));
  EXPECT_EQ(*observer_.ended[3].result->long_call_thresholds, (std::vector<std::uint32_t>{7}));
  plan_.duration_bounds = {5, 60};
  poller_->Apply(plan_);
  Serve(16s);
  EXPECT_THAT(observer_.ended, SizeIs(6));
}

TEST_F(PollerBudgetTest, PollsIdleConnectionsAtTheIdleInterval) {
  AddConnections(2);
  for (ConnectionPlan& connection : connections()) connection.idle_interval = 60s;
  busy_ = {"1"};
  Start();
  Serve(2min);
  observer_.begun.clear();
  Serve(10min);
  std::map<std::string, int> polls;
  for (const std::string& id : observer_.begun) ++polls[id];
  EXPECT_EQ(polls, (std::map<std::string, int>{{"0", 10}, {"1", 40}}));
  EXPECT_NEAR(observer_.budgets.back().required_per_second, 1 / 15.0 + 1 / 60.0, 1e-9);
  busy_ = {"0", "1"};
  Serve(61s);
  observer_.begun.clear();
  Serve(1min);
  EXPECT_THAT(observer_.begun, SizeIs(8));
}

TEST_F(PollerBudgetTest, FollowsALowerRateAndItsRecovery) {
  AddConnections(60);
  Start();
  Serve(1min);
  EXPECT_THAT(observer_.intervals, IsEmpty());
  while (transport_.pending.empty()) {
    clock_.Advance(50ms);
    poller_->Step();
  }
  transport_.Answer(429, "{}");
  EXPECT_NEAR(observer_.budgets.back().allowed_per_second, 2.5, 1e-9);
  ASSERT_THAT(observer_.intervals, SizeIs(60));
  Serve(6min);
  EXPECT_EQ(observer_.budgets.back().allowed_per_second, 5);
  EXPECT_EQ(observer_.intervals.back().interval, Duration(15s));
}

// What a reload changes.

TEST_F(PollerBudgetTest, LetsFirstPollsBeginWhenTheRateIsRaised) {
  plan_.accounts[0].rate_limit = {.requests_per_second = 0.5, .burst = 1};
  AddConnections(300);
  Start();
  Serve(200s);
  ASSERT_THAT(Failures(), IsEmpty());
  plan_.accounts[0].rate_limit = {.requests_per_second = 100, .burst = 20};
  poller_->Apply(plan_);
  Serve(20s);
  EXPECT_EQ(std::set(observer_.begun.begin(), observer_.begun.end()).size(), 300U);
  Serve(2min);
  EXPECT_THAT(Failures(), IsEmpty());
}

TEST_F(PollerBudgetTest, ReadsTheListsByTheNewIntervalNow) {
  plan_.accounts[0].discovery = DiscoveryPlan{.refresh_interval = 24h};
  Start();
  Serve(1min);
  ASSERT_THAT(observer_.discoveries, SizeIs(1));
  plan_.accounts[0].discovery->refresh_interval = 10s;
  poller_->Apply(plan_);
  Serve(30s);
  EXPECT_GE(observer_.discoveries.size(), 3U);
}

TEST_F(PollerBudgetTest, ReadsTheListsAnewWhenLimitsAreWantedDuringARefresh) {
  plan_.accounts[0].discovery = DiscoveryPlan{.refresh_interval = 24h};
  Start();
  ASSERT_THAT(transport_.pending, SizeIs(1));
  plan_.accounts[0].discovery->channel_limits = true;
  poller_->Apply(plan_);
  EXPECT_THAT(transport_.pending, IsEmpty());
  poller_->Step();
  transport_.sent.clear();
  for (int i = 0; i < 8; ++i) {
    ASSERT_THAT(transport_.pending, SizeIs(1)) << i;
    transport_.Answer(200, kNoLists);
    clock_.Advance(1s);
    poller_->Step();
  }
  EXPECT_THAT(observer_.discoveries, SizeIs(1));
}

TEST_F(PollerBudgetTest, ForgetsWhatTheListsSaidWhenDiscoveryEnds) {
  AddConnections(1);
  plan_.accounts[0].discovery = DiscoveryPlan{.refresh_interval = 24h, .channel_limits = true};
  Start();
  transport_.Answer(200,
                    R"({"data":[{"id":"0","record_type":"ip_connection","connection_name":"x",)"
                    R"("outbound_voice_profile_id":"7"}],)"
                    R"("meta":{"page_number":1,"page_size":250,"total_pages":1}})");
  for (int i = 0; i < 7; ++i) {
    poller_->Step();
    transport_.Answer(200, kNoLists);
  }
  ASSERT_EQ(observer_.plans.back().record_type, "ip_connection");
  plan_.accounts[0].discovery.reset();
  poller_->Apply(plan_);
  EXPECT_EQ(observer_.plans.back().record_type, "");
}

TEST_F(PollerBudgetTest, StopsAtMoreConnectionsThanMayBe) {
  plan_.accounts[0].discovery = DiscoveryPlan{.refresh_interval = 24h,
                                              .max_connections = 2,
                                              .connection = {.interval = 15s, .timeout = 10s}};
  plan_.accounts[0].discovery->exclude.name = NamePattern::Compile("no.*").value();
  const auto lists = [](int kept) {
    std::string rows;
    for (int i = 0; i < 5; ++i) {
      rows += std::string(i == 0 ? "" : ",") + R"({"id":")" + std::to_string(i) +
              R"(","record_type":"call_control_application","connection_name":")" +
              (i < kept ? "yes" : "no") + R"("})";
    }
    return R"({"data":[)" + rows + R"(],"meta":{"page_number":1,"page_size":250,"total_pages":1}})";
  };
  Start();
  transport_.Answer(200, lists(2));
  EXPECT_EQ(observer_.discoveries.at(0).value(), 2U);
  plan_.accounts[0].endpoint = std::make_shared<Endpoint>(Endpoint{.api_key = Secret("KEY2")});
  poller_->Apply(plan_);
  poller_->Step();
  transport_.Answer(200, lists(3));
  EXPECT_EQ(observer_.discoveries.at(1).error().reason, FailureReason::kTooManyConnections);
  EXPECT_THAT(observer_.removed, IsEmpty());
}

TEST_F(PollerBudgetTest, TriesARefusedConnectionUnderANewKeyAtOnce) {
  AddConnections(3, 1h);
  Start();
  for (int i = 0; i < 400; ++i) {
    while (!transport_.pending.empty()) transport_.Answer(403, "{}");
    clock_.Advance(50ms);
    poller_->Step();
  }
  EXPECT_THAT(transport_.sent, SizeIs(3));
  plan_.accounts[0].endpoint = std::make_shared<Endpoint>(Endpoint{.api_key = Secret("KEY2")});
  poller_->Apply(plan_);
  Serve(16s);
  EXPECT_THAT(transport_.sent, SizeIs(6));
}

TEST_F(PollerBudgetTest, SendsAsManyAtOnceAsTheNewPlanSays) {
  plan_.first_polls_at_once = true;
  plan_.max_concurrent_requests = 1;
  AddConnections(5);
  Start();
  EXPECT_THAT(transport_.pending, SizeIs(1));
  plan_.max_concurrent_requests = 4;
  poller_->Apply(plan_);
  poller_->Step();
  EXPECT_THAT(transport_.pending, SizeIs(4));
}

// The refused key.

TEST_F(PollerBudgetTest, IsNotSilencedByTheSlowestConnectionWhenTheKeyIsRefused) {
  AddConnections(2);
  AddConnections(1, 1h);
  Start();
  // The slow one's poll is the one that meets the refusal, each time.
  std::size_t longest_pause = 0;
  std::size_t pause = 0;
  for (int i = 0; i < 20 * 3600; ++i) {
    if (transport_.pending.empty()) {
      longest_pause = std::max(longest_pause, ++pause);
    } else {
      pause = 0;
      while (!transport_.pending.empty()) transport_.Answer(401, "{}");
    }
    clock_.Advance(50ms);
    poller_->Step();
  }
  EXPECT_LE(longest_pause, 20U * 316);
}

TEST_F(PollerBudgetTest, LetsAnotherConnectionTryTheKeyWhenTheOneThatWasToIsRemoved) {
  AddConnections(2);
  Start();
  Serve(0s);
  while (transport_.pending.empty()) {
    clock_.Advance(50ms);
    poller_->Step();
  }
  transport_.Answer(401, "{}");
  while (transport_.pending.empty()) {
    clock_.Advance(50ms);
    poller_->Step();
  }
  const bool first = transport_.pending[0].request.target.starts_with("/connections/0/");
  connections().erase(connections().begin() + (first ? 0 : 1));
  poller_->Apply(plan_);
  ASSERT_THAT(transport_.pending, IsEmpty());
  for (int i = 0; i < 320 && transport_.pending.empty(); ++i) {
    clock_.Advance(50ms);
    poller_->Step();
  }
  EXPECT_THAT(transport_.pending, SizeIs(1));
}

}  // namespace
}  // namespace telnyx_exporter
