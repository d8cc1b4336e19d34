#include "web/connection_table.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::UnorderedElementsAre;

constexpr Instant kStart{100s};

class ConnectionTableTest : public ::testing::Test {
 protected:
  auto Add(int id, const std::string& peer = "p", Duration at = {}) {
    auto ended = table_.Add(id, peer, kStart + at);
    table_.Started(id);
    return ended;
  }
  void Answer(int id, Duration at) {
    table_.RequestBegan(id, kStart + at);
    table_.AnswerBegan(id, kStart + at);
  }

  ConnectionTable table_{
      {.total = 3, .of_one_peer = 2, .request = 10s, .idle = 60s, .response = 30s}};
};

TEST_F(ConnectionTableTest, MakesRoomByEndingWhoWaitedLongest) {
  EXPECT_THAT(Add(1, "a", 0s), IsEmpty());
  EXPECT_THAT(Add(2, "b", 1s), IsEmpty());
  EXPECT_THAT(Add(3, "c", 2s), IsEmpty());
  EXPECT_THAT(Add(4, "d", 3s), ElementsAre(1));
  EXPECT_EQ(table_.ending(), 1U);
  EXPECT_THAT(Add(5, "e", 4s), ElementsAre(2));
}

TEST_F(ConnectionTableTest, SparesWhoIsBeingAnswered) {
  Add(1, "a", 0s);
  Add(2, "b", 1s);
  Add(3, "c", 2s);
  Answer(1, 2s);
  EXPECT_THAT(Add(4, "d", 3s), ElementsAre(2));
}

TEST_F(ConnectionTableTest, EndsTheLongestAnswerWhenNobodyWaits) {
  for (const int id : {1, 2, 3}) Add(id, std::to_string(id));
  Answer(2, 1s);
  Answer(1, 2s);
  Answer(3, 3s);
  EXPECT_THAT(Add(4, "d", 4s), ElementsAre(2));
}

TEST_F(ConnectionTableTest, CountsWaitingFromTheLastAnswer) {
  Add(1, "a", 0s);
  Add(2, "b", 1s);
  Add(3, "c", 1s);
  Answer(1, 5s);
  EXPECT_FALSE(table_.AnswerEnded(1, kStart + 6s));
  EXPECT_THAT(Add(4, "d", 7s), ElementsAre(2));
}

TEST_F(ConnectionTableTest, LimitsOnePeerAtItsOwnExpense) {
  Add(1, "other");
  Add(2, "p", 1s);
  Add(3, "p", 2s);
  EXPECT_THAT(Add(4, "p", 3s), ElementsAre(2));
}

TEST_F(ConnectionTableTest, DoesNotTellLocalClientsApart) {
  Add(1, "");
  Add(2, "");
  EXPECT_THAT(Add(3, ""), IsEmpty());
}

TEST_F(ConnectionTableTest, HasRoomAgainWhenOneIsRemoved) {
  for (const int id : {1, 2, 3}) Add(id, std::to_string(id));
  table_.Remove(2);
  EXPECT_THAT(Add(4, "p"), IsEmpty());
  EXPECT_EQ(table_.size(), 3U);
}

TEST_F(ConnectionTableTest, NeverEndsOneThatTheServerDoesNotHaveYet) {
  for (const int id : {1, 2, 3}) table_.Add(id, std::to_string(id), kStart);
  EXPECT_THAT(table_.Add(4, "p", kStart), IsEmpty());
  EXPECT_THAT(table_.TakeExpired(kStart + 1h), IsEmpty());
  EXPECT_EQ(table_.size(), 0U);
}

TEST_F(ConnectionTableTest, ForgetsAnIdThatComesAgain) {
  table_.Add(1, "a", kStart);
  EXPECT_THAT(Add(1, "b", 5s), IsEmpty());
  EXPECT_EQ(table_.size(), 1U);
  EXPECT_THAT(table_.TakeExpired(kStart + 10s), IsEmpty());
  EXPECT_THAT(table_.TakeExpired(kStart + 15s), ElementsAre(1));
}

TEST_F(ConnectionTableTest, GivesTheFirstRequestItsTimeFromTheConnectionOn) {
  Add(1);
  table_.RequestBegan(1, kStart + 9s);
  EXPECT_THAT(table_.TakeExpired(kStart + 9999ms), IsEmpty());
  EXPECT_THAT(table_.TakeExpired(kStart + 10s), ElementsAre(1));
  EXPECT_THAT(table_.TakeExpired(kStart + 11s), IsEmpty());
}

TEST_F(ConnectionTableTest, GivesALaterRequestItsTimeFromItsFirstLineOn) {
  Add(1);
  Answer(1, 1s);
  table_.AnswerEnded(1, kStart + 2s);
  table_.RequestBegan(1, kStart + 50s);
  EXPECT_THAT(table_.TakeExpired(kStart + 59s), IsEmpty());
  EXPECT_THAT(table_.TakeExpired(kStart + 60s), ElementsAre(1));
}

TEST_F(ConnectionTableTest, BoundsIdlenessWhateverTrickles) {
  Add(1);
  Answer(1, 1s);
  table_.AnswerEnded(1, kStart + 2s);
  EXPECT_THAT(table_.TakeExpired(kStart + 61s), IsEmpty());
  EXPECT_THAT(table_.TakeExpired(kStart + 62s), ElementsAre(1));
}

TEST_F(ConnectionTableTest, BoundsAnAnswer) {
  Add(1);
  Answer(1, 5s);
  EXPECT_THAT(table_.TakeExpired(kStart + 34s), IsEmpty());
  EXPECT_THAT(table_.TakeExpired(kStart + 35s), ElementsAre(1));
}

TEST_F(ConnectionTableTest, EndsAllButThoseBeingAnswered) {
  Add(1, "a");
  Add(2, "b");
  table_.Add(3, "c", kStart);
  Answer(2, 1s);
  EXPECT_THAT(table_.TakeAll(), UnorderedElementsAre(1));
  EXPECT_TRUE(table_.AnswerEnded(2, kStart + 2s));
  table_.Started(3);
  Answer(3, 2s);
  EXPECT_TRUE(table_.AnswerEnded(3, kStart + 3s));
}

TEST_F(ConnectionTableTest, GivesTheOldestUpOnRequest) {
  EXPECT_EQ(table_.TakeOldest(), std::nullopt);
  Add(2, "a");
  Add(1, "b");
  EXPECT_THAT(table_.TakeOldest(), Optional(2));
  EXPECT_THAT(table_.TakeOldest(), Optional(1));
  EXPECT_EQ(table_.TakeOldest(), std::nullopt);
}

}  // namespace
}  // namespace telnyx_exporter
