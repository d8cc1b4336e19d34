#include "polling/poller.h"

#include <algorithm>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "polling/request_sequence.h"
#include "support/fake_transport.h"
#include "support/manual_clock.h"
#include "support/pages.h"
#include "support/recording_observer.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::SizeIs;
using Kind = TransportError::Kind;

// Without more words a page without calls.
struct Reply {
  int status = 200;
  std::string body = Page({}, "", 0);
};

class PollerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    plan_.duration_bounds = {60, 600};
    plan_.accounts = {AccountPlan{.name = "main",
                                  .endpoint = std::make_shared<Endpoint>(),
                                  .rate_limit = {.requests_per_second = 100, .burst = 100}}};
  }

  void AddConnections(int count, std::size_t account = 0) {
    for (int i = 0; i < count; ++i) {
      plan_.accounts[account].connections.push_back(
          {.id = plan_.accounts[account].name + std::to_string(i),
           .interval = 15s,
           .timeout = 10s,
           .stale_after = 45s});
    }
  }

  // With the first polls in their places in time.
  void Start() {
    poller_.emplace(plan_, clock_, transport_, PollObservers({&observer_}), 1);
    poller_->Step();
  }
  void StartAtOnce() {
    plan_.first_polls_at_once = true;
    Start();
  }

  void StartSingleRound() {
    plan_.single_round = true;
    StartAtOnce();
  }

  // Lets time pass in small steps, so that everything happens when it is due.
  void Pass(Duration duration) {
    const Instant end = clock_.Now() + duration;
    while (clock_.Now() < end) {
      clock_.Advance(std::min<Duration>(10ms, end - clock_.Now()));
      poller_->Step();
    }
  }

  // For that long, gives each request the reply to its target, within half a second.
  void AnswerFor(Duration duration, const std::function<Reply(const std::string&)>& reply) {
    for (const Instant end = clock_.Now() + duration; clock_.Now() < end;) {
      Pass(500ms);
      while (!transport_.pending.empty()) {
        const Reply next = reply(transport_.pending[0].request.target);
        transport_.Answer(next.status, next.body);
      }
    }
  }
  void AnswerFor(Duration duration, const Reply& reply = {}) {
    AnswerFor(duration, [&](const std::string&) { return reply; });
  }

  const CompletePoll& Complete(std::size_t index) {
    return observer_.ended.at(index).result.value();
  }
  const PollFailure& Failed(std::size_t index) { return observer_.ended.at(index).result.error(); }

  ManualClock clock_;
  FakeTransport transport_;
  RecordingObserver observer_;
  PollPlan plan_;
  std::optional<Poller> poller_;
};

TEST_F(PollerTest, WalksAllPagesAndSumsThemUp) {
  AddConnections(1);
  StartAtOnce();
  ASSERT_THAT(transport_.sent, ElementsAre("/connections/main0/active_calls?page%5Blimit%5D=250"));
  transport_.Answer(200, Page({Row(1, 1, 30), Row(2, 1, 700)}, "v1:a+/=", 3));
  poller_->Step();
  ASSERT_THAT(transport_.sent, SizeIs(2));
  EXPECT_EQ(transport_.sent[1],
            "/connections/main0/active_calls?page%5Blimit%5D=250&page%5Bafter%5D=v1%3Aa%2B%2F%3D");
  transport_.Answer(200, Page({Row(2, 1, 701), Row(3, 2, 60)}, "", 3));
  ASSERT_THAT(observer_.ended, SizeIs(1));
  const CompletePoll& poll = Complete(0);
  EXPECT_EQ(poll.summary.legs, 3U);
  EXPECT_EQ(poll.summary.sessions, 2U);
  EXPECT_EQ(poll.summary.longest_seconds, 701U);
  EXPECT_THAT(poll.summary.bucket_counts, ElementsAre(2, 0, 1));
  EXPECT_EQ(poll.reported_legs, 3U);
  EXPECT_EQ(poll.pages, 2U);
  ASSERT_THAT(poll.longest_calls, SizeIs(3));
  EXPECT_EQ(poll.longest_calls[0].duration_seconds, 701U);
  EXPECT_TRUE(IsUuid(poll.longest_calls[0].leg));
  EXPECT_EQ(*poll.duration_bounds, plan_.duration_bounds);
}

TEST_F(PollerTest, ReportsNothingOfAWalkThatFailsOnItsLastPage) {
  AddConnections(1);
  StartAtOnce();
  transport_.Answer(200, Page({Row(1, 1, 30)}, "c", 2));
  poller_->Step();
  transport_.Answer(200, R"({"data":[{"call_leg_id":"x"}],"meta":{}})");
  ASSERT_THAT(observer_.ended, SizeIs(1));
  EXPECT_EQ(Failed(0).reason, FailureReason::kMalformedResponse);
  EXPECT_EQ(Failed(0).detail, "page 2: data[0].call_duration is missing");
}

TEST_F(PollerTest, QuotesTheApisErrorCodeAndTitle) {
  AddConnections(1);
  StartAtOnce();
  transport_.Answer(401, R"({"errors":[{"code":"10009","title":"Authentication failed"}]})");
  EXPECT_EQ(Failed(0), (PollFailure{.reason = FailureReason::kUnauthorized,
                                    .http_status = 401,
                                    .api_code = "10009",
                                    .api_title = "Authentication failed"}));
}

