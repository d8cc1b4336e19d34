#include "polling/polled_connection.h"

#include <cstddef>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/padded.h"
#include "support/pages.h"

namespace telnyx_exporter {
namespace {

constexpr Duration kPollTimeout = std::chrono::seconds(10);

class PollTest : public ::testing::Test {
 protected:
  // A complete poll of so many rows, all but one on its second page; the API says that there are
  // `total`. Gives the number of calls.
  std::size_t Read(std::size_t rows, std::size_t total) {
    Poll poll("1", {}, Instant{}, kPollTimeout, workspace_);
    std::vector<std::string> others;
    for (std::size_t i = 1; i < rows; ++i) others.push_back(Row(i, i, 1));
    EXPECT_EQ(Answer(poll, Page({Row(0, 0, 1)}, "next", total)), Poll::Next::kRequest);
    EXPECT_EQ(Answer(poll, Page(others, "", total)), Poll::Next::kComplete);
    return poll.rows().size();
  }

  PollWorkspace workspace_;

 private:
  static Poll::Next Answer(Poll& poll, const std::string& page) {
    const Padded body(page);
    return poll.OnAnswer(ReadAnswer({.result = Response{.status = 200, .body = body}}, WallTime{}),
                         Instant{}, 0);
  }
};

TEST_F(PollTest, LeavesItsMemoryToTheNext) {
  ASSERT_EQ(Read(1000, 1000), 1000U);
  EXPECT_EQ(workspace_.spare_rows.size(), 0U);
  EXPECT_EQ(workspace_.spare_rows.capacity(), 1000U);
  const CallId* const memory = workspace_.spare_rows.legs().data();

  EXPECT_EQ(Read(900, 900), 900U);
  EXPECT_EQ(workspace_.spare_rows.legs().data(), memory);
}

TEST_F(PollTest, LeavesAloneTheMemoryOfALargerOne) {
  Read(1000, 1000);
  EXPECT_EQ(Read(3, 3), 3U);
  EXPECT_EQ(workspace_.spare_rows.capacity(), 1000U);
}

// The number is the server's, which may say anything.
TEST_F(PollTest, KeepsNoMemoryForCallsThatNeverCame) {
  Read(3, 200'000);
  EXPECT_EQ(workspace_.spare_rows.capacity(), 0U);
}

TEST_F(PollTest, GivesBackTheMemoryOfAnExtraordinaryPoll) {
  Read(300'002, 300'002);
  EXPECT_EQ(workspace_.spare_rows.capacity(), 0U);
  EXPECT_EQ(workspace_.page.capacity(), 0U);
}

}  // namespace
}  // namespace telnyx_exporter
