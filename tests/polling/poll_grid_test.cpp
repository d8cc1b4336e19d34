#include "polling/poll_grid.h"

#include <algorithm>
#include <array>
#include <string>

#include <gtest/gtest.h>

#include "now.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

const WallTime kWall{std::chrono::seconds(1'700'000'007)};

TEST(StableHash, NeverChanges) {
  // Other values would move every connection's polls, and connections between shards, at an
  // upgrade.
  EXPECT_EQ(StableHash("main", "1293384261075731461"), 1'655'592'395'698'383'166U);
  EXPECT_EQ(StableHash("default", "1"), 14'452'987'811'124'946'646U);
  EXPECT_EQ(StableHash("", ""), 14'144'645'293'874'801'883U);
}

TEST(StableHash, TellsAccountsAndConnectionsApart) {
  EXPECT_NE(StableHash("main", "1"), StableHash("other", "1"));
  EXPECT_NE(StableHash("a", "bc"), StableHash("ab", "c"));
}

TEST(PollGrid, NeverMovesItsPlaces) {
  const PollGrid grid(15s, StableHash("main", "1293384261075731461"), kNow, kWall);
  EXPECT_EQ(grid.NextAfter(kNow) - kNow, Duration(8'698'383'166));
}

TEST(PollGrid, ComesOnceAnInterval) {
  const PollGrid grid(15s, 12345, kNow, kWall);
  const Instant first = grid.NextAfter(kNow);
  EXPECT_GT(first, kNow);
  EXPECT_LE(first, kNow + 15s);
  EXPECT_EQ(grid.NextAfter(first), first + 15s);
  EXPECT_EQ(grid.NextAfter(first - 1ns), first);
}

TEST(PollGrid, KeepsItsPlaceInTheWallClockAfterARestart) {
  const auto place = [](Duration later) {
    const PollGrid grid(15s, 987654321, kNow + later,
                        kWall + std::chrono::duration_cast<WallTime::duration>(later));
    return (grid.NextAfter(kNow + later) - kNow) % Duration(15s);
  };
  EXPECT_EQ(place(0s), place(1h + 4s));
  EXPECT_EQ(place(0s), place(123456789ms));
}

TEST(PollGrid, SpreadsAThousandConnectionsOverTheInterval) {
  std::array<int, 15> per_second{};
  for (int i = 0; i < 1000; ++i) {
    const PollGrid grid(15s, StableHash("main", std::to_string(1293384261075731461 + i)), kNow,
                        kWall);
    const Duration until = grid.NextAfter(kNow) - kNow - 1ns;
    ++per_second[static_cast<std::size_t>(until / 1s)];
  }
  // 67 a second on average; a place in ten thousand hashes would not do better.
  EXPECT_LT(*std::ranges::max_element(per_second), 110);
  EXPECT_GT(*std::ranges::min_element(per_second), 35);
}

TEST(PollGrid, CountsTheDueTimesOfAPause) {
  const PollGrid grid(5s, 1, kNow, kWall);
  const Instant due = grid.NextAfter(kNow);
  EXPECT_EQ(grid.CountBetween(due, due), 0U);
  EXPECT_EQ(grid.CountBetween(due, due + 4s), 0U);
  EXPECT_EQ(grid.CountBetween(due, due + 5s), 1U);
  EXPECT_EQ(grid.CountBetween(due, due + 1h), 720U);
  EXPECT_EQ(grid.CountBetween(due, due - 1h), 0U);
}

}  // namespace
}  // namespace telnyx_exporter