TEST_F(PollerTest, HidesTheKeyThatTheApiQuotes) {
  plan_.accounts[0].endpoint = std::make_shared<Endpoint>(Endpoint{.api_key = Secret("token")});
  AddConnections(1);
  StartAtOnce();
  transport_.Answer(401, R"({"errors":[{"code":"1","title":"No token","detail":"token?"}]})");
  EXPECT_EQ(Failed(0).api_title, "No <secret>");
  EXPECT_EQ(Failed(0).api_detail, "<secret>?");
}

TEST_F(PollerTest, ResumesAtTheFailedPage) {
  AddConnections(1);
  StartAtOnce();
  transport_.Answer(200, Page({Row(1, 1, 30)}, "c", 2));
  poller_->Step();
  transport_.Answer(503, "<html>");
  ASSERT_THAT(observer_.retries, SizeIs(1));
  Pass(observer_.retries[0]);
  ASSERT_THAT(transport_.sent, SizeIs(3));
  EXPECT_EQ(transport_.sent[2], transport_.sent[1]);
  transport_.Answer(200, Page({Row(2, 2, 40)}, "", 2));
  EXPECT_EQ(Complete(0).summary.legs, 2U);
}

TEST_F(PollerTest, GivesUpAtThePollsTimeout) {
  AddConnections(1);
  StartAtOnce();
  while (observer_.ended.empty()) {
    ASSERT_THAT(transport_.pending, SizeIs(1));
    transport_.Fail(Kind::kConnect);
    for (int i = 0; i < 400 && transport_.pending.empty(); ++i) Pass(10ms);
  }
  EXPECT_GT(transport_.sent.size(), 2U);
  ASSERT_THAT(observer_.ended, SizeIs(1));
  EXPECT_EQ(Failed(0).reason, FailureReason::kConnect);
  EXPECT_LE(observer_.ended[0].elapsed, Duration(10s));
}

TEST_F(PollerTest, CancelsARequestThatOutlivesThePoll) {
  AddConnections(1);
  StartAtOnce();
  Pass(10s);
  EXPECT_EQ(transport_.cancelled, 1U);
  EXPECT_EQ(Failed(0).reason, FailureReason::kTimeout);
}

TEST_F(PollerTest, DoesNotPublishAnAnswerThatIsReadAfterThePollsTimeout) {
  AddConnections(1);
  StartAtOnce();
  clock_.Advance(3h);  // the machine was suspended
  transport_.Answer(200, Page({Row(1, 1, 30)}, "", 1));
  ASSERT_THAT(observer_.ended, SizeIs(1));
  EXPECT_EQ(Failed(0).reason, FailureReason::kTimeout);
}

TEST_F(PollerTest, DoesNotGoOnWithAPageThatIsReadAfterThePollsTimeout) {
  AddConnections(1);
  StartAtOnce();
  transport_.Answer(503, "{}");
  Pass(1s);
  clock_.Advance(3h);
  transport_.Answer(200, Page({Row(1, 1, 30)}, "c", 2));
  ASSERT_THAT(observer_.ended, SizeIs(1));
  EXPECT_EQ(Failed(0).reason, FailureReason::kServerError);
}

TEST_F(PollerTest, GivesARequestHalfOfThePollsTimeAtMost) {
  AddConnections(1);
  StartAtOnce();
  EXPECT_EQ(transport_.pending[0].request.timeout, Duration(5s));
  Pass(7s);
  transport_.Answer(200, Page({Row(1, 1, 30)}, "c", 2));
  poller_->Step();
  EXPECT_EQ(transport_.pending[0].request.timeout, Duration(3s));
}

TEST_F(PollerTest, PollsEachConnectionOnceAnInterval) {
  AddConnections(20);
  Start();
  for (int i = 0; i < 6000; ++i) {
    Pass(10ms);
    while (!transport_.pending.empty()) transport_.Answer(200, Page({}, "", 0));
  }
  std::map<std::string, int> polls;
  for (const std::string& id : observer_.begun) ++polls[id];
  ASSERT_THAT(polls, SizeIs(20));
  for (const auto& [id, count] : polls) EXPECT_EQ(count, 4) << id;
  EXPECT_EQ(observer_.skipped, 0U);
}

TEST_F(PollerTest, NeverPollsAConnectionTwiceAtATimeAndCountsWhatItSkips) {
  AddConnections(1);
  plan_.accounts[0].connections[0].timeout = 1h;
  Start();
  Pass(61s);
  EXPECT_THAT(transport_.pending, SizeIs(1));
  EXPECT_THAT(observer_.begun, SizeIs(1));
  EXPECT_EQ(observer_.skipped, 3U);
}

TEST_F(PollerTest, GoesOnAtItsPlacesInTimeAfterAPause) {
  AddConnections(20);
  Start();
  clock_.Advance(1h);
  poller_->Step();
  EXPECT_THAT(transport_.sent, SizeIs(0));
  EXPECT_EQ(observer_.skipped, 20 * 240U);
  Pass(5s);
  EXPECT_THAT(transport_.sent, SizeIs(AllOf(Ge(1U), Le(15U))));
  Pass(10s);
  EXPECT_THAT(transport_.sent, SizeIs(20));
}

TEST_F(PollerTest, HoldsAllIntervalsWhenTheWallClockIsSet) {
  AddConnections(1);
  Start();
  Pass(15s);
  ASSERT_THAT(transport_.pending, SizeIs(1));
  transport_.Answer(200, Page({}, "", 0));
  clock_.SetWallTime(clock_.WallNow() - 24h);
  Pass(15s);
  EXPECT_THAT(transport_.pending, SizeIs(1));
  EXPECT_THAT(observer_.begun, SizeIs(2));
}

