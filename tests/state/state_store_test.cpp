// What the store keeps, and what a reader sees of it.

#include "state/state_store.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/example_keys.h"
#include "support/manual_clock.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const PollFailure kRefused{.reason = FailureReason::kUnauthorized, .http_status = 401};

class AccountSnapshotTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_.OnAccountAdded(kAccount,
                          {.name = "main", .rate_limit = {.requests_per_second = 8, .burst = 4}});
    store_.OnConnectionAdded(kConnection, kAccount, {.id = "1"});
  }

  AccountSnapshot State() const { return *store_.Read().accounts.at(0); }

  void RefuseKey(std::uint32_t refusals) {
    store_.OnKeyRefused(kAccount, {.failure = kRefused, .refusals = refusals, .wait = 30s});
  }

  ManualClock clock_;
  StateStore store_{clock_};
};

TEST_F(AccountSnapshotTest, StartsWithTheConfiguration) {
  const AccountSnapshot state = State();
  EXPECT_EQ(state.name, "main");
  EXPECT_EQ(state.rate_limit, (RateLimit{.requests_per_second = 8, .burst = 4}));
  EXPECT_EQ(state.requests_per_second, 8);
  EXPECT_EQ(state.api_limit, std::nullopt);
  EXPECT_FALSE(state.key_refusal.has_value());
}

TEST_F(AccountSnapshotTest, RecordsWhatRequestsSay) {
  store_.OnRequestEnded(kAccount, {.rate_limit_limit = 100,
                                   .rate_limit_remaining = 7,
                                   .rate_limit = {.requests_per_second = 5, .burst = 2},
                                   .requests_per_second = 2.5});
  clock_.Advance(3s);
  // A request without an answer does not reset anything.
  store_.OnRequestEnded(
      kAccount, {.rate_limit = {.requests_per_second = 5, .burst = 2}, .requests_per_second = 3});
  const AccountSnapshot state = State();
  EXPECT_EQ(state.rate_limit, (RateLimit{.requests_per_second = 5, .burst = 2}));
  EXPECT_EQ(state.requests_per_second, 3);
  EXPECT_EQ(state.api_limit, 100);
  EXPECT_EQ(state.api_remaining, 7);
  EXPECT_EQ(clock_.Now() - state.api_limits_seen, 3s);
}

TEST_F(AccountSnapshotTest, AppliesANewRateLimitAtOnce) {
  store_.OnAccountChanged(kAccount, {.rate_limit = {.requests_per_second = 20, .burst = 1}});
  EXPECT_EQ(State().rate_limit.requests_per_second, 20);
  EXPECT_EQ(State().requests_per_second, 20);
  store_.OnRequestEnded(
      kAccount, {.rate_limit = {.requests_per_second = 20, .burst = 1}, .requests_per_second = 5});
  store_.OnAccountChanged(kAccount, {.rate_limit = {.requests_per_second = 40, .burst = 1}});
  EXPECT_EQ(State().requests_per_second, 10);
}

TEST_F(AccountSnapshotTest, RemembersSinceWhenAKeyIsRefused) {
  RefuseKey(1);
  const Instant since = clock_.Now();
  clock_.Advance(40s);
  RefuseKey(2);
  const KeyRefusal refusal = State().key_refusal.value();
  EXPECT_EQ(refusal.since, since);
  EXPECT_EQ(refusal.refusals, 2U);
  EXPECT_EQ(refusal.next_try, clock_.Now() + 30s);
  store_.OnKeyAccepted(kAccount);
  EXPECT_FALSE(State().key_refusal.has_value());
}

TEST_F(AccountSnapshotTest, TreatsAnAnswerAsAnAcceptedKey) {
  RefuseKey(1);
  store_.OnPollEnded(kConnection, {.result = std::unexpected(kRefused)});
  EXPECT_TRUE(State().key_refusal.has_value());
  store_.OnPollEnded(kConnection,
                     {.result = std::unexpected(PollFailure{.reason = FailureReason::kTimeout})});
  EXPECT_TRUE(State().key_refusal.has_value());
  store_.OnPollEnded(kConnection,
                     {.result = std::unexpected(
                          PollFailure{.reason = FailureReason::kServerError, .http_status = 503})});
  EXPECT_TRUE(State().key_refusal.has_value());
  store_.OnPollEnded(kConnection, {.result = CompletePoll{}});
  EXPECT_FALSE(State().key_refusal.has_value());
  RefuseKey(1);
  store_.OnPollEnded(kConnection, {.result = std::unexpected(PollFailure{
                                       .reason = FailureReason::kNotFound, .http_status = 404})});
  EXPECT_FALSE(State().key_refusal.has_value());
}

