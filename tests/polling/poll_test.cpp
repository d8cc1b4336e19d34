#include "polling/poll.h"

#include <cstddef>
#include <string>

#include <gtest/gtest.h>

#include "support/padded.h"

namespace telnyx_exporter {
namespace {

constexpr Duration kTimeout = std::chrono::seconds(10);

// A page that is the last one.
std::string Page(std::size_t rows) {
  std::string page = R"({"data":[)";
  for (std::size_t i = 0; i < rows; ++i) {
    page += (i == 0 ? "" : ",") + std::string(R"({"call_leg_id":"leg-)") + std::to_string(i) +
            R"(","call_duration":1})";
  }
  return page + R"(],"meta":{}})";
}

class PollTest : public ::testing::Test {
 protected:
  // Rows of the complete poll.
  std::size_t ReadAll(Poll& poll, std::size_t rows) {
    const Padded body(Page(rows));
    EXPECT_EQ(poll.OnExchange({.result = Response{.status = 200, .body = body}}, Instant{},
                              WallTime{}, 0),
              RequestSequence::Next::kComplete);
    return poll.calls().size();
  }
  Poll Begin() { return {"1", {}, Instant{}, kTimeout, workspace_}; }

  PollWorkspace workspace_;
};

TEST_F(PollTest, LeavesItsMemoryToTheNext) {
  {
    Poll poll = Begin();
    ASSERT_EQ(ReadAll(poll, 1000), 1000U);
  }
  EXPECT_TRUE(workspace_.spare_rows.empty());
  EXPECT_GE(workspace_.spare_rows.capacity(), 1000U);

  Poll poll = Begin();
  EXPECT_EQ(workspace_.spare_rows.capacity(), 0U);
  EXPECT_EQ(ReadAll(poll, 3), 3U);
}

TEST_F(PollTest, LeavesTheLargerOfTwoMemories) {
  {
    Poll large = Begin();
    Poll small = Begin();
    ReadAll(large, 1000);
    ReadAll(small, 3);
  }
  EXPECT_GE(workspace_.spare_rows.capacity(), 1000U);
}

TEST_F(PollTest, GivesBackTheMemoryOfAnExtraordinaryPoll) {
  {
    Poll poll = Begin();
    ReadAll(poll, 300'001);
  }
  EXPECT_EQ(workspace_.spare_rows.capacity(), 0U);
}

}  // namespace
}  // namespace telnyx_exporter