TEST_F(PollerTest, KeepsToTheMostRequestsAtOnce) {
  plan_.max_concurrent_requests = 3;
  AddConnections(10);
  StartAtOnce();
  EXPECT_THAT(transport_.pending, SizeIs(3));
  transport_.Answer(200, Page({}, "", 0));
  poller_->Step();
  EXPECT_THAT(transport_.pending, SizeIs(3));
  EXPECT_THAT(transport_.sent, SizeIs(4));
}

TEST_F(PollerTest, KeepsToTheAccountsRateLimit) {
  plan_.accounts[0].rate_limit = {.requests_per_second = 10, .burst = 2};
  AddConnections(10);
  StartAtOnce();
  EXPECT_THAT(transport_.sent, SizeIs(2));
  Pass(500ms);
  EXPECT_THAT(transport_.sent, SizeIs(7));
  EXPECT_GT(observer_.waited, Duration(1400ms));
  EXPECT_LT(observer_.waited, Duration(1600ms));
}

TEST_F(PollerTest, WakesUpWhenTheRateLimitAllows) {
  plan_.accounts[0].rate_limit = {.requests_per_second = 10, .burst = 1};
  AddConnections(2);
  StartAtOnce();
  ASSERT_TRUE(poller_->NextWake().has_value());
  EXPECT_EQ(*poller_->NextWake() - clock_.Now(), Duration(100ms));
}

TEST_F(PollerTest, EndsWalksBeforeItBeginsNewOnes) {
  plan_.max_concurrent_requests = 1;
  AddConnections(2);
  StartAtOnce();
  transport_.Answer(200, Page({Row(1, 1, 30)}, "c", 2));
  poller_->Step();
  EXPECT_THAT(transport_.sent[1], HasSubstr("main0"));
}

TEST_F(PollerTest, GivesEveryAccountItsTurn) {
  plan_.max_concurrent_requests = 1;
  plan_.accounts.push_back(AccountPlan{.name = "other", .endpoint = std::make_shared<Endpoint>()});
  AddConnections(3, 0);
  AddConnections(3, 1);
  StartAtOnce();
  for (int i = 0; i < 3; ++i) {
    transport_.Answer(200, Page({}, "", 0));
    poller_->Step();
  }
  EXPECT_THAT(observer_.begun, ElementsAre("main0", "other0", "main1", "other1"));
}

TEST_F(PollerTest, AnAccountThatIsNotAnsweredLeavesRequestsToOthers) {
  plan_.max_concurrent_requests = 4;
  plan_.accounts.push_back(AccountPlan{.name = "other",
                                       .endpoint = std::make_shared<Endpoint>(),
                                       .rate_limit = {.requests_per_second = 100, .burst = 100}});
  AddConnections(100, 0);
  AddConnections(100, 1);
  Start();
  std::size_t answered = 0;
  for (int i = 0; i < 6000; ++i) {
    Pass(10ms);
    const auto is_other = [](const auto& request) {
      return request.request.target.contains("other");
    };
    for (auto next = std::ranges::find_if(transport_.pending, is_other);
         next != transport_.pending.end();
         next = std::ranges::find_if(transport_.pending, is_other)) {
      std::rotate(transport_.pending.begin(), next, next + 1);
      transport_.Answer(200, Page({}, "", 0));
      ++answered;
    }
  }
  EXPECT_GE(answered, 300U);
}

TEST_F(PollerTest, EndsOneWalkAfterTheOtherWhereTheLimitIsTooSmallForAll) {
  plan_.accounts[0].rate_limit = {.requests_per_second = 10, .burst = 20};
  AddConnections(20);
  StartSingleRound();
  std::map<std::string, int> pages;
  for (int i = 0; i < 1001; ++i) {
    while (!transport_.pending.empty()) {
      const std::string target = transport_.pending[0].request.target;
      const int page = ++pages[target.substr(0, target.find('?'))];
      const std::string cursor = page < 10 ? "c" + std::to_string(page) : "";
      transport_.Answer(200, Page({Row(1, 1, 30)}, cursor, 10));
      poller_->Step();
    }
    Pass(10ms);
  }
  EXPECT_THAT(
      std::ranges::count_if(observer_.ended,
                            [](const PollReport& report) { return report.result.has_value(); }),
      Ge(10));
}

TEST_F(PollerTest, AnAccountAtItsLimitDoesNotHoldUpAnother) {
  plan_.accounts[0].rate_limit = {.requests_per_second = 0.001, .burst = 1};
  plan_.accounts.push_back(AccountPlan{.name = "other", .endpoint = std::make_shared<Endpoint>()});
  AddConnections(3, 0);
  AddConnections(3, 1);
  StartAtOnce();
  EXPECT_THAT(transport_.sent, SizeIs(4));
}

TEST_F(PollerTest, ReportsHowLateAPollBegins) {
  plan_.accounts[0].rate_limit = {.requests_per_second = 1, .burst = 1};
  AddConnections(2);
  StartAtOnce();
  Pass(1s);
  EXPECT_THAT(observer_.lags, ElementsAre(Duration(0s), Duration(1s)));
}

