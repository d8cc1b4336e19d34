#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
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
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr std::string_view kFirstListPage = "/connections?page%5Bnumber%5D=1&page%5Bsize%5D=250";

std::string ListPage(const std::vector<std::string>& ids, int number = 1, int pages = 1) {
  std::vector<std::string> rows;
  for (const std::string& id : ids) {
    rows.push_back(fmt::format(
        R"({{"id":"{}","record_type":"call_control_application","connection_name":"name-{}"}})", id,
        id));
  }
  return fmt::format(
      R"({{"data":[{}],"meta":{{"page_number":{},"page_size":250,"total_pages":{}}}}})",
      fmt::join(rows, ","), number, pages);
}

class PollerDiscoveryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    plan_.duration_bounds = {60};
    plan_.accounts = {AccountPlan{
        .name = "main",
        .endpoint = std::make_shared<Endpoint>(),
        .rate_limit = {.requests_per_second = 100, .burst = 100},
        .discovery =
            DiscoveryPlan{.refresh_interval = 60s,
                          .connection = {.interval = 15s, .timeout = 10s, .stale_after = 45s}}}};
  }

  void Start() {
    poller_.emplace(plan_, clock_, transport_, PollObservers({&observer_}), 1);
    poller_->Step();
  }

  // Answers polls with no calls and lists with `ids`, for that long.
  void Serve(Duration duration, const std::vector<std::string>& ids) {
    for (const Instant end = clock_.Now() + duration; clock_.Now() < end;) {
      while (!transport_.pending.empty()) {
        const bool list = transport_.pending[0].request.target.starts_with("/connections?");
        transport_.Answer(200, list ? ListPage(ids) : Page({}, "", 0));
      }
      clock_.Advance(100ms);
      poller_->Step();
    }
  }

  ManualClock clock_;
  FakeTransport transport_;
  RecordingObserver observer_;
  PollPlan plan_;
  std::optional<Poller> poller_;
};

TEST_F(PollerDiscoveryTest, PollsWhatTheListNames) {
  Start();
  ASSERT_THAT(transport_.sent, ElementsAre(kFirstListPage));
  transport_.Answer(200, ListPage({"1", "2"}));
  EXPECT_THAT(observer_.added, ElementsAre("1", "2"));
  ASSERT_THAT(observer_.discoveries, SizeIs(1));
  EXPECT_EQ(observer_.discoveries[0].value(), 2U);
  Serve(15s, {"1", "2"});
  EXPECT_THAT(observer_.begun, UnorderedElementsAre("1", "2"));
}

TEST_F(PollerDiscoveryTest, ReadsTheListToItsEndBeforeItUsesIt) {
  Start();
  transport_.Answer(200, ListPage({"1"}, 1, 2));
  EXPECT_THAT(observer_.added, IsEmpty());
  poller_->Step();
  transport_.Answer(200, ListPage({"2"}, 2, 2));
  EXPECT_THAT(observer_.added, ElementsAre("1", "2"));
}

TEST_F(PollerDiscoveryTest, KeepsTheListFresh) {
  Start();
  Serve(10s, {"1"});
  Serve(60s, {"1", "2"});
  EXPECT_THAT(observer_.added, ElementsAre("1", "2"));
  Serve(60s, {"2"});
  EXPECT_THAT(observer_.removed, IsEmpty());
  Serve(60s, {"2"});
  EXPECT_THAT(observer_.removed, ElementsAre("1"));
}

TEST_F(PollerDiscoveryTest, ChangesNothingWhenAListFails) {
  Start();
  Serve(10s, {"1"});
  while (transport_.pending.empty() ||
         !transport_.pending[0].request.target.starts_with("/connections?")) {
    while (!transport_.pending.empty()) transport_.Answer(200, Page({}, "", 0));
    clock_.Advance(100ms);
    poller_->Step();
  }
  transport_.Answer(200, ListPage({}, 1, 2));
  poller_->Step();
  transport_.Answer(200, R"({"data":[{}],"meta":{}})");
  EXPECT_THAT(observer_.removed, IsEmpty());
  EXPECT_EQ(observer_.discoveries.back().error().detail,
            "/connections: page 2: meta.total_pages is missing");
  // It is tried again sooner than planned.
  const std::size_t discoveries = observer_.discoveries.size();
  Serve(16s, {"1"});
  EXPECT_THAT(observer_.discoveries, SizeIs(discoveries + 1));
}

