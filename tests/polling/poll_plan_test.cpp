#include "polling/poll_plan.h"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

constexpr int kConnections = 10'000;

// Which shard of so many polls each connection; -1 for one that not exactly one shard polls.
std::vector<int> Owners(std::uint32_t total) {
  std::vector<int> owners;
  for (int i = 0; i < kConnections; ++i) {
    const std::string id = std::to_string(1'293'384'261'075'731'461 + i * 7919LL);
    std::vector<int> found;
    for (std::uint32_t shard = 0; shard < total; ++shard) {
      if (Shard{shard, total}.Owns("main", id)) found.push_back(static_cast<int>(shard));
    }
    owners.push_back(found.size() == 1 ? found.front() : -1);
  }
  return owners;
}

TEST(Shard, NeverMovesConnectionsAtAnUpgrade) {
  const auto owners = [](std::uint32_t total) {
    std::vector<std::uint32_t> found;
    for (const char* id : {"1293384261075731461", "1", "2", "3", "4", "5", "6", "7"}) {
      for (std::uint32_t shard = 0; shard < total; ++shard) {
        if (Shard{shard, total}.Owns("main", id)) found.push_back(shard);
      }
    }
    return found;
  };
  EXPECT_EQ(owners(2), (std::vector<std::uint32_t>{0, 1, 0, 1, 0, 1, 1, 0}));
  EXPECT_EQ(owners(3), (std::vector<std::uint32_t>{2, 1, 0, 2, 0, 2, 1, 2}));
  EXPECT_EQ(owners(5), (std::vector<std::uint32_t>{2, 4, 3, 2, 3, 2, 1, 4}));
}

TEST(Shard, PollsEverythingAlone) {
  for (const int owner : Owners(1)) ASSERT_EQ(owner, 0);
}

TEST(Shard, LeavesNothingOutAndPollsNothingTwice) {
  for (const std::uint32_t total : {2U, 3U, 7U}) {
    std::map<int, int> shares;
    for (const int owner : Owners(total)) ++shares[owner];
    EXPECT_EQ(shares.count(-1), 0U);
    EXPECT_EQ(shares.size(), total);
    for (const auto& [shard, count] : shares) {
      const int fair = kConnections / static_cast<int>(total);
      EXPECT_NEAR(count, fair, fair / 10) << shard;
    }
  }
}

TEST(Shard, MovesOnlyTheNewShardsShareWhenOneIsAdded) {
  const auto before = Owners(4);
  const auto after = Owners(5);
  int moved = 0;
  for (int i = 0; i < kConnections; ++i) {
    const auto index = static_cast<std::size_t>(i);
    if (before[index] == after[index]) continue;
    ++moved;
    EXPECT_EQ(after[index], 4);
  }
  EXPECT_NEAR(moved, kConnections / 5, kConnections / 50);
}

TEST(Shard, KeepsItsConnectionsAtAnUpgrade) {
  // Another owner here would poll a connection twice, or not at all, while shards are upgraded one
  // after the other.
  const auto first_owners = [](std::uint32_t total) {
    std::vector<int> owners = Owners(total);
    owners.resize(12);
    return owners;
  };
  EXPECT_EQ(first_owners(2), (std::vector{0, 1, 1, 0, 0, 0, 0, 1, 0, 1, 1, 1}));
  EXPECT_EQ(first_owners(3), (std::vector{2, 2, 2, 0, 2, 2, 2, 1, 0, 1, 1, 1}));
  EXPECT_EQ(first_owners(7), (std::vector{2, 2, 6, 5, 4, 2, 2, 1, 3, 5, 3, 3}));
}

TEST(Shard, TellsAccountsApart) {
  int differs = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = std::to_string(i);
    differs += Shard{0, 2}.Owns("a", id) != Shard{0, 2}.Owns("b", id) ? 1 : 0;
  }
  EXPECT_NEAR(differs, 500, 100);
}

}  // namespace
}  // namespace telnyx_exporter