TEST_F(PollerTest, ReportsEveryRequest) {
  AddConnections(1);
  StartAtOnce();
  transport_.Answer(429, "{}", {.rate_limit_limit = "100", .rate_limit_remaining = "0"});
  Pass(1s);
  transport_.Fail(Kind::kTls);
  ASSERT_THAT(observer_.requests, SizeIs(2));
  EXPECT_EQ(observer_.requests[0].http_status, 429);
  EXPECT_EQ(observer_.requests[0].rate_limit_limit, 100);
  EXPECT_EQ(observer_.requests[0].rate_limit_remaining, 0);
  EXPECT_EQ(observer_.requests[0].body_bytes, 2U);
  EXPECT_EQ(observer_.requests[0].rate_limit, plan_.accounts[0].rate_limit);
  EXPECT_EQ(observer_.requests[0].requests_per_second, 50);
  EXPECT_EQ(observer_.requests[1].http_status, 0);
  EXPECT_EQ(Failed(0).reason, FailureReason::kTls);
}

TEST_F(PollerTest, RunEndsWhenItIsToldToAndCancelsWhatIsInFlight) {
  AddConnections(3);
  StartAtOnce();
  std::stop_source stop;
  transport_.on_run = [&](Duration) { stop.request_stop(); };
  poller_->Run(stop.get_token());
  EXPECT_EQ(transport_.wakes, 1);
  poller_.reset();
  EXPECT_EQ(transport_.cancelled, 3U);
  EXPECT_THAT(observer_.ended, SizeIs(0));
}

constexpr std::string_view kRefused =
    R"({"errors":[{"code":"10009","title":"Authentication failed"}]})";

TEST_F(PollerTest, AsksLessOftenWhileTheKeyIsRefused) {
  AddConnections(4);
  Start();
  AnswerFor(1h, {401, std::string(kRefused)});
  // 15, 30, 60, 120, 240 and then every 300 seconds.
  EXPECT_THAT(transport_.sent, SizeIs(AllOf(Ge(14U), Le(17U))));
  EXPECT_EQ(observer_.key_waits.size(), transport_.sent.size());
  EXPECT_EQ(observer_.key_waits.back(), kLongestRefusedInterval);
  // Meanwhile every connection has a reason.
  EXPECT_THAT(observer_.ended, SizeIs(AllOf(Ge(4 * 239U), Le(4 * 241U))));
  for (const PollReport& report : observer_.ended) {
    EXPECT_EQ(report.result.error().reason, FailureReason::kUnauthorized);
  }
  EXPECT_EQ(observer_.begun.size(), observer_.ended.size());
}

TEST_F(PollerTest, TriesARefusedKeyWithinFiveMinutesHoweverLongTheIntervals) {
  AddConnections(12);
  for (ConnectionPlan& connection : plan_.accounts[0].connections) {
    connection.interval = 1h;
    connection.stale_after = 3h;
  }
  StartAtOnce();
  while (!transport_.pending.empty()) transport_.Answer(401, kRefused);
  transport_.sent.clear();
  AnswerFor(1h, {401, std::string(kRefused)});
  // One of them, every five minutes.
  EXPECT_THAT(transport_.sent, SizeIs(AllOf(Ge(11U), Le(13U))));
  EXPECT_EQ(observer_.key_waits.back(), kLongestRefusedInterval);
  transport_.sent.clear();
  AnswerFor(6min);
  EXPECT_EQ(observer_.keys_accepted, 1);
  EXPECT_THAT(transport_.sent, SizeIs(Ge(12U)));
}

TEST_F(PollerTest, PollsAllAgainWhenTheKeyIsAccepted) {
  AddConnections(4);
  Start();
  AnswerFor(100s, {401, std::string(kRefused)});
  while (observer_.keys_accepted == 0) AnswerFor(500ms);
  transport_.sent.clear();
  AnswerFor(15s);
  EXPECT_THAT(transport_.sent, SizeIs(4));
  EXPECT_EQ(observer_.keys_accepted, 1);
}

TEST_F(PollerTest, PollsSoonWhatARefusedKeyHeldBackHoweverLongItsInterval) {
  AddConnections(2);
  plan_.accounts[0].connections[1].interval = 1h;
  plan_.accounts[0].connections[1].stale_after = 3h;
  StartAtOnce();
  while (!transport_.pending.empty()) transport_.Answer(401, kRefused);
  while (observer_.keys_accepted == 0) AnswerFor(500ms);
  transport_.sent.clear();
  AnswerFor(1min);
  EXPECT_THAT(transport_.sent, SizeIs(5));
  EXPECT_TRUE(observer_.ended.back().result.has_value());
}

TEST_F(PollerTest, DoesNotTakeTheRefusalOfOneConnectionForThatOfTheKey) {
  AddConnections(8);
  Start();
  AnswerFor(1h, [](const std::string& target) {
    return target.contains("main0") ? Reply{401, std::string(kRefused)} : Reply();
  });
  EXPECT_THAT(observer_.key_waits, SizeIs(1));
  // It is asked less often, as one that is not found.
  EXPECT_THAT(std::ranges::count_if(observer_.ended,
                                    [](const PollReport& report) { return !report.result; }),
              AllOf(Ge(14), Le(20)));
}

class PollerRefusedKeyTest : public PollerTest {
 protected:
  void SetUp() override {
    PollerTest::SetUp();
    AddConnections(1);
    Start();
    Pass(15s);
    transport_.Answer(401, kRefused);
    Pass(15s);
    ASSERT_THAT(transport_.pending, SizeIs(1));
    ASSERT_THAT(observer_.key_waits, SizeIs(1));
  }
};

