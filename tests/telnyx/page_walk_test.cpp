#include "telnyx/page_walk.h"

#include <string>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using PageStep = PageWalk::Step;

PageInfo CursorPage(std::string after, std::size_t rows = 250) {
  return {.rows = rows, .after = std::move(after)};
}

PageInfo NumberPage(std::uint64_t number, std::uint64_t total, std::size_t rows = 20) {
  return {.rows = rows, .page_number = number, .page_size = 20, .total_pages = total};
}

TEST(PageWalk, BeginsWithTheLimitAndNoCursor) {
  EXPECT_EQ(PageWalk("1293384261075731461", {}).next_target(),
            "/connections/1293384261075731461/active_calls?page%5Blimit%5D=250");
}

TEST(PageWalk, EncodesTheConnectionId) {
  EXPECT_EQ(PageWalk("../a b?c#d%2F", {.page_limit = 7}).next_target(),
            "/connections/..%2Fa%20b%3Fc%23d%252F/active_calls?page%5Blimit%5D=7");
}

TEST(PageWalk, FollowsEveryCursorToTheEnd) {
  PageWalk walk("1", {});
  EXPECT_EQ(walk.Advance(CursorPage("v1:a+/b==")), PageStep::kNextPage);
  EXPECT_EQ(walk.next_target(),
            "/connections/1/active_calls?page%5Blimit%5D=250&page%5Bafter%5D=v1%3Aa%2B%2Fb%3D%3D");
  EXPECT_EQ(walk.Advance(CursorPage("second")), PageStep::kNextPage);
  EXPECT_EQ(walk.Advance(CursorPage("")), PageStep::kEnd);
  EXPECT_EQ(walk.pages(), 3U);
}

TEST(PageWalk, NeverSendsTheWordNull) {
  PageWalk walk("1", {});
  EXPECT_EQ(walk.next_target().find("null"), std::string::npos);
  EXPECT_EQ(walk.Advance(CursorPage("")), PageStep::kEnd);
  EXPECT_EQ(walk.next_target().find("null"), std::string::npos);
}

TEST(PageWalk, EndsAtAnEmptyPageWhateverItsCursor) {
  EXPECT_EQ(PageWalk("1", {}).Advance(CursorPage("more", 0)), PageStep::kEnd);
}

TEST(PageWalk, FailsWhenACursorRepeats) {
  PageWalk walk("1", {});
  ASSERT_EQ(walk.Advance(CursorPage("a")), PageStep::kNextPage);
  const auto step = walk.Advance(CursorPage("a"));
  ASSERT_FALSE(step.has_value());
  EXPECT_EQ(step.error().reason, FailureReason::kCursorLoop);
  EXPECT_EQ(step.error().detail, "page 2 leads back to a page already read");
}

TEST(PageWalk, FailsInALoopOfThree) {
  PageWalk walk("1", {});
  for (const char* cursor : {"a", "b", "c"}) {
    ASSERT_EQ(walk.Advance(CursorPage(cursor)), PageStep::kNextPage);
  }
  EXPECT_EQ(walk.Advance(CursorPage("a")).error().reason, FailureReason::kCursorLoop);
}

TEST(PageWalk, FailsPastTheMostPages) {
  PageWalk walk("1", {.max_pages = 2});
  ASSERT_EQ(walk.Advance(CursorPage("a")), PageStep::kNextPage);
  const auto step = walk.Advance(CursorPage("b"));
  ASSERT_FALSE(step.has_value());
  EXPECT_EQ(step.error().reason, FailureReason::kTooManyPages);
  EXPECT_EQ(step.error().detail, "there are more than max_pages=2 pages");
}

TEST(PageWalk, EndsWithExactlyTheMostPages) {
  PageWalk walk("1", {.max_pages = 2});
  ASSERT_EQ(walk.Advance(CursorPage("a")), PageStep::kNextPage);
  EXPECT_EQ(walk.Advance(CursorPage("")), PageStep::kEnd);
}

TEST(PageWalk, FollowsPageNumbersWithTheSizeOfTheFirstPage) {
  PageWalk walk("1", {});
  ASSERT_EQ(walk.Advance(NumberPage(1, 3)), PageStep::kNextPage);
  EXPECT_EQ(walk.next_target(), "/connections/1/active_calls?page%5Bnumber%5D=2&page%5Bsize%5D=20");
  ASSERT_EQ(walk.Advance(NumberPage(2, 3)), PageStep::kNextPage);
  EXPECT_EQ(walk.next_target(), "/connections/1/active_calls?page%5Bnumber%5D=3&page%5Bsize%5D=20");
  EXPECT_EQ(walk.Advance(NumberPage(3, 3, 4)), PageStep::kEnd);
}

TEST(PageWalk, JoinsPagesBySizeOfTheFirstWhereNoneIsTold) {
  PageWalk walk("1", {});
  PageInfo page = NumberPage(1, 2, 25);
  page.page_size.reset();
  ASSERT_EQ(walk.Advance(page), PageStep::kNextPage);
  EXPECT_TRUE(walk.next_target().ends_with("page%5Bsize%5D=25"));
}

TEST(PageWalk, FailsWhenAnotherPageComesThanWasAskedFor) {
  PageWalk walk("1", {});
  ASSERT_EQ(walk.Advance(NumberPage(1, 3)), PageStep::kNextPage);
  const auto step = walk.Advance(NumberPage(1, 3));
  ASSERT_FALSE(step.has_value());
  EXPECT_EQ(step.error().reason, FailureReason::kCursorLoop);
  EXPECT_EQ(step.error().detail, "page number 2 was asked for and 1 came");
}

TEST(PageWalk, BoundsThePageNumberForm) {
  PageWalk walk("1", {.max_pages = 1});
  EXPECT_EQ(walk.Advance(NumberPage(1, 3)).error().reason, FailureReason::kTooManyPages);
}

}  // namespace
}  // namespace telnyx_exporter
