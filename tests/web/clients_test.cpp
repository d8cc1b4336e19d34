#include "web/clients.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "web/acceptor.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr Instant kStart{100s};

std::vector<int> IdsOf(const std::vector<ClientTable::Leaving>& leaving) {
  std::vector<int> ids;
  for (const ClientTable::Leaving& client : leaving) ids.push_back(client.id);
  return ids;
}

class ClientTableTest : public ::testing::Test {
 protected:
  auto Add(int id, const std::string& peer = "p", Duration at = {}) {
    auto leaving = IdsOf(table_.Add(id, peer, kStart + at));
    table_.Started(id);
    return leaving;
  }
  void Answer(int id, Duration at) {
    table_.RequestBegan(id, kStart + at);
    table_.AnswerBegan(id, kStart + at);
  }
  auto TakeExpired(Duration at) { return IdsOf(table_.TakeExpired(kStart + at)); }
  auto TakeOldest() { return IdsOf(table_.TakeOldest()); }

  ClientTable table_{{.total = 3, .of_one_peer = 2, .request = 10s, .idle = 60s, .answer = 30s},
                     [](int) { return 0; }};
};

TEST_F(ClientTableTest, MakesRoomByEndingWhoWaitedLongest) {
  EXPECT_THAT(Add(1, "a", 0s), IsEmpty());
  EXPECT_THAT(Add(2, "b", 1s), IsEmpty());
  EXPECT_THAT(Add(3, "c", 2s), IsEmpty());
  EXPECT_THAT(Add(4, "d", 3s), ElementsAre(1));
  EXPECT_EQ(table_.leaving(), 1U);
  EXPECT_THAT(Add(5, "e", 4s), ElementsAre(2));
}

TEST_F(ClientTableTest, SparesWhoIsBeingAnswered) {
  Add(1, "a", 0s);
  Add(2, "b", 1s);
  Add(3, "c", 2s);
  Answer(1, 2s);
  EXPECT_THAT(Add(4, "d", 3s), ElementsAre(2));
}

TEST_F(ClientTableTest, EndsTheLongestAnswerWhenNobodyWaits) {
  for (const int id : {1, 2, 3}) Add(id, std::to_string(id));
  Answer(2, 1s);
  Answer(1, 2s);
  Answer(3, 3s);
  EXPECT_THAT(Add(4, "d", 4s), ElementsAre(2));
}

TEST_F(ClientTableTest, CountsWaitingFromTheLastAnswer) {
  Add(1, "a", 0s);
  Add(2, "b", 1s);
  Add(3, "c", 1s);
  Answer(1, 5s);
  EXPECT_THAT(table_.AnswerEnded(1, kStart + 6s), IsEmpty());
  EXPECT_THAT(Add(4, "d", 7s), ElementsAre(2));
}

TEST_F(ClientTableTest, LimitsOnePeerAtItsOwnExpense) {
  Add(1, "other");
  Add(2, "p", 1s);
  Add(3, "p", 2s);
  EXPECT_THAT(Add(4, "p", 3s), ElementsAre(2));
}

TEST_F(ClientTableTest, DoesNotTellLocalClientsApart) {
  Add(1, "");
  Add(2, "");
  EXPECT_THAT(Add(3, ""), IsEmpty());
}

TEST_F(ClientTableTest, HasRoomAgainWhenOneIsRemoved) {
  for (const int id : {1, 2, 3}) Add(id, std::to_string(id));
  table_.Remove(2);
  EXPECT_THAT(Add(4, "p"), IsEmpty());
  EXPECT_EQ(table_.size(), 3U);
}

TEST_F(ClientTableTest, NeverEndsOneThatTheServerDoesNotHaveYet) {
  for (const int id : {1, 2, 3}) table_.Add(id, std::to_string(id), kStart);
  EXPECT_THAT(IdsOf(table_.Add(4, "p", kStart)), IsEmpty());
  EXPECT_THAT(TakeExpired(1h), IsEmpty());
  EXPECT_EQ(table_.size(), 0U);
}

TEST_F(ClientTableTest, ForgetsAnIdThatComesAgain) {
  table_.Add(1, "a", kStart);
  EXPECT_THAT(Add(1, "b", 5s), IsEmpty());
  EXPECT_EQ(table_.size(), 1U);
  EXPECT_THAT(TakeExpired(10s), IsEmpty());
  EXPECT_THAT(TakeExpired(15s), ElementsAre(1));
}