TEST_F(PollerRefusedKeyTest, TakesNoAnswerThatSaysNothingOfTheKeyForItsAcceptance) {
  transport_.Answer(301, "");
  ASSERT_THAT(observer_.ended, SizeIs(2));
  EXPECT_EQ(observer_.keys_accepted, 0);
  Pass(15s);
  transport_.Answer(200, "<html>");
  ASSERT_THAT(observer_.ended, SizeIs(3));
  EXPECT_EQ(observer_.keys_accepted, 0);
}

TEST_F(PollerRefusedKeyTest, TakesTheFirstPageForTheKeysAcceptance) {
  transport_.Answer(200, Page({Row(1, 1, 30)}, "c", 2));
  EXPECT_EQ(observer_.keys_accepted, 1);
}

TEST_F(PollerRefusedKeyTest, TakesARefusalOfTheConnectionAloneForTheKeysAcceptance) {
  transport_.Answer(404, "{}");
  EXPECT_EQ(observer_.keys_accepted, 1);
}

TEST_F(PollerTest, TriesAgainSoonWhatAnOldKeyIsStillRefusedFor) {
  AddConnections(1);
  plan_.accounts[0].connections[0].interval = 1h;
  StartAtOnce();
  ASSERT_THAT(transport_.pending, SizeIs(1));
  plan_.accounts[0].endpoint = std::make_shared<Endpoint>(Endpoint{.api_key = Secret("KEY2")});
  poller_->Apply(plan_);
  poller_->Step();
  transport_.Answer(401, kRefused);
  EXPECT_THAT(observer_.key_waits, IsEmpty());
  EXPECT_LE(observer_.ended.at(0).next_due, clock_.Now() + 15s);
  AnswerFor(16s);
  EXPECT_TRUE(observer_.ended.back().result.has_value());
}

TEST_F(PollerTest, TakesNoSilenceForTheKeysRefusal) {
  AddConnections(1);
  Start();
  Pass(15s);
  transport_.Answer(401, kRefused, {.should_retry = "true"});
  Pass(1s);
  ASSERT_THAT(transport_.pending, SizeIs(1));
  Pass(9s);
  ASSERT_THAT(observer_.ended, SizeIs(1));
  EXPECT_EQ(Failed(0).reason, FailureReason::kUnauthorized);
  EXPECT_THAT(observer_.key_waits, IsEmpty());
}

TEST_F(PollerTest, TakesNoSilenceForTheKeysAcceptance) {
  AddConnections(2);
  Start();
  Pass(15s);
  ASSERT_THAT(transport_.pending, SizeIs(2));
  transport_.Answer(404, "{}", {.should_retry = "true"});
  transport_.Answer(401, kRefused);
  ASSERT_THAT(observer_.key_waits, SizeIs(1));
  Pass(1s);
  ASSERT_THAT(transport_.pending, SizeIs(1));
  Pass(9s);
  transport_.Fail(TransportError::Kind::kTimeout);
  ASSERT_THAT(observer_.ended, SizeIs(2));
  EXPECT_EQ(observer_.keys_accepted, 0);
}

TEST_F(PollerTest, CountsOneRefusalForRequestsThatWereUnderWayTogether) {
  AddConnections(8);
  StartAtOnce();
  ASSERT_THAT(transport_.pending, SizeIs(8));
  while (!transport_.pending.empty()) transport_.Answer(401, kRefused);
  EXPECT_THAT(observer_.key_waits, ElementsAre(Duration(15s)));
}

TEST_F(PollerTest, DoesNotEvenBeginWhatWaitsWhenTheKeyIsRefused) {
  plan_.max_concurrent_requests = 1;
  AddConnections(8);
  StartAtOnce();
  transport_.Answer(401, kRefused);
  EXPECT_THAT(transport_.sent, SizeIs(1));
  EXPECT_THAT(observer_.ended, SizeIs(8));
}

TEST_F(PollerTest, ARefusedKeyDoesNotTouchAnotherAccount) {
  plan_.accounts.push_back(AccountPlan{.name = "other", .endpoint = std::make_shared<Endpoint>()});
  AddConnections(1, 0);
  AddConnections(1, 1);
  Start();
  std::size_t other = 0;
  AnswerFor(10min, [&](const std::string& target) {
    const bool is_other = target.contains("other");
    other += is_other ? 1 : 0;
    return is_other ? Reply() : Reply{401, std::string(kRefused)};
  });
  EXPECT_EQ(other, 40U);
}

TEST_F(PollerTest, PollsOnlyTheConnectionThatIsNotFoundLessOften) {
  AddConnections(2);
  Start();
  std::map<bool, int> asked;
  AnswerFor(1h, [&](const std::string& target) {
    const bool missing = target.contains("main0");
    ++asked[missing];
    return missing ? Reply{404, "{}"} : Reply();
  });
  EXPECT_EQ(asked[false], 240);
  EXPECT_GE(asked[true], 14);
  EXPECT_LE(asked[true], 17);
}

TEST_F(PollerTest, DoesNotTakeTheRefusalOfALaterPageForThatOfTheKey) {
  AddConnections(1);
  StartAtOnce();
  transport_.Answer(200, Page({Row(1, 1, 30)}, "c", 2));
  poller_->Step();
  transport_.Answer(401, kRefused);
  ASSERT_THAT(observer_.ended, SizeIs(1));
  EXPECT_EQ(Failed(0).reason, FailureReason::kUnauthorized);
  EXPECT_THAT(observer_.key_waits, IsEmpty());
}

TEST_F(PollerTest, DoesNotTakeAPageThatIsGoneForAConnectionThatIs) {
  AddConnections(1);
  Start();
  AnswerFor(10min, [](const std::string& target) {
    return target.contains("after") ? Reply{404, "{}"} : Reply{200, Page({Row(1, 1, 30)}, "c", 2)};
  });
  EXPECT_THAT(observer_.ended, SizeIs(40));
}

