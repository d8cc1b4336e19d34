#include "polling/list_refresh.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/padded.h"

namespace telnyx_exporter {
namespace {

using ::testing::ElementsAre;
using Next = RequestSequence::Next;

std::string ListOf(const std::string& rows, int number = 1, int pages = 1) {
  return fmt::format(
      R"({{"data":[{}],"meta":{{"page_number":{},"page_size":250,"total_pages":{}}}}})", rows,
      number, pages);
}

std::string Application(int id, const std::string& members = "") {
  return fmt::format(R"({{"id":"{}","record_type":"call_control_application"{}}})", id, members);
}

class ListRefreshTest : public ::testing::Test {
 protected:
  void Begin(ListSelection selection) { refresh_.emplace(std::move(selection), now_); }

  Next Answer(const std::string& body, int status = 200) {
    const Padded padded(body);
    const Exchange exchange{.result = Response{.status = status, .headers = {}, .body = padded}};
    return refresh_->OnAnswer(ReadAnswer(exchange, WallTime{}), now_, 0.5);
  }

  std::vector<std::string> Ids() {
    std::vector<std::string> ids;
    for (const auto& connection : lists_.connections) ids.push_back(connection.id);
    return ids;
  }

  Instant now_{std::chrono::hours(1)};
  std::optional<ListRefresh> refresh_;
  AccountLists lists_;
};

TEST_F(ListRefreshTest, KeepsWhatPassesTheFiltersAndWhatIsNamed) {
  Begin({.keeps = [](const ListedConnection& connection) { return connection.id == "2"; },
         .names = [](const std::string& id) { return id == "3"; }});
  EXPECT_EQ(Answer(ListOf(Application(1) + "," + Application(2) + "," + Application(3))),
            Next::kComplete);
  lists_ = refresh_->TakeLists();
  EXPECT_THAT(Ids(), ElementsAre("2", "3"));
  EXPECT_EQ(lists_.listed, 3U);
}

TEST_F(ListRefreshTest, FailsAsSoonAsTooManyConnectionsPassTheFilters) {
  Begin({.max_connections = 2,
         .keeps = [](const ListedConnection& connection) { return connection.id != "9"; }});
  // The same row on two pages is one connection, and what does not pass does not count.
  EXPECT_EQ(Answer(ListOf(Application(1) + "," + Application(9), 1, 9)), Next::kRequest);
  EXPECT_EQ(Answer(ListOf(Application(1) + "," + Application(2), 2, 9)), Next::kRequest);
  EXPECT_EQ(Answer(ListOf(Application(3), 3, 9)), Next::kFailed);
  EXPECT_EQ(refresh_->failure().reason, FailureReason::kTooManyConnections);
  EXPECT_EQ(refresh_->failure().detail,
            "/connections: more than max_connections=2 pass the filters");
}

TEST_F(ListRefreshTest, FailsWhenTheConnectionsTakeTooMuchMemory) {
  Begin({});
  std::string tags = "\"" + std::string(256, 'x') + "\"";
  for (int i = 1; i < 256; ++i) tags += ",\"" + std::string(256, 'x') + "\"";
  std::string rows;
  for (int page = 1;; ++page) {
    rows.clear();
    for (int i = 0; i < 50; ++i) {
      rows +=
          (i == 0 ? "" : ",") + Application(page * 100 + i, fmt::format(R"(,"tags":[{}])", tags));
    }
    if (Answer(ListOf(rows, page, 400)) == Next::kFailed) break;
  }
  EXPECT_EQ(refresh_->failure().reason, FailureReason::kResponseTooLarge);
}

TEST_F(ListRefreshTest, TellsWhatItLeftOut) {
  Begin({.keeps = [](const ListedConnection&) { return false; }});
  EXPECT_EQ(Answer(ListOf(R"({"id":"1"},{"id":"2","record_type":"fax_application"})")),
            Next::kComplete);
  lists_ = refresh_->TakeLists();
  EXPECT_EQ(lists_.unusable, (RowsLeftOut{.count = 1, .names = {"1"}}));
  EXPECT_EQ(lists_.not_pollable, (RowsLeftOut{.count = 1, .names = {"2"}}));
}

TEST_F(ListRefreshTest, ReadsTheChannelsOfTheAccountWithTheOtherLimits) {
  for (const auto& [status, body, expected] :
       {std::tuple(200, R"({"data":{"channels":30}})", std::optional<std::uint64_t>(30)),
        std::tuple(200, R"({"data":[]})", std::optional<std::uint64_t>()),
        std::tuple(404, "{}", std::optional<std::uint64_t>())}) {
    Begin({.channel_limits = true});
    EXPECT_EQ(Answer(ListOf(Application(1))), Next::kRequest);
    EXPECT_EQ(Answer(ListOf(Application(1, R"(,"inbound":{"channel_limit":7})"))), Next::kRequest);
    while (refresh_->next_target() != kInboundChannelsPath) {
      ASSERT_EQ(Answer("{}", 404), Next::kRequest);
    }
    EXPECT_EQ(Answer(body, status), Next::kComplete);
    lists_ = refresh_->TakeLists();
    EXPECT_EQ(lists_.account_channel_limit, expected);
    EXPECT_EQ(lists_.connections.at(0).inbound_channel_limit, 7U);
  }
}

TEST_F(ListRefreshTest, CountsIgnoredFields) {
  Begin({});
  Answer(ListOf(Application(1, R"(,"inbound":5)")));
  EXPECT_EQ(refresh_->TakeIgnoredFields(), 1U);
  EXPECT_EQ(refresh_->TakeIgnoredFields(), 0U);
}

}  // namespace
}  // namespace telnyx_exporter