TEST_F(ClientTableTest, GivesTheFirstRequestItsTimeFromConnectingOn) {
  Add(1);
  table_.RequestBegan(1, kStart + 9s);
  EXPECT_THAT(TakeExpired(9999ms), IsEmpty());
  EXPECT_THAT(TakeExpired(10s), ElementsAre(1));
  EXPECT_THAT(TakeExpired(11s), IsEmpty());
}

TEST_F(ClientTableTest, GivesALaterRequestItsTimeFromItsFirstLineOn) {
  Add(1);
  Answer(1, 1s);
  table_.AnswerEnded(1, kStart + 2s);
  table_.RequestBegan(1, kStart + 50s);
  EXPECT_THAT(TakeExpired(59s), IsEmpty());
  EXPECT_THAT(TakeExpired(60s), ElementsAre(1));
}

TEST_F(ClientTableTest, BoundsIdlenessWhateverTrickles) {
  Add(1);
  Answer(1, 1s);
  table_.AnswerEnded(1, kStart + 2s);
  EXPECT_THAT(TakeExpired(61s), IsEmpty());
  EXPECT_THAT(TakeExpired(62s), ElementsAre(1));
}

TEST_F(ClientTableTest, BoundsAnAnswer) {
  Add(1);
  Answer(1, 5s);
  EXPECT_THAT(TakeExpired(34s), IsEmpty());
  EXPECT_THAT(TakeExpired(35s), ElementsAre(1));
}

TEST_F(ClientTableTest, EndsAllButThoseBeingAnswered) {
  Add(1, "a");
  Add(2, "b");
  table_.Add(3, "c", kStart);
  Answer(2, 1s);
  EXPECT_THAT(IdsOf(table_.TakeAll()), UnorderedElementsAre(1));
  EXPECT_THAT(IdsOf(table_.AnswerEnded(2, kStart + 2s)), ElementsAre(2));
  table_.Started(3);
  Answer(3, 2s);
  EXPECT_THAT(IdsOf(table_.AnswerEnded(3, kStart + 3s)), ElementsAre(3));
}

TEST_F(ClientTableTest, GivesTheOldestUpOnRequest) {
  EXPECT_THAT(TakeOldest(), IsEmpty());
  Add(2, "a");
  Add(1, "b");
  EXPECT_THAT(TakeOldest(), ElementsAre(2));
  EXPECT_THAT(TakeOldest(), ElementsAre(1));
  EXPECT_THAT(TakeOldest(), IsEmpty());
}

constexpr std::size_t kMiB = std::size_t{1} << 20U;

// Many clients, of which every one reads as far as the test says.
class ReadersTest : public ::testing::Test {
 protected:
  void Start(ClientLimits limits) {
    limits.total = 100;
    table_.emplace(limits, [this](int id) { return read_[id]; });
  }
  std::vector<int> AnswerBegins(int id, Duration at) {
    table_->Add(id, "", kStart + at);
    table_->Started(id);
    table_->AnswerBegan(id, kStart + at);
    return BodyBegins(id, at);
  }
  std::vector<int> BodyBegins(int id, Duration at) {
    return IdsOf(
        table_->BodyBegan(id, {.handler = "/", .identity = this, .bytes = 1}, kStart + at));
  }
  /// Of the handler, with the body of this identity.
  std::vector<int> Sends(int id, const char* handler, const char& body, std::size_t bytes,
                         Duration at = {}) {
    table_->Add(id, "", kStart + at);
    table_->Started(id);
    table_->AnswerBegan(id, kStart + at);
    return IdsOf(table_->BodyBegan(id, {.handler = handler, .identity = &body, .bytes = bytes},
                                   kStart + at));
  }
  void Reads(int id, Duration at) {
    ++read_[id];
    table_->TakeExpired(kStart + at);
  }

  std::map<int, std::uint64_t> read_;
  const std::string bodies_ = "abcdefghij";
  std::optional<ClientTable> table_;
};