TEST_F(AccountSnapshotTest, RecordsDiscoveryWhereItIsConfigured) {
  const DiscoveredConnections known;
  store_.OnDiscoveryEnded(kAccount, {.result = 7, .known = known});
  EXPECT_FALSE(State().discovery.has_value());
  store_.OnAccountChanged(kAccount, {.name = "main", .discovery = DiscoveryPlan{}});
  EXPECT_FALSE(State().discovery.value().ended);
  store_.OnDiscoveryEnded(kAccount, {.result = 7, .known = known});
  const Instant success = clock_.Now();
  clock_.Advance(5min);
  store_.OnDiscoveryEnded(kAccount, {.result = std::unexpected(kRefused), .known = known});
  const DiscoverySnapshot failing = State().discovery.value();
  EXPECT_EQ(failing.last_success, success);
  EXPECT_EQ(failing.failure, kRefused);
  EXPECT_THAT(State().poll_failures, Each(0U));
  store_.OnDiscoveryEnded(
      kAccount,
      {.result = std::unexpected(PollFailure{.reason = FailureReason::kTooManyConnections}),
       .known = known});
  EXPECT_EQ(State().poll_failures[static_cast<std::size_t>(FailureReason::kTooManyConnections)],
            1U);
  store_.OnDiscoveryEnded(kAccount, {.result = 8, .known = known});
  EXPECT_FALSE(State().discovery.value().failure.has_value());
  store_.OnAccountChanged(kAccount, {.name = "main", .rate_limit = {.burst = 3}});
  EXPECT_FALSE(State().discovery.has_value());
  EXPECT_EQ(State().rate_limit.burst, 3U);
}

TEST_F(AccountSnapshotTest, ForgetsLimitsThatAReloadNoLongerAsksFor) {
  const DiscoveredConnections known;
  store_.OnAccountChanged(kAccount,
                          {.name = "main", .discovery = DiscoveryPlan{.channel_limits = true}});
  store_.OnDiscoveryEnded(kAccount, {.result = 7, .known = known});
  EXPECT_NE(State().discovery.value().voice_profiles, nullptr);
  store_.OnAccountChanged(kAccount,
                          {.name = "main", .discovery = DiscoveryPlan{.channel_limits = false}});
  EXPECT_EQ(State().discovery.value().voice_profiles, nullptr);
}

TEST_F(AccountSnapshotTest, ForgetsARemovedAccount) {
  RefuseKey(1);
  store_.OnConnectionRemoved(kConnection);
  store_.OnAccountRemoved(kAccount);
  EXPECT_THAT(store_.Read().accounts, IsEmpty());
  store_.OnAccountAdded(kAccount, {.name = "next"});
  EXPECT_THAT(store_.Read().accounts, SizeIs(1));
  EXPECT_EQ(State().name, "next");
  EXPECT_FALSE(State().key_refusal.has_value());
}

TEST_F(AccountSnapshotTest, CountsWhatIsOfTheAccount) {
  store_.OnRetry(kAccount, kConnection, {.failure = {}, .delay = 1s});
  store_.OnPollsSkipped(kConnection, 3);
  store_.OnRateLimiterWait(kAccount, 1500ms);
  store_.OnFieldsIgnored(kAccount, 2);
  store_.OnRequestEnded(kAccount, {.http_status = 200, .body_bytes = 1000});
  store_.OnPollEnded(kConnection, {.result = std::unexpected(kRefused)});
  const AccountSnapshot state = State();
  EXPECT_EQ(state.retries, 1U);
  EXPECT_EQ(state.polls_skipped, 3U);
  EXPECT_EQ(state.limiter_wait, 1500ms);
  EXPECT_EQ(state.ignored_fields, 2U);
  EXPECT_EQ(state.response_bytes, 1000U);
  EXPECT_EQ(state.poll_failures[static_cast<std::size_t>(FailureReason::kUnauthorized)], 1U);
  EXPECT_EQ(state.poll_failures[static_cast<std::size_t>(FailureReason::kTimeout)], 0U);
}