TEST_F(PollerDiscoveryTest, FollowsARename) {
  Start();
  Serve(10s, {"1"});
  plan_.accounts[0].connections = {{.id = "1", .name = "mine", .interval = 15s, .timeout = 10s}};
  poller_->Apply(plan_);
  EXPECT_THAT(observer_.changed, ElementsAre("1=mine"));
  EXPECT_THAT(observer_.removed, IsEmpty());
}

TEST_F(PollerDiscoveryTest, AppliesAnotherFilterToTheListItKnows) {
  Start();
  Serve(10s, {"1", "2"});
  transport_.sent.clear();
  plan_.accounts[0].discovery->include.name = NamePattern::Compile("name-2").value();
  poller_->Apply(plan_);
  EXPECT_THAT(observer_.removed, ElementsAre("1"));
  EXPECT_THAT(transport_.sent, IsEmpty());
}

TEST_F(PollerDiscoveryTest, EndsWithDiscovery) {
  Start();
  Serve(10s, {"1", "2"});
  plan_.accounts[0].discovery.reset();
  plan_.accounts[0].connections = {{.id = "2", .interval = 15s, .timeout = 10s}};
  poller_->Apply(plan_);
  EXPECT_THAT(observer_.removed, ElementsAre("1"));
  transport_.sent.clear();
  Serve(10min, {});
  EXPECT_THAT(transport_.sent, Not(Contains(std::string(kFirstListPage))));
}

TEST_F(PollerDiscoveryTest, GivesUpARefreshThatIsUnderWayWhenTheAccountGoes) {
  Start();
  plan_.accounts.clear();
  poller_->Apply(plan_);
  EXPECT_THAT(transport_.pending, IsEmpty());
  Serve(1min, {});
  EXPECT_THAT(observer_.discoveries, IsEmpty());
}

TEST_F(PollerDiscoveryTest, PollsDiscoveredConnectionsAtOnceWhereFirstPollsAre) {
  plan_.first_polls_at_once = true;
  Start();
  transport_.Answer(200, ListPage({"1", "2"}));
  poller_->Step();
  EXPECT_THAT(observer_.begun, UnorderedElementsAre("1", "2"));
}

TEST_F(PollerDiscoveryTest, ReadsTheListOnceWhenTheKeyChangesWhileItWaitsItsTurn) {
  plan_.max_concurrent_requests = 1;
  AccountPlan other = plan_.accounts[0];
  other.name = "other";
  plan_.accounts.push_back(other);
  Start();
  ASSERT_THAT(transport_.pending, SizeIs(1));
  plan_.max_concurrent_requests = 10;
  plan_.accounts[1].endpoint = std::make_shared<Endpoint>(Endpoint{.api_key = Secret("KEY2")});
  poller_->Apply(plan_);
  poller_->Step();
  EXPECT_THAT(transport_.pending, SizeIs(2));
}

TEST_F(PollerDiscoveryTest, DoesNotBreakTheRateLimitWithAThousandNewConnections) {
  plan_.accounts[0].rate_limit = {.requests_per_second = 10, .burst = 20};
  std::vector<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.push_back(std::to_string(i));
  Start();
  Serve(100s, ids);
  EXPECT_LE(transport_.sent.size(), 20U + 1000U);
  EXPECT_GE(transport_.sent.size(), 990U);
}

TEST_F(PollerDiscoveryTest, ReadsLimitsAndProfilesWhereTheyAreWanted) {
  plan_.accounts[0].discovery->channel_limits = true;
  Start();
  std::vector<std::string> asked;
  while (!transport_.pending.empty()) {
    const std::string target = transport_.pending[0].request.target;
    asked.push_back(target.substr(0, target.find('?')));
    if (target.starts_with("/call_control_applications")) {
      transport_.Answer(
          200,
          R"({"data":[{"id":"1","record_type":"call_control_application","application_name":"x","inbound":{"channel_limit":7}}],"meta":)"
          R"({"page_number":1,"page_size":250,"total_pages":1}})");
    } else {
      transport_.Answer(200,
                        ListPage(target.starts_with("/connections") ? std::vector<std::string>{"1"}
                                                                    : std::vector<std::string>{}));
    }
    poller_->Step();
  }
  EXPECT_THAT(asked,
              ElementsAre("/connections", "/call_control_applications", "/texml_applications",
                          "/credential_connections", "/ip_connections", "/fqdn_connections",
                          "/outbound_voice_profiles", "/inbound_channels"));
  ASSERT_THAT(observer_.plans, SizeIs(1));
  EXPECT_EQ(observer_.plans[0].inbound_channel_limit, 7U);
}