TEST_F(ReadersTest, EndsTheAnswerLongestWithoutProgressAtTheLimitOfAnswers) {
  Start({.answers = 3});
  for (const int id : {1, 2, 3}) EXPECT_THAT(AnswerBegins(id, 1s), IsEmpty());
  Reads(1, 2s);
  Reads(2, 3s);
  EXPECT_THAT(AnswerBegins(4, 4s), ElementsAre(3));
  EXPECT_THAT(AnswerBegins(5, 5s), ElementsAre(1));
  EXPECT_EQ(table_->answers(), 3U);
}

TEST_F(ReadersTest, SeesProgressSinceTheLastSweep) {
  Start({.answers = 2});
  AnswerBegins(1, 1s);
  AnswerBegins(2, 2s);
  ++read_[1];
  EXPECT_THAT(AnswerBegins(3, 3s), ElementsAre(2));
}

TEST_F(ReadersTest, SaysThatTheAnswerWasSlow) {
  Start({.answers = 1});
  AnswerBegins(1, 1s);
  table_->Add(2, "", kStart);
  table_->Started(2);
  table_->AnswerBegan(2, kStart);
  EXPECT_THAT(table_->BodyBegan(2, {.handler = "/", .identity = this, .bytes = 1}, kStart),
              ElementsAre(ClientTable::Leaving{1, ClientTable::Reason::kSlowAnswer}));
}

TEST_F(ReadersTest, HasRoomWhenAnAnswerHasEnded) {
  Start({.answers = 1});
  AnswerBegins(1, 1s);
  table_->AnswerEnded(1, kStart + 2s);
  EXPECT_THAT(AnswerBegins(2, 3s), IsEmpty());
  table_->Remove(2);
  EXPECT_THAT(AnswerBegins(3, 3s), IsEmpty());
  EXPECT_EQ(table_->answers(), 1U);
}

TEST_F(ReadersTest, DoesNotCountPasswordChecksAsAnswers) {
  Start({.answers = 1});
  table_->Add(1, "", kStart);
  table_->Started(1);
  table_->CheckBegan(1, kStart);
  EXPECT_THAT(AnswerBegins(2, 1s), IsEmpty());
  table_->AnswerBegan(1, kStart + 2s);
  EXPECT_THAT(BodyBegins(1, 2s), ElementsAre(2));
}

TEST_F(ReadersTest, CountsAnAnswerFromWhenItsBodyIsKnown) {
  Start({.answers = 2});
  // Reloads that are under way, and refusals, which have no body to wait for.
  for (const int id : {11, 12, 13}) {
    table_->Add(id, "", kStart);
    table_->Started(id);
    table_->AnswerBegan(id, kStart);
  }
  EXPECT_EQ(table_->answers(), 0U);
  EXPECT_THAT(AnswerBegins(1, 1s), IsEmpty());
  EXPECT_THAT(AnswerBegins(2, 2s), IsEmpty());
  EXPECT_THAT(BodyBegins(11, 3s), ElementsAre(1));
  EXPECT_THAT(BodyBegins(12, 4s), ElementsAre(2));
  EXPECT_EQ(table_->answers(), 2U);
}

TEST_F(ReadersTest, HasNoLimitOfAnswersAtZero) {
  Start({.answers = 0});
  for (int id = 0; id < 90; ++id) EXPECT_THAT(AnswerBegins(id, 1s), IsEmpty());
}

TEST_F(ReadersTest, BoundsTheBytesOfSupersededBodies) {
  Start({.superseded_bytes = 30 * kMiB});
  EXPECT_THAT(Sends(1, "/metrics", bodies_[0], 10 * kMiB, 1s), IsEmpty());
  EXPECT_THAT(Sends(2, "/metrics", bodies_[1], 10 * kMiB, 2s), IsEmpty());
  EXPECT_THAT(Sends(3, "/metrics", bodies_[2], 10 * kMiB, 3s), IsEmpty());
  EXPECT_THAT(Sends(4, "/metrics", bodies_[3], 10 * kMiB, 4s), IsEmpty());
  EXPECT_EQ(table_->superseded_bytes(), 30 * kMiB);
  Reads(1, 5s);
  EXPECT_THAT(Sends(5, "/metrics", bodies_[4], 10 * kMiB, 6s), ElementsAre(2));
  EXPECT_THAT(Sends(6, "/metrics", bodies_[5], 10 * kMiB, 7s), ElementsAre(3));
}

