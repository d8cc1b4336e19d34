#include "web/auth.h"

#include <array>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gate.h"

namespace telnyx_exporter {
namespace {

using ::testing::ElementsAre;
using Verdict = PasswordChecker::Verdict;

void ExpectCredentials(const std::string& header, const std::string& user,
                       const std::string& password) {
  const auto credentials = ParseBasicAuthorization(header);
  ASSERT_TRUE(credentials.has_value()) << header;
  EXPECT_EQ(credentials->user, user);
  EXPECT_EQ(credentials->password.reveal(), password);
}

TEST(ParseBasicAuthorization, ReadsUserAndPassword) {
  ExpectCredentials("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame");
  ExpectCredentials("basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ== ", "Aladdin", "open sesame");
}

TEST(ParseBasicAuthorization, LeavesColonsInThePassword) {
  ExpectCredentials("Basic YTpiOmM=", "a", "b:c");
}

TEST(ParseBasicAuthorization, ReadsEmptyOnes) { ExpectCredentials("Basic Og==", "", ""); }

TEST(ParseBasicAuthorization, RefusesEverythingElse) {
  for (const std::string header :
       {"", "Basic", "Basic ", "Basic !!!!", "Bearer YTpi", "Digest YTpi", "Basic YQ==", "YTpi"}) {
    EXPECT_FALSE(ParseBasicAuthorization(header).has_value()) << header;
  }
  EXPECT_FALSE(ParseBasicAuthorization("Basic " + std::string(8192, 'A')).has_value());
}

// The published test vector of the algorithm's authors, and hashes of one password in each variant.
const Secret kVector("$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK");
constexpr const char* kSettings[] = {"$2a$", "$2b$", "$2y$"};
constexpr const char* kRest = "04$abcdefghijklmnopqrstuuFuhxWRTXIsURoluSTZ1N4tYaWGn9oOi";
const Secret kPassword("opensesame");

Secret RealHash(const std::string& setting = "$2b$") { return Secret(setting + kRest); }

TEST(BcryptMatches, KnowsTheTestVector) { EXPECT_TRUE(BcryptMatches(Secret("U*U*"), kVector)); }

TEST(BcryptMatches, KnowsEveryVariant) {
  for (const std::string setting : kSettings) {
    EXPECT_TRUE(BcryptMatches(kPassword, RealHash(setting))) << setting;
  }
}

TEST(BcryptMatches, RefusesAnotherPassword) {
  for (const char* other : {"", "opensesam", "opensesame ", "Opensesame"}) {
    EXPECT_FALSE(BcryptMatches(Secret(other), RealHash())) << other;
  }
  EXPECT_FALSE(BcryptMatches(Secret(std::string(100'000, 'x')), RealHash()));
}

TEST(BcryptMatches, DoesNotStopAtAZeroByte) {
  EXPECT_FALSE(BcryptMatches(Secret(std::string_view("opensesame\0x", 12)), RealHash()));
}

TEST(BcryptMatches, RefusesWhatIsNoBcryptHash) {
  // The old DES hash of "x", MD5, and what crypt() answers to what it does not know.
  for (const char* hash : {"", "x", "abgOeLfPimXQo", "$1$abcdefgh$9X0Sh2ysr7SzXv1FBFoF/0", "*0"}) {
    EXPECT_FALSE(BcryptMatches(Secret("x"), Secret(hash))) << hash;
  }
}

TEST(UnmatchedHash, HasTheCostAndNoPassword) {
  const Secret unmatched = UnmatchedHash(4);
  EXPECT_EQ(unmatched.reveal().size(), 60U);
  EXPECT_TRUE(unmatched.reveal().starts_with("$2b$04$"));
  EXPECT_FALSE(BcryptMatches(kPassword, unmatched));
  EXPECT_FALSE(BcryptMatches(Secret(""), unmatched));
}

// What is taken for the hash of a password here; real ones are long and slow.
Secret HashOf(const std::string& password, const std::string& cost = "04") {
  return Secret("$2b$" + cost + "$" + password);
}

std::shared_ptr<const Users> Make(Users users) {
  return std::make_shared<const Users>(std::move(users));
}

bool MatchesSuffix(const Secret& password, const Secret& hash) {
  return hash.reveal().substr(7) == password.reveal();
}

// What MatchesSuffix would take for the password of the checks that only take time.
std::string UnmatchedSuffix(int cost) {
  return std::string(UnmatchedHash(cost).reveal().substr(7));
}

Credentials Of(const std::string& user, const std::string& password) {
  return {.user = user, .password = Secret(password)};
}

Verdict CheckAndWait(PasswordChecker& checker, std::shared_ptr<const Users> users,
                     Credentials credentials) {
  std::promise<Verdict> verdict;
  EXPECT_TRUE(checker.Check(std::move(users), std::move(credentials), "peer",
                            [&](Verdict found) { verdict.set_value(found); }));
  return verdict.get_future().get();
}

TEST(PasswordChecker, TellsRightFromWrong) {
  const auto users = Make({{"alice", HashOf("a")}, {"bob", HashOf("b")}});
  PasswordChecker checker({}, MatchesSuffix);
  EXPECT_EQ(CheckAndWait(checker, users, Of("alice", "a")), Verdict::kRight);
  EXPECT_EQ(CheckAndWait(checker, users, Of("alice", "b")), Verdict::kWrong);
  EXPECT_EQ(CheckAndWait(checker, users, Of("carol", "a")), Verdict::kWrong);
  EXPECT_EQ(CheckAndWait(checker, users, Of("", "")), Verdict::kWrong);
}

TEST(PasswordChecker, RemembersARightPasswordAlone) {
  const auto users = Make({{"alice", HashOf("a")}, {"bob", HashOf("a")}});
  PasswordChecker checker({}, MatchesSuffix);
  EXPECT_FALSE(checker.Remembers(*users, Of("alice", "a")));
  CheckAndWait(checker, users, Of("alice", "x"));
  EXPECT_FALSE(checker.Remembers(*users, Of("alice", "x")));
  CheckAndWait(checker, users, Of("alice", "a"));
  EXPECT_TRUE(checker.Remembers(*users, Of("alice", "a")));
  EXPECT_FALSE(checker.Remembers(*users, Of("alice", "aa")));
  EXPECT_FALSE(checker.Remembers(*users, Of("alice", "")));
  EXPECT_FALSE(checker.Remembers(*users, Of("bob", "a")));
}

TEST(PasswordChecker, ForgetsAPasswordThatWasChanged) {
  const auto before = Make({{"alice", HashOf("a")}});
  PasswordChecker checker({}, MatchesSuffix);
  CheckAndWait(checker, before, Of("alice", "a"));
  EXPECT_FALSE(checker.Remembers(*Make({{"alice", HashOf("a", "05")}}), Of("alice", "a")));
  EXPECT_FALSE(checker.Remembers(*Make({{"bob", HashOf("a")}}), Of("alice", "a")));
}

// The work of a check at a cost, in units of one at cost 4.
int WorkOf(const Secret& hash) {
  return 1 << (std::stoi(std::string(hash.reveal().substr(4, 2))) - 4);
}

TEST(CheckPassword, TakesTheSameTimeForEveryUserWithAWrongPassword) {
  const Users users = {{"a", HashOf("x", "04")},
                       {"b", HashOf("x", "12")},
                       {"c", HashOf("x", "11")},
                       {"d", HashOf("x", "10")}};
  for (const char* user : {"a", "b", "c", "d", "unknown", ""}) {
    int work = 0;
    EXPECT_FALSE(CheckPassword(users, Of(user, "wrong"), [&](const Secret&, const Secret& hash) {
      work += WorkOf(hash);
      return false;
    }));
    EXPECT_EQ(work, 256) << user;
  }
}

TEST(CheckPassword, DoesNotAdmitAnUnknownUserWhateverMatches) {
  const auto always = [](const Secret&, const Secret&) { return true; };
  EXPECT_FALSE(CheckPassword({{"a", HashOf("x")}}, Of("unknown", "x"), always));
}

TEST(CheckPassword, ComparesWithTheUsersOwnHashAlone) {
  const Users users = {{"a", HashOf("x", "04")}, {"b", HashOf("y", "06")}};
  EXPECT_TRUE(CheckPassword(users, Of("a", "x"), MatchesSuffix));
  EXPECT_FALSE(CheckPassword(users, Of("a", "y"), MatchesSuffix));
  EXPECT_FALSE(CheckPassword(users, Of("a", UnmatchedSuffix(4)), MatchesSuffix));
}

TEST(PasswordChecker, ChecksTheSameOnce) {
  const auto gate = std::make_shared<Gate>();
  PasswordChecker checker({}, [gate](const Secret&, const Secret&) {
    gate->Pass();
    return true;
  });
  const auto users = Make({{"alice", HashOf("a")}});
  std::array<std::promise<Verdict>, 3> verdicts;
  for (auto& verdict : verdicts) {
    EXPECT_TRUE(checker.Check(users, Of("alice", "a"), "peer",
                              [&](Verdict found) { verdict.set_value(found); }));
  }
  gate->Open();
  for (auto& verdict : verdicts) EXPECT_EQ(verdict.get_future().get(), Verdict::kRight);
  EXPECT_EQ(gate->came(), 1);
}

// Wrong passwords, each of which is checked until the gate lets it through.
class BusyPasswordChecker : public ::testing::Test {
 protected:
  bool Check(const std::string& peer, Verdict expected = Verdict::kWrong) {
    return checker_.Check(users_, Of("alice", "x"), peer, [this, peer, expected](Verdict verdict) {
      EXPECT_EQ(verdict, expected) << peer;
      const std::lock_guard lock(mutex_);
      finished_.push_back(peer);
      changed_.notify_all();
    });
  }

  /// One that is under way, so that all later ones wait.
  void CheckFirst(const std::string& peer, Verdict expected = Verdict::kWrong) {
    EXPECT_TRUE(Check(peer, expected));
    gate_->WaitUntilCame(1);
  }

  std::vector<std::string> WaitUntilFinished(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return finished_.size() >= count; });
    return finished_;
  }

  ~BusyPasswordChecker() override { gate_->Open(); }

  // The checker's thread may use it longer than the test lasts.
  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  const std::shared_ptr<const Users> users_ = Make({{"alice", HashOf("a")}});
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> finished_;  // peers, in the order in which their checks ended
  PasswordChecker checker_{{.max_waiting = 6, .max_waiting_of_one_peer = 4},
                           [gate = gate_](const Secret&, const Secret&) {
                             gate->Pass();
                             return false;
                           }};
};

TEST_F(BusyPasswordChecker, HasABoundForOnePeer) {
  CheckFirst("one");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Check("one"));
  EXPECT_FALSE(Check("one"));
  EXPECT_TRUE(Check("two"));
  gate_->Open();
  WaitUntilFinished(5);
}

TEST_F(BusyPasswordChecker, HasABoundForAllPeers) {
  CheckFirst("0");
  for (const char* peer : {"1", "2", "3", "4", "5"}) EXPECT_TRUE(Check(peer));
  EXPECT_FALSE(Check("6"));
  EXPECT_FALSE(Check("1"));
  gate_->Open();
  WaitUntilFinished(6);
}

TEST_F(BusyPasswordChecker, TakesPeersInTurn) {
  CheckFirst("flood");
  EXPECT_TRUE(Check("flood"));
  EXPECT_TRUE(Check("flood"));
  EXPECT_TRUE(Check("good"));
  EXPECT_TRUE(Check("other"));
  EXPECT_TRUE(Check("good"));
  gate_->Open();
  EXPECT_THAT(WaitUntilFinished(6),
              ElementsAre("flood", "good", "other", "flood", "good", "flood"));
}

TEST_F(BusyPasswordChecker, MakesRoomAtTheExpenseOfThePeerThatWaitsForMost) {
  CheckFirst("flood");
  EXPECT_TRUE(Check("flood"));
  EXPECT_TRUE(Check("flood"));
  EXPECT_TRUE(Check("flood", Verdict::kBusy));
  EXPECT_TRUE(Check("other"));
  EXPECT_TRUE(Check("other"));
  EXPECT_TRUE(Check("good"));
  EXPECT_THAT(WaitUntilFinished(1), ElementsAre("flood"));
  EXPECT_FALSE(Check("flood"));
  gate_->Open();
  EXPECT_THAT(WaitUntilFinished(7),
              ElementsAre("flood", "flood", "other", "good", "flood", "other", "flood"));
}

TEST_F(BusyPasswordChecker, RemembersWhileOthersAreChecked) {
  PasswordChecker checker({}, [gate = gate_](const Secret& password, const Secret&) {
    if (password.reveal() != "right") gate->Pass();
    return password.reveal() == "right";
  });
  EXPECT_EQ(CheckAndWait(checker, users_, Of("alice", "right")), Verdict::kRight);
  EXPECT_TRUE(checker.Check(users_, Of("alice", "x"), "peer", [](Verdict) {}));
  gate_->WaitUntilCame(1);
  EXPECT_TRUE(checker.Remembers(*users_, Of("alice", "right")));
}

TEST_F(BusyPasswordChecker, StopsWithoutWaitingForTheCheckUnderWay) {
  CheckFirst("one", Verdict::kBusy);
  EXPECT_TRUE(Check("one", Verdict::kBusy));
  EXPECT_TRUE(Check("two", Verdict::kBusy));
  checker_.Stop();  // while the gate is shut
  EXPECT_EQ(finished_.size(), 3U);
  EXPECT_FALSE(Check("one"));
}

TEST_F(BusyPasswordChecker, MayEndWhileACheckIsUnderWay) {
  auto checker = std::make_unique<PasswordChecker>(PasswordCheckerSettings{},
                                                   [gate = gate_](const Secret&, const Secret&) {
                                                     gate->Pass();
                                                     return true;
                                                   });
  std::promise<Verdict> verdict;
  EXPECT_TRUE(checker->Check(users_, Of("alice", "x"), "peer",
                             [&](Verdict found) { verdict.set_value(found); }));
  gate_->WaitUntilCame(1);
  checker.reset();
  EXPECT_EQ(verdict.get_future().get(), Verdict::kBusy);
}

}  // namespace
}  // namespace telnyx_exporter