TEST_F(AccountSnapshotTest, KnowsTheBudgetOnceItWasAnnounced) {
  EXPECT_EQ(State().budget, std::nullopt);
  const RequestBudget budget{
      .required_per_second = 20, .allowed_per_second = 10, .connections = 300};
  store_.OnBudgetChanged(kAccount, budget);
  EXPECT_EQ(State().budget, budget);
}

class ConnectionSnapshotTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_.OnAccountAdded(kAccount, {.name = "main"});
    store_.OnConnectionAdded(kConnection, kAccount,
                             {.id = "1", .name = "support", .interval = 15s, .stale_after = 45s});
  }

  void Complete(std::uint64_t legs, IntervalInForce in_force = {}) {
    store_.OnPollEnded(kConnection, {.ended = clock_.Now(),
                                     .ended_wall = clock_.WallNow(),
                                     .elapsed = 1s,
                                     .result = CompletePoll{.summary = {.legs = legs}},
                                     .in_force = in_force,
                                     .next_due = clock_.Now() + 15s});
  }

  void Fail(bool held_back = false) {
    store_.OnPollEnded(kConnection, {.ended = clock_.Now(),
                                     .ended_wall = clock_.WallNow(),
                                     .elapsed = 1s,
                                     .result = std::unexpected(PollFailure{}),
                                     .held_back = held_back});
  }

  ConnectionSnapshot State() const { return *store_.Read().connections.at(0); }

  ManualClock clock_;
  StateStore store_{clock_};
};

TEST_F(ConnectionSnapshotTest, KnowsWhenPollsEndedAndWhenTheNextIsDue) {
  Complete(3);
  EXPECT_EQ(State().last_poll_ended, clock_.Now());
  EXPECT_EQ(State().next_due, clock_.Now() + 15s);
  EXPECT_FALSE(State().last_poll_held_back);
  clock_.Advance(15s);
  Fail(true);
  EXPECT_EQ(State().last_poll_ended, clock_.Now());
  EXPECT_EQ(State().next_due, std::nullopt);
  EXPECT_TRUE(State().last_poll_held_back);
}

TEST_F(ConnectionSnapshotTest, KnowsSinceWhenAConnectionFails) {
  Complete(3);
  clock_.Advance(15s);
  Fail();
  const Instant since = clock_.Now();
  clock_.Advance(15s);
  Fail();
  EXPECT_EQ(State().failing_since, since);
  Complete(3);
  clock_.Advance(15s);
  Fail();
  EXPECT_EQ(State().failing_since, clock_.Now());
}

TEST_F(ConnectionSnapshotTest, KnowsValuesUntilTheyAreStale) {
  EXPECT_FALSE(State().knows_values(clock_.Now()));
  Complete(3);
  EXPECT_TRUE(State().knows_values(clock_.Now() + 45s - 1ns));
  EXPECT_FALSE(State().knows_values(clock_.Now() + 45s));
}

TEST_F(ConnectionSnapshotTest, KeepsValuesForAsLongAsThePollSays) {
  Complete(3, {.interval = 30s, .stale_after = 90s});
  EXPECT_EQ(State().in_force().interval, 30s);
  EXPECT_TRUE(State().knows_values(clock_.Now() + 90s - 1ns));
  EXPECT_FALSE(State().knows_values(clock_.Now() + 90s));
}

TEST_F(ConnectionSnapshotTest, KeepsValuesForAsLongAsALaterIntervalSays) {
  Complete(3, {.interval = 15s, .stale_after = 45s});
  store_.OnIntervalChanged(kConnection, {.interval = 20s, .stale_after = 60s});
  EXPECT_EQ(State().in_force().interval, 20s);
  EXPECT_TRUE(State().knows_values(clock_.Now() + 60s - 1ns));
  EXPECT_FALSE(State().knows_values(clock_.Now() + 60s));
  store_.OnIntervalChanged(kConnection, {.interval = 5s, .stale_after = 15s});
  EXPECT_FALSE(State().knows_values(clock_.Now() + 15s));
}

