#include "metrics/account_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "example_keys.h"
#include "support/manual_clock.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const PollFailure kRefused{.reason = FailureReason::kUnauthorized, .http_status = 401};

class AccountStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_.OnAccountAdded(kAccount,
                          {.name = "main", .rate_limit = {.requests_per_second = 8, .burst = 4}});
    store_.OnConnectionAdded(kConnection, kAccount, {.id = "1"});
  }

  AccountState State() const { return store_.ReadAll().at(0); }

  void RefuseKey(std::uint32_t refusals) {
    store_.OnKeyRefused(kAccount, {.failure = kRefused, .refusals = refusals, .wait = 30s});
  }

  ManualClock clock_;
  AccountStore store_{clock_};
};

TEST_F(AccountStoreTest, BeginsWithWhatIsConfigured) {
  const AccountState state = State();
  EXPECT_EQ(state.name, "main");
  EXPECT_EQ(state.rate_limit, (RateLimit{.requests_per_second = 8, .burst = 4}));
  EXPECT_EQ(state.requests_per_second, 8);
  EXPECT_EQ(state.api_limit, std::nullopt);
  EXPECT_FALSE(state.key_refusal.has_value());
}

TEST_F(AccountStoreTest, LearnsFromRequests) {
  store_.OnRequestEnded(kAccount, {.rate_limit_limit = 100,
                                   .rate_limit_remaining = 7,
                                   .rate_limit = {.requests_per_second = 5, .burst = 2},
                                   .requests_per_second = 2.5});
  clock_.Advance(3s);
  // A request without an answer takes nothing back.
  store_.OnRequestEnded(
      kAccount, {.rate_limit = {.requests_per_second = 5, .burst = 2}, .requests_per_second = 3});
  const AccountState state = State();
  EXPECT_EQ(state.rate_limit, (RateLimit{.requests_per_second = 5, .burst = 2}));
  EXPECT_EQ(state.requests_per_second, 3);
  EXPECT_EQ(state.api_limit, 100);
  EXPECT_EQ(state.api_remaining, 7);
  EXPECT_EQ(clock_.Now() - state.api_limits_seen, 3s);
}

TEST_F(AccountStoreTest, TakesOverANewRateLimitAtOnce) {
  store_.OnAccountChanged(kAccount, {.rate_limit = {.requests_per_second = 20, .burst = 1}});
  EXPECT_EQ(State().rate_limit.requests_per_second, 20);
  EXPECT_EQ(State().requests_per_second, 20);
  store_.OnRequestEnded(
      kAccount, {.rate_limit = {.requests_per_second = 20, .burst = 1}, .requests_per_second = 5});
  store_.OnAccountChanged(kAccount, {.rate_limit = {.requests_per_second = 40, .burst = 1}});
  EXPECT_EQ(State().requests_per_second, 10);
}

TEST_F(AccountStoreTest, RemembersSinceWhenAKeyIsRefused) {
  RefuseKey(1);
  const Instant since = clock_.Now();
  clock_.Advance(40s);
  RefuseKey(2);
  const KeyRefusal refusal = State().key_refusal.value();
  EXPECT_EQ(refusal.since, since);
  EXPECT_EQ(refusal.refusals, 2U);
  EXPECT_EQ(refusal.next_try, clock_.Now() + 30s);
  EXPECT_EQ(refusal.failure, kRefused);
  store_.OnKeyAccepted(kAccount);
  EXPECT_FALSE(State().key_refusal.has_value());
}

TEST_F(AccountStoreTest, TakesAnAnswerForAnAcceptedKey) {
  RefuseKey(1);
  store_.OnPollEnded(kConnection, {.result = std::unexpected(kRefused)});
  EXPECT_TRUE(State().key_refusal.has_value());
  store_.OnPollEnded(kConnection,
                     {.result = std::unexpected(PollFailure{.reason = FailureReason::kTimeout})});
  EXPECT_TRUE(State().key_refusal.has_value());
  store_.OnPollEnded(kConnection, {.result = CompletePoll{}});
  EXPECT_FALSE(State().key_refusal.has_value());
  RefuseKey(1);
  store_.OnPollEnded(kConnection, {.result = std::unexpected(PollFailure{
                                       .reason = FailureReason::kNotFound, .http_status = 404})});
  EXPECT_FALSE(State().key_refusal.has_value());
}

TEST_F(AccountStoreTest, FollowsDiscoveryWhereItIsConfigured) {
  const DiscoveredConnections known;
  store_.OnDiscoveryEnded(kAccount, {.result = 7, .known = known});
  EXPECT_FALSE(State().discovery.has_value());
  store_.OnAccountChanged(kAccount, {.name = "main", .discovery = DiscoveryPlan{}});
  EXPECT_FALSE(State().discovery.value().ended);
  store_.OnDiscoveryEnded(kAccount, {.result = 7, .known = known});
  const Instant success = clock_.Now();
  clock_.Advance(5min);
  store_.OnDiscoveryEnded(kAccount, {.result = std::unexpected(kRefused), .known = known});
  const DiscoveryState failing = State().discovery.value();
  EXPECT_EQ(failing.connections, 7U);
  EXPECT_EQ(failing.last_success, success);
  EXPECT_EQ(failing.failure, kRefused);
  store_.OnDiscoveryEnded(kAccount, {.result = 8, .known = known});
  EXPECT_EQ(State().discovery.value().connections, 8U);
  EXPECT_FALSE(State().discovery.value().failure.has_value());
  store_.OnAccountChanged(kAccount, {.name = "main", .rate_limit = {.burst = 3}});
  EXPECT_FALSE(State().discovery.has_value());
  EXPECT_EQ(State().rate_limit.burst, 3U);
}

TEST_F(AccountStoreTest, ForgetsAnAccountThatIsGone) {
  RefuseKey(1);
  store_.OnAccountRemoved(kAccount);
  EXPECT_THAT(store_.ReadAll(), IsEmpty());
  store_.OnAccountAdded(kAccount, {.name = "next"});
  EXPECT_THAT(store_.ReadAll(), SizeIs(1));
  EXPECT_EQ(State().name, "next");
  EXPECT_FALSE(State().key_refusal.has_value());
}

}  // namespace
}  // namespace telnyx_exporter