TEST_F(ReadersTest, CountsASharedBodyOnce) {
  Start({.answers = 0, .superseded_bytes = 30 * kMiB});
  for (int id = 0; id < 50; ++id) Sends(id, "/metrics", bodies_[0], 10 * kMiB);
  EXPECT_EQ(table_->superseded_bytes(), 0U);
  Sends(50, "/metrics", bodies_[1], 10 * kMiB);
  EXPECT_EQ(table_->superseded_bytes(), 10 * kMiB);
}

TEST_F(ReadersTest, EndsAllThatShareABodyWhenItsBytesAreNeeded) {
  Start({.superseded_bytes = 20 * kMiB});
  for (const int id : {1, 2, 3}) Sends(id, "/metrics", bodies_[0], 10 * kMiB);
  Sends(4, "/metrics", bodies_[1], 10 * kMiB, 1s);
  Sends(5, "/metrics", bodies_[2], 10 * kMiB, 2s);
  EXPECT_THAT(Sends(6, "/metrics", bodies_[3], 10 * kMiB, 3s), ElementsAre(1, 2, 3));
}

TEST_F(ReadersTest, NeverEndsTheNewestBodyOfAHandler) {
  Start({.superseded_bytes = 0});
  EXPECT_THAT(Sends(1, "/", bodies_[0], kMiB), IsEmpty());
  EXPECT_THAT(Sends(2, "/metrics", bodies_[1], kMiB), IsEmpty());
  EXPECT_EQ(table_->superseded_bytes(), 0U);
}

TEST_F(ReadersTest, AllowsTwiceTheNewestBody) {
  Start({.superseded_bytes = kMiB});
  EXPECT_THAT(Sends(1, "/metrics", bodies_[0], 10 * kMiB, 1s), IsEmpty());
  EXPECT_THAT(Sends(2, "/metrics", bodies_[1], 10 * kMiB, 2s), IsEmpty());
  EXPECT_THAT(Sends(3, "/metrics", bodies_[2], 10 * kMiB, 3s), IsEmpty());
  EXPECT_THAT(Sends(4, "/metrics", bodies_[3], 10 * kMiB, 4s), ElementsAre(1));
}

TEST_F(ReadersTest, ForgetsBodiesThatWereSent) {
  Start({.superseded_bytes = kMiB});
  Sends(1, "/metrics", bodies_[0], 10 * kMiB);
  Sends(2, "/metrics", bodies_[1], 10 * kMiB);
  EXPECT_EQ(table_->superseded_bytes(), 10 * kMiB);
  table_->AnswerEnded(1, kStart);
  EXPECT_EQ(table_->superseded_bytes(), 0U);
}

TEST_F(ReadersTest, KnowsThatABodyIsSupersededWhenTheNewestWasSent) {
  Start({.superseded_bytes = kMiB});
  Sends(1, "/metrics", bodies_[0], 10 * kMiB);
  Sends(2, "/metrics", bodies_[1], 10 * kMiB);
  table_->AnswerEnded(2, kStart);
  EXPECT_EQ(table_->superseded_bytes(), 10 * kMiB);
}

std::string PeerOfV4(const char* text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  inet_pton(AF_INET, text, &address.sin_addr);
  return PeerOf(reinterpret_cast<sockaddr*>(&address));
}

std::string PeerOfV6(const char* text) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  inet_pton(AF_INET6, text, &address.sin6_addr);
  return PeerOf(reinterpret_cast<sockaddr*>(&address));
}

TEST(PeerOf, IsAnIpv4Address) {
  EXPECT_EQ(PeerOfV4("192.0.2.1"), PeerOfV4("192.0.2.1"));
  EXPECT_NE(PeerOfV4("192.0.2.1"), PeerOfV4("192.0.2.2"));
  EXPECT_EQ(PeerOfV6("::ffff:192.0.2.1"), PeerOfV4("192.0.2.1"));
}

TEST(PeerOf, IsAnIpv6Network) {
  EXPECT_EQ(PeerOfV6("2001:db8:1:2::1"), PeerOfV6("2001:db8:1:2:ffff::1"));
  EXPECT_NE(PeerOfV6("2001:db8:1:2::1"), PeerOfV6("2001:db8:1:3::1"));
}

TEST(PeerOf, IsEmptyForLocalSockets) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  EXPECT_EQ(PeerOf(reinterpret_cast<sockaddr*>(&address)), "");
}

}  // namespace
}  // namespace telnyx_exporter
