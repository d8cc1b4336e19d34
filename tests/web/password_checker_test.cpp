#include "web/password_checker.h"

#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gate.h"

namespace telnyx_exporter {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Verdict = PasswordChecker::Verdict;

// What is taken for the hash of a password here; real ones are long and slow.
Secret HashOf(const std::string& password, const std::string& cost = "04") {
  return Secret("$2b$" + cost + "$" + password);
}

std::shared_ptr<const AccessRules> RulesFor(Users users) {
  AccessRules rules;
  rules.users = std::move(users);
  return std::make_shared<const AccessRules>(std::move(rules));
}

bool MatchesSuffix(const Secret& password, const Secret& hash) {
  return hash.reveal().substr(7) == password.reveal();
}

Credentials Of(const std::string& user, const std::string& password) {
  return {.user = user, .password = Secret(password)};
}

Verdict CheckAndWait(PasswordChecker& checker, std::shared_ptr<const AccessRules> rules,
                     Credentials credentials) {
  std::promise<Verdict> verdict;
  EXPECT_TRUE(checker.Check(std::move(rules), std::move(credentials), "peer",
                            [&](Verdict found) { verdict.set_value(found); }));
  return verdict.get_future().get();
}

TEST(PasswordChecker, TellsRightFromWrong) {
  const auto rules = RulesFor({{"alice", HashOf("a")}, {"bob", HashOf("b")}});
  PasswordChecker checker({}, MatchesSuffix);
  EXPECT_EQ(CheckAndWait(checker, rules, Of("alice", "a")), Verdict::kRight);
  EXPECT_EQ(CheckAndWait(checker, rules, Of("alice", "b")), Verdict::kWrong);
  EXPECT_EQ(CheckAndWait(checker, rules, Of("carol", "a")), Verdict::kWrong);
  EXPECT_EQ(CheckAndWait(checker, rules, Of("", "")), Verdict::kWrong);
}

TEST(PasswordChecker, RemembersARightPasswordAlone) {
  const auto rules = RulesFor({{"alice", HashOf("a")}, {"bob", HashOf("a")}});
  PasswordChecker checker({}, MatchesSuffix);
  EXPECT_FALSE(checker.Remembers(rules->users, Of("alice", "a")));
  CheckAndWait(checker, rules, Of("alice", "x"));
  EXPECT_FALSE(checker.Remembers(rules->users, Of("alice", "x")));
  CheckAndWait(checker, rules, Of("alice", "a"));
  EXPECT_TRUE(checker.Remembers(rules->users, Of("alice", "a")));
  EXPECT_FALSE(checker.Remembers(rules->users, Of("alice", "aa")));
  EXPECT_FALSE(checker.Remembers(rules->users, Of("alice", "")));
  EXPECT_FALSE(checker.Remembers(rules->users, Of("bob", "a")));
}

TEST(PasswordChecker, ForgetsAPasswordThatWasChanged) {
  const auto before = RulesFor({{"alice", HashOf("a")}});
  PasswordChecker checker({}, MatchesSuffix);
  CheckAndWait(checker, before, Of("alice", "a"));
  EXPECT_FALSE(
      checker.Remembers(RulesFor({{"alice", HashOf("a", "05")}})->users, Of("alice", "a")));
  EXPECT_FALSE(checker.Remembers(RulesFor({{"bob", HashOf("a")}})->users, Of("alice", "a")));
}

TEST(PasswordChecker, ChecksAnUnknownUserAgainstTheDearestHash) {
  std::vector<std::string> hashes;
  PasswordChecker checker({}, [&](const Secret&, const Secret& hash) {
    hashes.emplace_back(hash.reveal().substr(0, 7));
    return true;
  });
  const auto rules =
      RulesFor({{"a", HashOf("", "04")}, {"b", HashOf("", "12")}, {"c", HashOf("")}});
  EXPECT_EQ(CheckAndWait(checker, rules, Of("unknown", "x")), Verdict::kWrong);
  EXPECT_THAT(hashes, ElementsAre("$2b$12$"));
}

TEST(PasswordChecker, ChecksTheSameOnce) {
  Gate gate;
  PasswordChecker checker({}, [&](const Secret&, const Secret&) {
    gate.Pass();
    return true;
  });
  const auto rules = RulesFor({{"alice", HashOf("a")}});
  std::vector<std::promise<Verdict>> verdicts(3);
  for (auto& verdict : verdicts) {
    EXPECT_TRUE(checker.Check(rules, Of("alice", "a"), "peer",
                              [&](Verdict found) { verdict.set_value(found); }));
  }
  gate.Open();
  for (auto& verdict : verdicts) EXPECT_EQ(verdict.get_future().get(), Verdict::kRight);
  EXPECT_EQ(gate.came(), 1);
}

class FullPasswordChecker : public ::testing::Test {
 protected:
  bool Check(const std::string& peer) {
    return checker_.Check(rules_, Of("alice", "x"), peer, [this](Verdict verdict) {
      const std::lock_guard lock(mutex_);
      verdicts_.push_back(verdict);
    });
  }

  ~FullPasswordChecker() override { gate_.Open(); }

  Gate gate_;
  const std::shared_ptr<const AccessRules> rules_ = RulesFor({{"alice", HashOf("a")}});
  std::mutex mutex_;
  std::vector<Verdict> verdicts_;
  PasswordChecker checker_{{.threads = 1, .max_waiting = 3, .max_waiting_of_one_peer = 2},
                           [this](const Secret&, const Secret&) {
                             gate_.Pass();
                             return false;
                           }};
};

TEST_F(FullPasswordChecker, TakesNoMoreThanItsBounds) {
  EXPECT_TRUE(Check("one"));
  EXPECT_TRUE(Check("one"));
  EXPECT_FALSE(Check("one"));
  EXPECT_TRUE(Check("two"));
  EXPECT_FALSE(Check("three"));
  EXPECT_THAT(verdicts_, IsEmpty());
}

TEST_F(FullPasswordChecker, RemembersWhileOthersAreChecked) {
  PasswordChecker checker({}, [this](const Secret& password, const Secret&) {
    if (password.reveal() != "right") gate_.Pass();
    return password.reveal() == "right";
  });
  EXPECT_EQ(CheckAndWait(checker, rules_, Of("alice", "right")), Verdict::kRight);
  EXPECT_TRUE(checker.Check(rules_, Of("alice", "x"), "peer", [](Verdict) {}));
  gate_.WaitUntilCame(1);
  EXPECT_TRUE(checker.Remembers(rules_->users, Of("alice", "right")));
  gate_.Open();
}

TEST_F(FullPasswordChecker, EndsWhatWaitsWhenItStops) {
  EXPECT_TRUE(Check("one"));
  EXPECT_TRUE(Check("one"));
  EXPECT_TRUE(Check("two"));
  gate_.WaitUntilCame(1);
  std::thread stopping([this] { checker_.Stop(); });
  gate_.Open();
  stopping.join();
  EXPECT_EQ(verdicts_.size(), 3U);
  EXPECT_FALSE(Check("one"));
}

}  // namespace
}  // namespace telnyx_exporter