TEST_F(PollerDiscoveryTest, GoesOnWithoutListsThatTheAccountDoesNotHave) {
  plan_.accounts[0].discovery->channel_limits = true;
  Start();
  while (!transport_.pending.empty()) {
    const std::string target = transport_.pending[0].request.target;
    if (target.starts_with("/connections")) {
      transport_.Answer(200, ListPage({"1"}));
    } else if (target.starts_with("/credential_connections")) {
      transport_.Answer(
          200,
          R"({"data":[{"id":"1","record_type":"credential_connection","inbound":{"channel_limit":7}}],"meta":)"
          R"({"page_number":1,"page_size":250,"total_pages":1}})");
    } else {
      transport_.Answer(404, "{}");
    }
    poller_->Step();
  }
  EXPECT_THAT(transport_.sent, SizeIs(8));
  ASSERT_THAT(observer_.discoveries, SizeIs(1));
  EXPECT_EQ(observer_.discoveries[0].value(), 1U);
  EXPECT_THAT(observer_.lacking,
              ElementsAre("/call_control_applications", "/texml_applications", "/ip_connections",
                          "/fqdn_connections", "/outbound_voice_profiles", "/inbound_channels"));
  ASSERT_THAT(observer_.plans, SizeIs(1));
  EXPECT_EQ(observer_.plans[0].inbound_channel_limit, 7U);
}

TEST_F(PollerDiscoveryTest, FailsWhenAListThatBeganIsNotFoundAnyMore) {
  plan_.accounts[0].discovery->channel_limits = true;
  Start();
  transport_.Answer(200, ListPage({"1"}));
  poller_->Step();
  transport_.Answer(200, ListPage({}, 1, 2));
  poller_->Step();
  transport_.Answer(404, "{}");
  ASSERT_THAT(observer_.discoveries, SizeIs(1));
  EXPECT_EQ(observer_.discoveries[0].error().reason, FailureReason::kNotFound);
}

TEST_F(PollerDiscoveryTest, AsksAgainForAListThatTheApiSaysWillBeThere) {
  plan_.accounts[0].discovery->channel_limits = true;
  Start();
  transport_.Answer(200, ListPage({"1"}));
  poller_->Step();
  ResponseHeaders headers;
  headers.should_retry = "true";
  transport_.Answer(404, "{}", headers);
  EXPECT_THAT(observer_.retries, SizeIs(1));
  EXPECT_THAT(observer_.discoveries, IsEmpty());
}

TEST_F(PollerDiscoveryTest, TakesACompleteListForTheKeysAcceptance) {
  Start();
  Serve(20s, {"1"});
  // The key is refused until a refresh of the lists is answered.
  while (observer_.discoveries.size() == 1) {
    while (!transport_.pending.empty()) {
      const bool list = transport_.pending[0].request.target.starts_with("/connections?");
      list ? transport_.Answer(200, ListPage({"1"})) : transport_.Answer(401, "{}");
    }
    clock_.Advance(100ms);
    poller_->Step();
  }
  EXPECT_EQ(observer_.keys_accepted, 1);
  const std::size_t ended = observer_.ended.size();
  Serve(16s, {"1"});
  EXPECT_GT(observer_.ended.size(), ended);
  EXPECT_TRUE(observer_.ended.back().result.has_value());
}

TEST_F(PollerDiscoveryTest, FailsWhenAListIsRefusedForAnotherReason) {
  for (const int status : {401, 403, 422}) {
    SCOPED_TRACE(status);
    plan_.accounts[0].discovery->channel_limits = true;
    Start();
    transport_.Answer(200, ListPage({"1"}));
    poller_->Step();
    transport_.Answer(status, "{}");
    EXPECT_EQ(observer_.discoveries.back().error().http_status, status);
  }
}

}  // namespace
}  // namespace telnyx_exporter
