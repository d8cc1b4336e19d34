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

TEST(PageWalk, EndsWhereCursorsDoWhateverElseThePagesSay) {
  PageWalk walk("1", {});
  EXPECT_EQ(walk.Advance(CursorPage("a")), PageStep::kNextPage);
  PageInfo last = CursorPage("");
  last.page_number = 2;
  last.total_pages = 2;
  EXPECT_EQ(walk.Advance(last), PageStep::kEnd);
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

TEST(PageWalk, GoesOnAfterAnEmptyPageThatNamesFurtherRows) {
  PageWalk walk("1", {});
  PageInfo first = CursorPage("a", 0);
  first.total_items = 2;
  EXPECT_EQ(walk.Advance(first), PageStep::kNextPage);
  // A cursor that is known leads nowhere.
  EXPECT_EQ(walk.Advance(first), PageStep::kEnd);

  PageWalk numbered("1", {});
  PageInfo page{.rows = 2, .page_number = 1, .total_pages = 3};
  EXPECT_EQ(numbered.Advance(page), PageStep::kNextPage);
  EXPECT_EQ(numbered.Advance({.rows = 0, .page_number = 2, .total_pages = 3}), PageStep::kNextPage);
  EXPECT_EQ(numbered.Advance({.rows = 0, .page_number = 3, .total_pages = 3}), PageStep::kEnd);
}

TEST(PageWalk, FailsWhereCursorsEndBeforeTheLastPage) {
  PageWalk walk("1", {});
  EXPECT_EQ(walk.Advance(CursorPage("a")), PageStep::kNextPage);
  PageInfo second = CursorPage("");
  second.page_number = 2;
  second.total_pages = 3;
  const auto step = walk.Advance(second);
  ASSERT_FALSE(step.has_value());
  EXPECT_EQ(step.error().reason, FailureReason::kMalformedResponse);
  EXPECT_EQ(step.error().detail, "page 2 of 3 does not name the next one");
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
  for (const std::optional<std::uint64_t> told :
       {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(0)}) {
    PageWalk walk("1", {});
    PageInfo page = NumberPage(1, 2, 25);
    page.page_size = told;
    ASSERT_EQ(walk.Advance(page), PageStep::kNextPage);
    EXPECT_TRUE(walk.next_target().ends_with("page%5Bsize%5D=25"));
  }
}

TEST(PageWalk, FailsWhereALaterPageDoesNotSayHowManyThereAre) {
  PageWalk walk("1", {});
  ASSERT_EQ(walk.Advance(NumberPage(1, 3)), PageStep::kNextPage);
  PageInfo second = NumberPage(2, 3);
  second.total_pages.reset();
  EXPECT_EQ(walk.Advance(second).error().detail, "page 2: meta.total_pages is missing");
}

TEST(PageWalk, FailsWhereANumberedPageDoesNotSayWhereTheOtherRowsAre) {
  PageInfo page = NumberPage(1, 3, 250);
  page.total_pages.reset();
  page.total_items = 600;
  EXPECT_EQ(PageWalk("1", {}).Advance(page).error().reason, FailureReason::kMalformedResponse);
  page.total_items = 250;
  EXPECT_EQ(PageWalk("1", {}).Advance(page), PageStep::kEnd);
}

TEST(PageWalk, FailsWhenAnotherPageComesThanWasAskedFor) {
  PageWalk walk("1", {});
  ASSERT_EQ(walk.Advance(NumberPage(1, 3)), PageStep::kNextPage);
  const auto step = walk.Advance(NumberPage(1, 3));
  ASSERT_FALSE(step.has_value());
  EXPECT_EQ(step.error().reason, FailureReason::kCursorLoop);
  EXPECT_EQ(step.error().detail, "page number 2 was asked for and 1 came");
}

TEST(PageWalk, FailsWhenPagesWithoutANumberBeginAlike) {
  const auto begins_with = [](std::string_view id) {
    return PageInfo{.rows = 2, .first_row = ParseCallId(id), .total_pages = 3};
  };
  PageWalk walk("7", {});
  EXPECT_EQ(walk.Advance(begins_with("a")), PageStep::kNextPage);
  EXPECT_EQ(walk.Advance(begins_with("b")), PageStep::kNextPage);
  const auto step = walk.Advance(begins_with("b"));
  ASSERT_FALSE(step.has_value());
  EXPECT_EQ(step.error().reason, FailureReason::kCursorLoop);
  EXPECT_EQ(step.error().detail, "page 3 begins like the page before it");
}

TEST(PageWalk, BearsASingleRowThatMovedToTheNextPage) {
  const PageInfo page{.rows = 1, .first_row = ParseCallId("a"), .total_pages = 3};
  PageWalk walk("7", {.page_limit = 1});
  EXPECT_EQ(walk.Advance(page), PageStep::kNextPage);
  EXPECT_EQ(walk.Advance(page), PageStep::kNextPage);
}

TEST(PageWalk, BoundsThePageNumberForm) {
  PageWalk walk("1", {.max_pages = 1});
  EXPECT_EQ(walk.Advance(NumberPage(1, 3)).error().reason, FailureReason::kTooManyPages);
}

TEST(PageWalk, FailsWhenNumberedPagesDoNotJoin) {
  PageWalk walk("1", {});
  ASSERT_EQ(walk.Advance(NumberPage(1, 4)), PageStep::kNextPage);
  PageInfo smaller = NumberPage(2, 4);
  smaller.page_size = 10;
  EXPECT_EQ(walk.Advance(smaller).error().reason, FailureReason::kMalformedResponse);
}

TEST(PageWalk, BoundsTheRowsOfAServerThatIgnoresTheLimit) {
  PageWalk walk("1", {});
  ASSERT_EQ(walk.Advance(CursorPage("a", 600'000)), PageStep::kNextPage);
  const auto step = walk.Advance(CursorPage("b", 600'000));
  ASSERT_FALSE(step.has_value());
  EXPECT_EQ(step.error().reason, FailureReason::kTooManyPages);
  EXPECT_EQ(step.error().detail, "there are more than 1000000 rows");
}

PageInfo Numbered(std::uint64_t number, std::uint64_t total_pages) {
  return {.rows = 250,
          .page_number = number,
          .page_size = 250,
          .total_pages = total_pages,
          .total_items = total_pages * 250};
}

void ExpectStop(const std::expected<PageStep, PollFailure>& step, FailureReason reason,
                const std::string& detail) {
  ASSERT_FALSE(step.has_value());
  EXPECT_EQ(step.error(), (PollFailure{.reason = reason, .http_status = 200, .detail = detail}));
}

TEST(PageWalkOfList, FollowsPageNumbersToTheLast) {
  PageWalk walk = PageWalk::OfList("/connections");
  EXPECT_EQ(walk.next_target(), "/connections?page%5Bnumber%5D=1&page%5Bsize%5D=250");
  EXPECT_EQ(walk.Advance(Numbered(1, 3)), PageStep::kNextPage);
  EXPECT_EQ(walk.next_target(), "/connections?page%5Bnumber%5D=2&page%5Bsize%5D=250");
  EXPECT_EQ(walk.Advance(Numbered(2, 3)), PageStep::kNextPage);
  EXPECT_EQ(walk.next_target(), "/connections?page%5Bnumber%5D=3&page%5Bsize%5D=250");
  EXPECT_EQ(walk.Advance(Numbered(3, 3)), PageStep::kEnd);
  EXPECT_EQ(walk.pages(), 3U);
}

TEST(PageWalkOfList, EndsAtOnceWhereThereIsNothing) {
  for (const std::uint64_t total_pages : {0U, 1U}) {
    EXPECT_EQ(PageWalk::OfList("/outbound_voice_profiles")
                  .Advance({.page_number = 1, .total_pages = total_pages, .total_items = 0}),
              PageStep::kEnd);
  }
}

TEST(PageWalkOfList, KeepsToTheNewestNumberOfPages) {
  PageWalk grows = PageWalk::OfList("/connections");
  ASSERT_EQ(grows.Advance(Numbered(1, 2)), PageStep::kNextPage);
  EXPECT_EQ(grows.Advance(Numbered(2, 3)), PageStep::kNextPage);
  EXPECT_EQ(grows.Advance(Numbered(3, 3)), PageStep::kEnd);

  PageWalk shrinks = PageWalk::OfList("/connections");
  ASSERT_EQ(shrinks.Advance(Numbered(1, 3)), PageStep::kNextPage);
  EXPECT_EQ(shrinks.Advance(Numbered(2, 1)), PageStep::kEnd);
}

TEST(PageWalkOfList, DoesNotTakeAnEmptyPageForTheEnd) {
  PageWalk walk = PageWalk::OfList("/connections");
  PageInfo empty = Numbered(1, 2);
  empty.rows = 0;
  EXPECT_EQ(walk.Advance(empty), PageStep::kNextPage);
}

TEST(PageWalkOfList, BearsPagesThatDoNotSayTheirNumberSizeOrResults) {
  PageWalk walk = PageWalk::OfList("/connections");
  ASSERT_EQ(walk.Advance({.rows = 250, .total_pages = 2}), PageStep::kNextPage);
  EXPECT_EQ(walk.Advance({.rows = 5, .total_pages = 2}), PageStep::kEnd);
}

TEST(PageWalkOfList, FailsWhenAnotherPageComesThanWasAskedFor) {
  PageWalk walk = PageWalk::OfList("/connections");
  ASSERT_EQ(walk.Advance(Numbered(1, 3)), PageStep::kNextPage);
  ExpectStop(walk.Advance(Numbered(1, 3)), FailureReason::kCursorLoop,
             "page number 2 was asked for and 1 came");
}

TEST(PageWalkOfList, FailsWithoutTheNumberOfPages) {
  ExpectStop(PageWalk::OfList("/connections").Advance({.page_number = 1}),
             FailureReason::kMalformedResponse, "page 1: meta.total_pages is missing");
}

TEST(PageWalkOfList, FailsPastTheMostPages) {
  PageWalk walk = PageWalk::OfList("/connections", {.max_pages = 2});
  ASSERT_EQ(walk.Advance(Numbered(1, 2)), PageStep::kNextPage);
  ExpectStop(walk.Advance(Numbered(2, 3)), FailureReason::kTooManyPages,
             "there are more than 2 pages");
}

TEST(PageWalkOfList, FailsWhenPagesDoNotJoin) {
  PageWalk walk = PageWalk::OfList("/connections");
  ASSERT_EQ(walk.Advance(Numbered(1, 4)), PageStep::kNextPage);
  PageInfo smaller = Numbered(2, 4);
  smaller.page_size = 100;
  ExpectStop(walk.Advance(smaller), FailureReason::kMalformedResponse,
             "page 2 has the size 100, those before it 250");
}

TEST(PageWalkOfList, TakesTheLastPagesSizeForWhatIsOnIt) {
  PageWalk walk = PageWalk::OfList("/connections");
  ASSERT_EQ(walk.Advance(Numbered(1, 2)), PageStep::kNextPage);
  PageInfo last = Numbered(2, 2);
  last.page_size = 3;
  EXPECT_EQ(walk.Advance(last), PageStep::kEnd);
}

}  // namespace
}  // namespace telnyx_exporter