TEST_F(PollerTest, PollsAConnectionThatIsFoundAgainAtItsInterval) {
  AddConnections(1);
  Start();
  AnswerFor(5min, {404, "{}"});
  while (transport_.pending.empty()) Pass(500ms);
  transport_.Answer(200, Page({}, "", 0));
  transport_.sent.clear();
  AnswerFor(1min);
  EXPECT_THAT(transport_.sent, SizeIs(4));
}

TEST_F(PollerTest, SlowsTheWholeAccountDownAfterTooManyRequests) {
  plan_.accounts[0].rate_limit = {.requests_per_second = 10, .burst = 1};
  AddConnections(50);
  StartAtOnce();
  transport_.Answer(429, "{}", {.retry_after = "3"});
  Pass(2990ms);
  EXPECT_THAT(transport_.sent, SizeIs(1));
  Pass(1s);
  EXPECT_THAT(transport_.sent, SizeIs(AllOf(Ge(4U), Le(8U))));
}

TEST_F(PollerTest, StopsBeforeTheApisOwnLimitIsReached) {
  plan_.accounts[0].rate_limit = {.requests_per_second = 1000, .burst = 1};
  AddConnections(50);
  StartAtOnce();
  transport_.Answer(200, Page({}, "", 0), {.rate_limit_remaining = "2", .rate_limit_reset = "1"});
  Pass(990ms);
  EXPECT_THAT(transport_.sent, SizeIs(3));
}

TEST_F(PollerTest, TakesConnectionsInTurnWhenTheRateLimitIsTooSmall) {
  plan_.accounts[0].rate_limit = {.requests_per_second = 1, .burst = 1};
  AddConnections(60);
  for (ConnectionPlan& connection : plan_.accounts[0].connections) connection.stale_after.reset();
  Start();
  for (int i = 0; i < 6000; ++i) {
    Pass(100ms);
    while (!transport_.pending.empty()) transport_.Answer(200, Page({}, "", 0));
  }
  std::map<std::string, int> polls;
  for (const std::string& id : observer_.begun) ++polls[id];
  ASSERT_THAT(polls, SizeIs(60));
  for (const auto& [id, count] : polls) EXPECT_NEAR(count, 10, 1) << id;
}

TEST_F(PollerTest, TellsWhenTheNextPollIsDue) {
  AddConnections(1);
  Start();
  Pass(15s);
  transport_.Answer(200, Page({}, "", 0));
  ASSERT_TRUE(observer_.ended[0].next_due.has_value());
  const Duration wait = *observer_.ended[0].next_due - clock_.Now();
  Pass(wait - 10ms);
  EXPECT_THAT(transport_.pending, IsEmpty());
  Pass(20ms);
  EXPECT_THAT(transport_.pending, SizeIs(1));
}

class PollerApplyTest : public PollerTest {
 protected:
  void SetUp() override {
    PollerTest::SetUp();
    AddConnections(3);
    for (ConnectionPlan& connection : connections()) connection.timeout = 1h;
    Start();
  }

  std::vector<ConnectionPlan>& connections() { return plan_.accounts[0].connections; }
  void Apply() { poller_->Apply(plan_); }
  // Answers everything for that long.
  void Serve(Duration duration) {
    for (const Instant end = clock_.Now() + duration; clock_.Now() < end;) {
      Pass(100ms);
      while (!transport_.pending.empty()) transport_.Answer(200, Page({}, "", 0));
    }
  }
};

TEST_F(PollerApplyTest, ChangesNothingWhenThePlanIsTheSame) {
  Pass(15s);
  const auto sent = transport_.sent;
  Apply();
  EXPECT_EQ(transport_.cancelled, 0U);
  EXPECT_THAT(observer_.added, SizeIs(3));
  EXPECT_THAT(observer_.changed, IsEmpty());
  EXPECT_THAT(observer_.removed, IsEmpty());
  while (!transport_.pending.empty()) transport_.Answer(200, Page({}, "", 0));
  EXPECT_THAT(observer_.ended, SizeIs(3));
}

TEST_F(PollerApplyTest, HoldsThePlacesInTimeOfWhatStays) {
  Serve(15s);
  const auto order = transport_.sent;
  for (int i = 0; i < 10; ++i) {
    transport_.sent.clear();
    Serve(5s);
    Apply();
    Serve(10s);
    EXPECT_EQ(transport_.sent, order);
  }
}

TEST_F(PollerApplyTest, GivesUpThePollOfAConnectionThatIsGone) {
  Pass(15s);
  ASSERT_THAT(transport_.pending, SizeIs(3));
  connections().erase(connections().begin() + 1);
  Apply();
  EXPECT_THAT(observer_.removed, ElementsAre("main1"));
  EXPECT_EQ(transport_.cancelled, 1U);
  while (!transport_.pending.empty()) transport_.Answer(200, Page({}, "", 0));
  EXPECT_THAT(observer_.ended, SizeIs(2));
  transport_.sent.clear();
  Serve(30s);
  EXPECT_THAT(transport_.sent, SizeIs(4));
}

TEST_F(PollerApplyTest, BeginsANewConnectionInAFreePlace) {
  connections().erase(connections().begin());
  Apply();
  connections().push_back({.id = "new", .interval = 15s, .timeout = 10s, .stale_after = 45s});
  Apply();
  EXPECT_THAT(observer_.connections, ElementsAre("new", "main1", "main2"));
  Serve(15s);
  EXPECT_THAT(transport_.sent, SizeIs(3));
}

