// The pages of one small state, byte for byte.

#include "support/golden.h"

#include <cmath>
#include <string>

#include "pages/page_parts.h"
#include "pages/pages_fixture.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

// The assets' addresses change with every touch of a style or script; the pages do not.
std::string WithoutAssetVersions(std::string html) {
  for (const PageAsset* asset : {&StyleAsset(), &ScriptAsset(), &IconAsset()}) {
    const std::size_t at = html.find(asset->address);
    if (at == std::string::npos) continue;
    html.replace(at, asset->address.size(), asset->path.substr(1));
  }
  return html;
}

class PagesGolden : public PagesFixture {
 protected:
  void SetUp() override {
    const AccountKey main = AddAccount("main");
    const AccountKey partner = AddAccount("partner", {.requests_per_second = 5, .burst = 5});
    const DiscoveredConnections lists;
    const AccountKey found = AddAccount("found");
    store_.OnAccountChanged(found, {.discovery = DiscoveryPlan{}});
    store_.OnDiscoveryEnded(found, {.result = 0, .known = lists});
    const AccountKey lost = AddAccount("lost");
    store_.OnAccountChanged(lost, {.discovery = DiscoveryPlan{}});
    store_.OnDiscoveryEnded(
        lost, {.result = std::unexpected(PollFailure{.reason = FailureReason::kConnect}),
               .known = lists});
    const ConnectionKey support = Add(main, {.id = "1293384261075731461",
                                             .name = "support",
                                             .labels = {{"team", "voice"}},
                                             .channel_limit = 12});
    const ConnectionKey sales = Add(main, {.id = "1293384261075739380", .name = "sales"});
    const ConnectionKey gone = Add(main, {.id = "404", .name = "gone"});
    Add(main, {.id = "1293384261075747299", .name = "1293384261075747299"});
    const ConnectionKey trunk = Add(partner, {.id = "7", .name = "trunk"});

    // An hour of polls, a minute apart, with a hole in the middle.
    for (int minute = 0; minute < 60; ++minute) {
      if (minute < 20 || minute >= 27) {
        Complete(support, std::vector<std::uint32_t>(
                              static_cast<std::size_t>(6 + 4 * std::sin(minute / 8.0)), 42));
      }
      clock_.Advance(1min);
    }
    Complete(sales, {3, 3, 70});
    clock_.Advance(40s);
    Fail(sales, {.reason = FailureReason::kTimeout, .detail = "the poll's time-out passed"});
    clock_.Advance(8s);
    CompleteWith(support, WithLongestCalls());
    Fail(gone, {.reason = FailureReason::kNotFound,
                .http_status = 404,
                .api_code = "10005",
                .api_title = "Resource not found"});
    const PollFailure refused{.reason = FailureReason::kUnauthorized, .http_status = 401};
    store_.OnKeyRefused(partner, {.failure = refused, .refusals = 3, .wait = 60s});
    Fail(trunk, refused);
    store_.OnRequestEnded(main, {.http_status = 429,
                                 .rate_limit_limit = 100,
                                 .rate_limit_remaining = 0,
                                 .rate_limit = {},
                                 .requests_per_second = 2.5});
    // The budget of one account is short, that of another is not; a connection is idle.
    store_.OnBudgetChanged(main,
                           {.required_per_second = 20, .allowed_per_second = 10, .connections = 4});
    store_.OnIntervalChanged(gone, {.interval = 30s, .stale_after = 90s});
    store_.OnBudgetChanged(
        partner, {.required_per_second = 0.125, .allowed_per_second = 5, .connections = 2});
    store_.OnFieldsIgnored(found, 2);
    const ConnectionKey quiet = Add(found, {.id = "8", .name = "quiet", .idle_interval = 1min});
    Report(quiet, {.elapsed = 90ms,
                   .result = CompletePoll{.summary = {.bucket_counts = {0, 0, 0, 0, 0}},
                                          .duration_bounds = bounds_,
                                          .pages = 1},
                   .in_force = {.interval = 1min, .stale_after = 3min, .idle = true}});
    clock_.Advance(4s);
  }

  CompletePoll WithLongestCalls() const {
    return {.summary = {.legs = 11,
                        .sessions = 10,
                        .longest_seconds = 8000,
                        .total_seconds = 12'000,
                        .bucket_counts = {2, 4, 3, 1, 1}},
            .duration_bounds = bounds_,
            .reported_legs = 12,
            .pages = 2,
            .longest_calls = {{.leg = {.high = 0x428c31b67af44bcb, .low = 0xb68e5013ef9657c1},
                               .session = {.high = 0x1000, .low = 2},
                               .duration_seconds = 8000,
                               .has_session = true},
                              {.leg = {.high = 3, .low = 4}, .duration_seconds = 3000}}};
  }

  static void Compare(const std::string& name, std::string html) {
    html = WithoutAssetVersions(std::move(html));
    EXPECT_EQ(html, Golden("pages/golden/" + name, html)) << name;
  }
};

TEST_F(PagesGolden, StatusPage) { Compare("status.html", StatusPage()); }

TEST_F(PagesGolden, StatusPageOfACertainQuery) {
  Compare("status-query.html", StatusPage({.show = Condition::kFailing,
                                           .account = "main",
                                           .search = "S",
                                           .sort = SortKey::kCalls,
                                           .order = SortOrder::kDescending}));
}

TEST_F(PagesGolden, ConnectionPage) {
  Compare("connection.html", ConnectionPage("main", "1293384261075731461"));
}

TEST_F(PagesGolden, ConnectionPageOfAFailingOne) {
  Compare("connection-failing.html", ConnectionPage("main", "404"));
}

TEST_F(PagesGolden, ConnectionPageOfAnIdleOne) {
  Compare("connection-idle.html", ConnectionPage("found", "8"));
}

TEST_F(PagesGolden, NoConnectionPage) {
  Compare("no-connection.html", ConnectionPage("main", "5"));
}

using RefusedListsTest = PagesFixture;

TEST_F(RefusedListsTest, AreARefusalOfTheKey) {
  const AccountKey account = AddAccount("main");
  store_.OnAccountChanged(account, {.discovery = DiscoveryPlan{}});
  const DiscoveredConnections known;
  store_.OnDiscoveryEnded(
      account, {.result = std::unexpected(
                    PollFailure{.reason = FailureReason::kUnauthorized, .http_status = 401}),
                .known = known});
  EXPECT_TRUE(StatusPage().contains("Refused for its lists"));
  EXPECT_FALSE(StatusPage().contains("Not refused"));
}

TEST(EmptyPages, StatusPageBeforeTheFirstPoll) {
  const ManualClock clock;
  StateStore store(clock);
  store.OnAccountAdded(AccountKey{0}, {.name = "main"});
  store.OnConnectionAdded(ConnectionKey{0}, AccountKey{0}, {.id = "1", .name = "support"});
  const StatusData data = CollectStatus(store.Read(), {}, clock.Now());
  const Moment moment{.now = clock.Now(), .wall = clock.WallNow()};
  const std::string html = RenderStatusPage(
      data, {.config = {.file = "f.yml", .loaded = clock.WallNow()}, .telemetry_path = "/metrics"},
      moment);
  // Nothing is known, and nothing is said to be 0.
  EXPECT_NE(html.find("<span class=\"figure none\">not known</span>"), std::string::npos);
  EXPECT_EQ(html.find("<span class=\"figure\">0"), std::string::npos);
  EXPECT_NE(html.find("Not polled yet"), std::string::npos);
}

}  // namespace
}  // namespace telnyx_exporter