TEST_F(ConnectionSnapshotTest, DoesNotBringBackWhatHasExpired) {
  Complete(3, {.interval = 15s, .stale_after = 45s});
  clock_.Advance(45s);
  const Instant expired = clock_.Now();
  clock_.Advance(1min);
  store_.OnIntervalChanged(kConnection, {.interval = 15min, .stale_after = 45min});
  EXPECT_FALSE(State().knows_values(clock_.Now()));
  EXPECT_EQ(State().values_expire(), expired);
  store_.OnPollEnded(kConnection, {.ended = clock_.Now(),
                                   .result = std::unexpected(PollFailure{}),
                                   .in_force = {.interval = 1h, .stale_after = 3h}});
  EXPECT_FALSE(State().knows_values(clock_.Now()));
  Complete(4, {.interval = 1h, .stale_after = 3h});
  EXPECT_TRUE(State().knows_values(clock_.Now() + 3h - 1ns));
}

TEST_F(ConnectionSnapshotTest, IsPolledAsPlannedUntilThePollerSaysOtherwise) {
  store_.OnConnectionChanged(kConnection, {.id = "1", .name = "support", .interval = 20s});
  EXPECT_EQ(State().in_force().interval, 20s);
  EXPECT_EQ(State().in_force().stale_after, 60s);
}

TEST_F(ConnectionSnapshotTest, KeepsAHistoryThatGoesWithTheConnection) {
  Complete(3);
  EXPECT_EQ(State().history.At(clock_.Now()).back(), 3U);
  store_.OnConnectionRemoved(kConnection);
  store_.OnConnectionAdded(kConnection, kAccount, {.id = "2"});
  EXPECT_EQ(State().history.At(clock_.Now()).back(), std::nullopt);
}