TEST_F(PollerApplyTest, PollsAtTheNewInterval) {
  connections()[0].interval = 5s;
  Apply();
  EXPECT_THAT(observer_.changed, SizeIs(1));
  Serve(60s);
  std::map<std::string, int> polls;
  for (const std::string& id : observer_.begun) ++polls[id];
  EXPECT_THAT(polls, (std::map<std::string, int>{{"main0", 12}, {"main1", 4}, {"main2", 4}}));
}

TEST_F(PollerApplyTest, GoesOnWithAPollUnderWayOfAConnectionThatIsRenamed) {
  Pass(15s);
  connections()[0].name = "renamed";
  Apply();
  EXPECT_THAT(observer_.changed, ElementsAre("main0=renamed"));
  EXPECT_EQ(transport_.cancelled, 0U);
}

TEST_F(PollerApplyTest, SendsTheNewKeyFromTheNextRequestOn) {
  Pass(15s);
  transport_.Answer(200, Page({Row(1, 1, 30)}, "c", 2));
  const auto endpoint = std::make_shared<Endpoint>(Endpoint{.api_key = Secret("KEY2")});
  plan_.accounts[0].endpoint = endpoint;
  Apply();
  poller_->Step();
  EXPECT_EQ(transport_.pending.back().request.endpoint, endpoint);
}

TEST_F(PollerApplyTest, KeepsAnEqualEndpoint) {
  Pass(15s);
  const auto endpoint = transport_.pending[0].request.endpoint;
  plan_.accounts[0].endpoint = std::make_shared<Endpoint>(*endpoint);
  Apply();
  transport_.Answer(200, Page({Row(1, 1, 30)}, "c", 2));
  poller_->Step();
  EXPECT_EQ(transport_.pending.back().request.endpoint, endpoint);
}

TEST_F(PollerApplyTest, BeginsAnewUnderAnotherBaseAddress) {
  Pass(15s);
  plan_.accounts[0].endpoint = std::make_shared<Endpoint>(Endpoint{.base_url = "https://other"});
  Apply();
  EXPECT_EQ(observer_.accounts_removed, 1);
  EXPECT_THAT(observer_.accounts, SizeIs(2));
  EXPECT_THAT(observer_.removed, SizeIs(3));
  EXPECT_THAT(observer_.added, SizeIs(6));
  EXPECT_THAT(transport_.pending, IsEmpty());
}

TEST_F(PollerApplyTest, TriesANewKeyAtOnceAfterARefusal) {
  Pass(15s);
  while (!transport_.pending.empty()) transport_.Answer(401, kRefused);
  AnswerFor(5min, {401, std::string(kRefused)});
  plan_.accounts[0].endpoint = std::make_shared<Endpoint>(Endpoint{.api_key = Secret("KEY2")});
  Apply();
  transport_.sent.clear();
  Serve(15s);
  EXPECT_THAT(transport_.sent, SizeIs(3));
}

TEST_F(PollerApplyTest, DoesNotBlameANewKeyForTheRefusalOfTheOldOne) {
  Pass(15s);
  plan_.accounts[0].endpoint = std::make_shared<Endpoint>(Endpoint{.api_key = Secret("KEY2")});
  Apply();
  while (!transport_.pending.empty()) transport_.Answer(401, kRefused);
  EXPECT_THAT(observer_.ended, SizeIs(3));
  EXPECT_THAT(observer_.key_waits, IsEmpty());
}

TEST_F(PollerApplyTest, DoesNotTakeTheAcceptanceOfAnOldKeyForThatOfTheNewOne) {
  Pass(15s);
  plan_.accounts[0].endpoint = std::make_shared<Endpoint>(Endpoint{.api_key = Secret("KEY2")});
  Apply();
  transport_.Answer(200, Page({}, "", 0));
  Pass(15s);
  ASSERT_THAT(transport_.pending, SizeIs(3));  // two by the old key
  std::ranges::rotate(transport_.pending, transport_.pending.begin() + 2);
  transport_.Answer(401, kRefused);
  ASSERT_THAT(observer_.key_waits, SizeIs(1));
  while (!transport_.pending.empty()) transport_.Answer(200, Page({}, "", 0));
  EXPECT_EQ(observer_.keys_accepted, 0);
}

TEST_F(PollerApplyTest, TellsWhenAllOfAPlanIsInForce) {
  EXPECT_THAT(observer_.connections_when_applied, ElementsAre(3));
  connections().push_back({.id = "new", .interval = 15s, .timeout = 10s, .stale_after = 45s});
  Apply();
  EXPECT_THAT(observer_.connections_when_applied, ElementsAre(3, 4));
}

TEST_F(PollerApplyTest, RemovesAnAccountWithAllItsConnections) {
  plan_.accounts.clear();
  Pass(15s);
  Apply();
  EXPECT_THAT(observer_.removed, SizeIs(3));
  EXPECT_EQ(observer_.accounts_removed, 1);
  EXPECT_THAT(transport_.pending, IsEmpty());
  Pass(60s);
  EXPECT_THAT(observer_.begun, SizeIs(3));
}

class PollerTrackingTest : public PollerTest {
 protected:
  void SetUp() override {
    PollerTest::SetUp();
    AddConnections(1);
  }

