#include "telnyx/list_walk.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using ListStep = ListWalk::Step;

ListPage Numbered(std::uint64_t number, std::uint64_t total_pages) {
  return {.rows = 250,
          .page_number = number,
          .page_size = 250,
          .total_pages = total_pages,
          .total_results = total_pages * 250};
}

void ExpectStop(const std::expected<ListStep, PollFailure>& step, FailureReason reason,
                const std::string& detail) {
  ASSERT_FALSE(step.has_value());
  EXPECT_EQ(step.error(), (PollFailure{.reason = reason, .http_status = 200, .detail = detail}));
}

TEST(ListWalk, FollowsPageNumbersToTheLast) {
  ListWalk walk(kConnectionsPath, {});
  EXPECT_EQ(walk.next_target(), "/connections?page%5Bnumber%5D=1&page%5Bsize%5D=250");
  EXPECT_EQ(walk.Advance(Numbered(1, 3)), ListStep::kNextPage);
  EXPECT_EQ(walk.next_target(), "/connections?page%5Bnumber%5D=2&page%5Bsize%5D=250");
  EXPECT_EQ(walk.Advance(Numbered(2, 3)), ListStep::kNextPage);
  EXPECT_EQ(walk.next_target(), "/connections?page%5Bnumber%5D=3&page%5Bsize%5D=250");
  EXPECT_EQ(walk.Advance(Numbered(3, 3)), ListStep::kEnd);
  EXPECT_EQ(walk.pages(), 3U);
  EXPECT_EQ(walk.total_results(), 750U);
}

TEST(ListWalk, EndsAtOnceWhereThereIsNothing) {
  for (const std::uint64_t total_pages : {0U, 1U}) {
    EXPECT_EQ(ListWalk(kVoiceProfilesPath, {})
                  .Advance({.page_number = 1, .total_pages = total_pages, .total_results = 0}),
              ListStep::kEnd);
  }
}

TEST(ListWalk, KeepsToTheNewestNumberOfPages) {
  ListWalk grows(kConnectionsPath, {});
  ASSERT_EQ(grows.Advance(Numbered(1, 2)), ListStep::kNextPage);
  EXPECT_EQ(grows.Advance(Numbered(2, 3)), ListStep::kNextPage);
  EXPECT_EQ(grows.Advance(Numbered(3, 3)), ListStep::kEnd);

  ListWalk shrinks(kConnectionsPath, {});
  ASSERT_EQ(shrinks.Advance(Numbered(1, 3)), ListStep::kNextPage);
  EXPECT_EQ(shrinks.Advance(Numbered(2, 1)), ListStep::kEnd);
  EXPECT_EQ(shrinks.total_results(), 250U);
}

TEST(ListWalk, DoesNotTakeAnEmptyPageForTheEnd) {
  ListWalk walk(kConnectionsPath, {});
  ListPage empty = Numbered(1, 2);
  empty.rows = 0;
  EXPECT_EQ(walk.Advance(empty), ListStep::kNextPage);
}

TEST(ListWalk, BearsPagesThatDoNotSayTheirNumberSizeOrResults) {
  ListWalk walk(kConnectionsPath, {});
  ASSERT_EQ(walk.Advance({.rows = 250, .total_pages = 2}), ListStep::kNextPage);
  EXPECT_EQ(walk.Advance({.rows = 5, .total_pages = 2}), ListStep::kEnd);
  EXPECT_EQ(walk.total_results(), std::nullopt);
}

TEST(ListWalk, FailsWhenAnotherPageComesThanWasAskedFor) {
  ListWalk walk(kConnectionsPath, {});
  ASSERT_EQ(walk.Advance(Numbered(1, 3)), ListStep::kNextPage);
  ExpectStop(walk.Advance(Numbered(1, 3)), FailureReason::kCursorLoop,
             "page number 2 was asked for and 1 came");
}

TEST(ListWalk, FailsWithoutTheNumberOfPages) {
  ExpectStop(ListWalk(kConnectionsPath, {}).Advance({.page_number = 1}),
             FailureReason::kMalformedResponse, "page 1: meta.total_pages is missing");
}

TEST(ListWalk, FailsPastTheMostPages) {
  ListWalk walk(kConnectionsPath, {.max_pages = 2});
  ASSERT_EQ(walk.Advance(Numbered(1, 2)), ListStep::kNextPage);
  ExpectStop(walk.Advance(Numbered(2, 3)), FailureReason::kTooManyPages,
             "there are 3 pages, more than 2");
}

TEST(ListWalk, FailsWhenPagesDoNotJoin) {
  ListWalk walk(kConnectionsPath, {});
  ASSERT_EQ(walk.Advance(Numbered(1, 4)), ListStep::kNextPage);
  ListPage smaller = Numbered(2, 4);
  smaller.page_size = 100;
  ExpectStop(walk.Advance(smaller), FailureReason::kMalformedResponse,
             "page 2 has the size 100, those before it 250");
}

TEST(ListWalk, TakesTheLastPagesSizeForWhatIsOnIt) {
  ListWalk walk(kConnectionsPath, {});
  ASSERT_EQ(walk.Advance(Numbered(1, 2)), ListStep::kNextPage);
  ListPage last = Numbered(2, 2);
  last.page_size = 3;
  EXPECT_EQ(walk.Advance(last), ListStep::kEnd);
}

TEST(RemoveDuplicateIds, KeepsTheFirstOfEach) {
  std::vector<ListedVoiceProfile> profiles = {{.id = "1", .name = "first"},
                                              {.id = "2"},
                                              {.id = "1", .name = "second"},
                                              {.id = "3"},
                                              {.id = "2"}};
  EXPECT_EQ(RemoveDuplicateIds(profiles), 2U);
  EXPECT_THAT(profiles,
              ::testing::ElementsAre(ListedVoiceProfile{.id = "1", .name = "first"},
                                     ListedVoiceProfile{.id = "2"}, ListedVoiceProfile{.id = "3"}));
  EXPECT_EQ(RemoveDuplicateIds(profiles), 0U);
}

}  // namespace
}  // namespace telnyx_exporter