TEST_F(ConnectionSnapshotTest, KeepsWhenAnExampleWasNoted) {
  CallChanges changes{.completed = DurationHistogram(kBounds)};
  changes.completed.Add({.high = 0x1000, .low = 5}, 10);
  const WallTime noted(1'700'000'000s);
  store_.OnPollEnded(kConnection,
                     {.ended_wall = noted, .result = CompletePoll{}, .changes = changes});
  EXPECT_EQ(State().totals->completed.buckets()[0].example,
            (DurationHistogram::Example{
                .leg = {.high = 0x1000, .low = 5}, .seconds = 10, .noted = noted}));
}

TEST_F(ConnectionSnapshotTest, AddsUpEstimatedStarts) {
  CallChanges changes{
      .started = 1, .completed = DurationHistogram(kBounds), .started_estimated = 1.5};
  for (int i = 0; i < 2; ++i) {
    store_.OnPollEnded(kConnection, {.result = CompletePoll{}, .changes = changes});
  }
  EXPECT_EQ(State().totals->started, 2U);
  EXPECT_EQ(State().totals->started_estimated, 3);
}

TEST_F(ConnectionSnapshotTest, IsNotChangedByLaterPolls) {
  Complete(3);
  const View before = store_.Read();
  Complete(4);
  EXPECT_EQ(before.connections.at(0)->values->summary.legs, 3U);
  EXPECT_EQ(State().values->summary.legs, 4U);
}

TEST_F(ConnectionSnapshotTest, IsReadWhileItIsWritten) {
  std::jthread poller([this](const std::stop_token& stop) {
    for (std::uint64_t legs = 0; !stop.stop_requested(); legs = (legs + 1) % 1000) Complete(legs);
  });
  for (int i = 0; i < 200; ++i) {
    const ConnectionSnapshot state = State();
    if (!state.values) continue;
    // The clock stands still, so the highest number is at least the newest.
    EXPECT_GE(state.history.At(clock_.Now()).back(), state.values->summary.legs);
  }
}

TEST_F(ConnectionSnapshotTest, CountsOnlyCurrentNumbersAsCovered) {
  constexpr ConnectionKey kOther{1};
  store_.OnConnectionAdded(kOther, kAccount, {.id = "2", .name = "sales", .stale_after = 45s});
  store_.OnAccountAdded(AccountKey{1}, {.name = "empty"});
  Complete(3);
  std::vector<Coverage> coverage = CoverageOf(store_.Read(), clock_.Now());
  EXPECT_EQ(coverage.at(0).known, 1U);
  EXPECT_EQ(coverage.at(0).unknown, 1U);
  EXPECT_EQ(coverage.at(1).known + coverage.at(1).unknown, 0U);
  coverage = CoverageOf(store_.Read(), clock_.Now() + 45s);
  EXPECT_EQ(coverage.at(0).known, 0U);
}

TEST_F(ConnectionSnapshotTest, IsAllCompleteOnlyWhenEveryPollAndListWas) {
  EXPECT_FALSE(AllComplete(store_.Read()));
  Complete(3);
  EXPECT_TRUE(AllComplete(store_.Read()));
  Fail();
  EXPECT_FALSE(AllComplete(store_.Read()));
  Complete(3);
  const DiscoveredConnections known;
  store_.OnAccountChanged(kAccount, {.name = "main", .discovery = DiscoveryPlan{}});
  store_.OnDiscoveryEnded(kAccount, {.result = std::unexpected(kRefused), .known = known});
  EXPECT_FALSE(AllComplete(store_.Read()));
}

class ReadinessTest : public ::testing::Test {
 protected:
  static constexpr ConnectionKey kFirst{0};
  static constexpr ConnectionKey kSecond{1};

  void SetUp() override { store_.OnAccountAdded(kAccount, {.name = "main"}); }
  void AddTwo() {
    store_.OnConnectionAdded(kFirst, kAccount, {.id = "1", .name = "1"});
    store_.OnConnectionAdded(kSecond, kAccount, {.id = "2", .name = "2"});
  }

  ManualClock clock_;
  StateStore store_{clock_};
};

TEST_F(ReadinessTest, ComesOnceEachConnectionWasPolledWhateverTheOutcome) {
  AddTwo();
  EXPECT_FALSE(store_.ready());
  store_.OnPollEnded(kFirst, {.result = CompletePoll{}});
  store_.OnPollEnded(kFirst, {.result = CompletePoll{}});
  EXPECT_FALSE(store_.Read().ready);
  store_.OnPollEnded(kSecond, {.result = std::unexpected(PollFailure{})});
  EXPECT_TRUE(store_.ready());
  EXPECT_TRUE(store_.Read().ready);
}

TEST_F(ReadinessTest, ComesWhenThereIsNothingToPoll) {
  EXPECT_FALSE(store_.ready());
  store_.OnPlanApplied();
  EXPECT_TRUE(store_.ready());
}

TEST_F(ReadinessTest, DoesNotComeWithThePlanAlone) {
  AddTwo();
  store_.OnPlanApplied();
  EXPECT_FALSE(store_.ready());
}

TEST_F(ReadinessTest, WaitsForTheFirstListsAndTheirConnections) {
  store_.OnAccountAdded(AccountKey{1}, {.name = "finds", .discovery = DiscoveryPlan{}});
  store_.OnPlanApplied();
  EXPECT_FALSE(store_.ready());
  store_.OnConnectionAdded(kFirst, AccountKey{1}, {.id = "1"});
  store_.OnPollEnded(kFirst, {.result = CompletePoll{}});
  EXPECT_FALSE(store_.ready());
  const DiscoveredConnections known;
  store_.OnDiscoveryEnded(AccountKey{1}, {.result = 1, .known = known});
  EXPECT_TRUE(store_.ready());
}

TEST_F(ReadinessTest, DoesNotWaitForListsThatWillNotCome) {
  store_.OnAccountAdded(AccountKey{1}, {.name = "finds", .discovery = DiscoveryPlan{}});
  store_.OnAccountChanged(AccountKey{1}, {.name = "finds"});
  EXPECT_TRUE(store_.ready());
}

TEST_F(ReadinessTest, StaysWhenAConnectionComesLater) {
  store_.OnConnectionAdded(kFirst, kAccount, {.id = "1", .name = "1"});
  store_.OnPollEnded(kFirst, {.result = CompletePoll{}});
  store_.OnConnectionAdded(kSecond, kAccount, {.id = "2", .name = "2"});
  EXPECT_TRUE(store_.ready());
}

TEST_F(ReadinessTest, DoesNotWaitForARemovedConnection) {
  AddTwo();
  store_.OnPollEnded(kFirst, {.result = CompletePoll{}});
  store_.OnConnectionRemoved(kSecond);
  EXPECT_TRUE(store_.ready());
}

}  // namespace
}  // namespace telnyx_exporter