  // The connection's next poll, all on one page.
  const PollReport& Poll(const std::vector<std::string>& rows) {
    while (transport_.pending.empty()) Pass(100ms);
    transport_.Answer(200, Page(rows, "", rows.size()));
    return observer_.ended.back();
  }
  void FailAPoll() {
    while (transport_.pending.empty()) Pass(100ms);
    transport_.Answer(404, "{}");
  }
};

TEST_F(PollerTrackingTest, ReportsWhatBeganAndEndedSinceThePollBefore) {
  Start();
  const auto baseline = Poll({Row(1, 1, 30), Row(2, 1, 30)}).changes;
  ASSERT_TRUE(baseline.has_value());
  EXPECT_EQ(baseline->started, 0U);
  EXPECT_EQ(*baseline->completed.bounds(), plan_.duration_bounds);
  EXPECT_EQ(Poll({Row(1, 1, 45), Row(3, 1, 5)}).changes.value().started, 1U);
  const auto changes = Poll({Row(1, 1, 60), Row(3, 1, 20)}).changes;
  EXPECT_EQ(changes.value().completed.count(), 1U);
  EXPECT_NEAR(changes.value().completed.total_seconds(), 30 + 7.5, 0.2);
  EXPECT_EQ(changes.value().tracked, 2U);
}

TEST_F(PollerTrackingTest, GoesOnFromTheLastCompletePollAfterFailures) {
  Start();
  Poll({Row(1, 1, 30), Row(2, 1, 30)});
  FailAPoll();
  EXPECT_FALSE(observer_.ended.back().changes.has_value());
  Poll({Row(1, 1, 60)});
  const auto changes = Poll({Row(1, 1, 75)}).changes;
  EXPECT_EQ(changes.value().started, 0U);
  EXPECT_EQ(changes.value().completed.count(), 1U);
  EXPECT_NEAR(changes.value().completed.total_seconds(), 30 + 15, 0.2);
}

TEST_F(PollerTrackingTest, GoesOnUnderOtherBuckets) {
  Start();
  std::vector<std::string> rows;
  for (std::uint64_t leg = 0; leg < 100; ++leg) rows.push_back(Row(leg, leg, 30));
  Poll(rows);
  plan_.duration_bounds = {1, 2, 3};
  poller_->Apply(plan_);
  const auto changes = Poll(rows).changes;
  EXPECT_EQ(changes.value().started, 0U);
  EXPECT_EQ(changes.value().tracked, 100U);
  EXPECT_EQ(*changes.value().completed.bounds(), plan_.duration_bounds);
}

TEST_F(PollerTrackingTest, BeginsAnewWithAConnectionThatComesBack) {
  Start();
  Poll({Row(1, 1, 30)});
  const auto account = plan_.accounts[0];
  plan_.accounts[0].connections.clear();
  poller_->Apply(plan_);
  plan_.accounts[0] = account;
  poller_->Apply(plan_);
  const auto changes = Poll({Row(2, 1, 30)}).changes;
  EXPECT_EQ(changes.value().started, 0U);
  EXPECT_EQ(changes.value().tracked, 1U);
}

TEST_F(PollerTrackingTest, KeepsTheCallsOfConnectionsApart) {
  AddConnections(1);
  plan_.accounts[0].connections[1].id = "other";
  Start();
  for (int i = 0; i < 20; ++i) {
    while (transport_.pending.empty()) Pass(100ms);
    const bool other = transport_.pending[0].request.target.contains("other");
    transport_.Answer(200, other ? Page({Row(1, 1, 30)}, "", 1) : Page({}, "", 0));
  }
  for (const PollReport& report : observer_.ended) {
    EXPECT_EQ(report.changes.value().started, 0U);
    EXPECT_EQ(report.changes.value().completed.count(), 0U);
  }
}

TEST_F(PollerApplyTest, RunCallsWhatIsPosted) {
  std::stop_source stop;
  int called = 0;
  poller_->Post([&](Poller& poller) {
    ++called;
    EXPECT_EQ(&poller, &*poller_);
  });
  transport_.on_run = [&](Duration) { stop.request_stop(); };
  poller_->Run(stop.get_token());
  EXPECT_EQ(called, 1);
  EXPECT_GE(transport_.wakes, 1);
}

TEST_F(PollerTest, PollsInASingleRoundHoweverLateItBegins) {
  AddConnections(1);
  plan_.single_round = true;
  plan_.first_polls_at_once = true;
  poller_.emplace(plan_, clock_, transport_, PollObservers({&observer_}), 1);
  clock_.Advance(1min);
  poller_->Step();
  EXPECT_THAT(transport_.sent, SizeIs(1));
}

TEST_F(PollerTest, PollsOnceInASingleRoundHoweverLongItTakes) {
  plan_.max_concurrent_requests = 1;
  AddConnections(2);
  for (ConnectionPlan& connection : plan_.accounts[0].connections) {
    connection.timeout = 1h;
    connection.stale_after = 1h;
  }
  StartSingleRound();
  Pass(5min);  // the second one waits all the time
  EXPECT_THAT(observer_.ended, IsEmpty());
  transport_.Answer(200, Page({}, "", 0));
  poller_->Step();
  transport_.Answer(200, Page({}, "", 0));
  Pass(5min);
  ASSERT_THAT(observer_.ended, SizeIs(2));
  EXPECT_TRUE(observer_.ended[0].result && observer_.ended[1].result);
  EXPECT_FALSE(observer_.ended[0].changes.has_value());
  EXPECT_THAT(transport_.sent, SizeIs(2));
}

}  // namespace
}  // namespace telnyx_exporter
