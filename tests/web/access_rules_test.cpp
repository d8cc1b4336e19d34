// Which requests pass under which rules, with real requests.

#include "web/access_rules.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gate.h"
#include "shared_clock.h"
#include "support/http_client.h"
#include "support/raw_client.h"
#include "web/http_server.h"
#include "web/router.h"

namespace telnyx_exporter {
namespace {

using ::testing::ElementsAre;

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

Admission CheckAndWait(PasswordChecker& checker, std::shared_ptr<const Users> users,
                       Credentials credentials) {
  std::promise<Admission> verdict;
  EXPECT_TRUE(checker.Check(std::move(users), std::move(credentials), "peer",
                            [&](Admission found) { verdict.set_value(found); }));
  return verdict.get_future().get();
}

TEST(PasswordChecker, TellsRightFromWrong) {
  const auto users = Make({{"alice", HashOf("a")}, {"bob", HashOf("b")}});
  PasswordChecker checker({}, MatchesSuffix);
  EXPECT_EQ(CheckAndWait(checker, users, Of("alice", "a")), Admission::kAdmitted);
  EXPECT_EQ(CheckAndWait(checker, users, Of("alice", "b")), Admission::kNoCredentials);
  EXPECT_EQ(CheckAndWait(checker, users, Of("carol", "a")), Admission::kNoCredentials);
  EXPECT_EQ(CheckAndWait(checker, users, Of("", "")), Admission::kNoCredentials);
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
  std::array<std::promise<Admission>, 3> verdicts;
  for (auto& verdict : verdicts) {
    EXPECT_TRUE(checker.Check(users, Of("alice", "a"), "peer",
                              [&](Admission found) { verdict.set_value(found); }));
  }
  gate->Open();
  for (auto& verdict : verdicts) EXPECT_EQ(verdict.get_future().get(), Admission::kAdmitted);
  EXPECT_EQ(gate->came(), 1);
}

// Wrong passwords, each of which is checked until the gate lets it through.
class BusyPasswordChecker : public ::testing::Test {
 protected:
  bool Check(const std::string& peer, Admission expected = Admission::kNoCredentials) {
    return checker_.Check(users_, Of("alice", "x"), peer,
                          [this, peer, expected](Admission verdict) {
                            EXPECT_EQ(verdict, expected) << peer;
                            const std::lock_guard lock(mutex_);
                            finished_.push_back(peer);
                            changed_.notify_all();
                          });
  }

  /// One that is under way, so that all later ones wait.
  void CheckFirst(const std::string& peer, Admission expected = Admission::kNoCredentials) {
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
  EXPECT_TRUE(Check("flood", Admission::kBusy));
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
  EXPECT_EQ(CheckAndWait(checker, users_, Of("alice", "right")), Admission::kAdmitted);
  EXPECT_TRUE(checker.Check(users_, Of("alice", "x"), "peer", [](Admission) {}));
  gate_->WaitUntilCame(1);
  EXPECT_TRUE(checker.Remembers(*users_, Of("alice", "right")));
}

TEST_F(BusyPasswordChecker, StopsWithoutWaitingForTheCheckUnderWay) {
  CheckFirst("one", Admission::kBusy);
  EXPECT_TRUE(Check("one", Admission::kBusy));
  EXPECT_TRUE(Check("two", Admission::kBusy));
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
  std::promise<Admission> verdict;
  EXPECT_TRUE(checker->Check(users_, Of("alice", "x"), "peer",
                             [&](Admission found) { verdict.set_value(found); }));
  gate_->WaitUntilCame(1);
  checker.reset();
  EXPECT_EQ(verdict.get_future().get(), Admission::kBusy);
}

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// Of "opensesame", at the lowest cost.
const Secret kHash("$2b$04$abcdefghijklmnopqrstuuFuhxWRTXIsURoluSTZ1N4tYaWGn9oOi");

// "alice:opensesame", "alice:wrong" and "nobody:opensesame".
const std::string kAlice = "Authorization: Basic YWxpY2U6b3BlbnNlc2FtZQ==";
const std::string kWrong = "Authorization: Basic YWxpY2U6d3Jvbmc=";
const std::string kNobody = "Authorization: Basic bm9ib2R5Om9wZW5zZXNhbWU=";

std::shared_ptr<const AccessRules> Rules(AccessRules rules) {
  return std::make_shared<const AccessRules>(std::move(rules));
}

class AccessTest : public ::testing::Test {
 protected:
  void Start(AccessRules rules, HttpServerSettings settings = {}) {
    settings.listen_addresses = {"127.0.0.1:0"};
    settings.clock = &clock_;
    settings.rules = Rules(std::move(rules));
    settings.on_refused = [this](std::string_view reason, int status) {
      const std::lock_guard lock(mutex_);
      refused_.push_back(status);
      reasons_.emplace(reason, status);
      refusals_.Pass();
    };
    auto server = HttpServer::Start(settings, [](const HttpRequest& request) {
      if (request.path() == "/framed") {
        return HttpResponse{.headers = {{"x-frame-options", "sameorigin"}}};
      }
      return TextResponse(request.path() == "/missing" ? 404 : 200, "hello\n");
    });
    if (!server) throw std::runtime_error(server.error().message);
    server_ = std::move(*server);
  }

  ClientResponse Get(const std::string& header = "X: y", const std::string& path = "/") {
    return Fetch("http://" + server_->bound_addresses().front() + path, "GET", {header});
  }

  AccessTest() { refusals_.Open(); }

  std::vector<int> refused() const {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

  std::set<std::pair<std::string, int>> reasons() const {
    const std::lock_guard lock(mutex_);
    return reasons_;
  }

  SharedClock clock_;
  Gate refusals_;
  mutable std::mutex mutex_;
  std::vector<int> refused_;
  std::set<std::pair<std::string, int>> reasons_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(AccessTest, AsksForCredentials) {
  Start({.users = {{"alice", kHash}}});
  const ClientResponse refusal = Get();
  EXPECT_EQ(refusal.status, 401);
  EXPECT_EQ(refusal.headers.at("www-authenticate"), R"(Basic realm="telnyx_exporter")");
  EXPECT_EQ(refusal.body, "Unauthorized.\n");
  EXPECT_EQ(Get(kAlice).body, "hello\n");
  EXPECT_EQ(Get(kAlice).body, "hello\n");
  EXPECT_EQ(Get(kWrong).status, 401);
  EXPECT_EQ(Get(kNobody).status, 401);
  EXPECT_EQ(Get("Authorization: Bearer x").status, 401);
  EXPECT_THAT(refused(), ElementsAre(401, 401, 401, 401));
  EXPECT_THAT(reasons(), ElementsAre(Pair(kRefusalCredentials, 401)));
}

TEST_F(AccessTest, LeavesOpenPathsOpen) {
  Start({.users = {{"alice", kHash}}, .request_limit = RequestLimit{.interval = 1h, .burst = 1}},
        {.open_paths = {"/-/healthy", "/-/ready"}});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Get("X: y", "/-/healthy").status, 200);
    EXPECT_EQ(Get(kWrong, "/-/ready").status, 200);
  }
  EXPECT_EQ(Get("X: y", "/-/healthy/").status, 401);
  EXPECT_EQ(Get("X: y", "/metrics").status, 429);
}

TEST_F(AccessTest, OpensPathsForReadingOnly) {
  Start({.users = {{"alice", kHash}}}, {.open_paths = {"/-/healthy"}});
  const std::string url = "http://" + server_->bound_addresses().front() + "/-/healthy";
  EXPECT_EQ(Fetch(url, "HEAD").status, 200);
  EXPECT_EQ(Fetch(url, "POST").status, 401);
  EXPECT_EQ(Fetch(url, "PUT").status, 401);
}

TEST_F(AccessTest, RefusesWhatAPageOfAnotherSiteSends) {
  Start({});
  const std::string host = server_->bound_addresses().front();
  const auto post = [&](const std::string& header, const std::string& method = "POST") {
    return Fetch("http://" + host + "/-/reload", method, {header}).status;
  };
  EXPECT_EQ(post("X: y"), 200);
  EXPECT_EQ(post("Origin: http://" + host), 200);
  EXPECT_EQ(post("Sec-Fetch-Site: same-origin"), 200);
  EXPECT_EQ(post("Origin: http://evil.example"), 403);
  EXPECT_EQ(post("Origin: http://evil.example", "PUT"), 403);
  EXPECT_EQ(post("Sec-Fetch-Site: cross-site"), 403);
  EXPECT_EQ(post("Sec-Fetch-Site: same-site", "PUT"), 403);
  EXPECT_EQ(post("Origin: http://evil.example", "GET"), 200);
  EXPECT_THAT(refused(), ElementsAre(403, 403, 403, 403));
  EXPECT_THAT(reasons(), ElementsAre(Pair(kRefusalForeign, 403)));
}

TEST_F(AccessTest, RefusesForeignPagesBeforeItChecksAPassword) {
  Start({.users = {{"alice", kHash}}});
  const std::string url = "http://" + server_->bound_addresses().front();
  EXPECT_EQ(Fetch(url, "POST", {kWrong, "Sec-Fetch-Site: cross-site"}).status, 403);
}

TEST_F(AccessTest, SaysThatContentTypesAreNotGuessed) {
  Start({.users = {{"alice", kHash}}});
  std::vector<ClientResponse> responses = {Get(kAlice), Get(kWrong), Get(kAlice, "/framed"),
                                           Get(kAlice, "/missing")};
  // libmicrohttpd 1.0.10 refuses this one itself.
  const ClientResponse malformed = Get("X: y", "/%00");
  EXPECT_EQ(malformed.status, 400);
  if (malformed.body.starts_with("Refused: ")) responses.push_back(malformed);
  for (const ClientResponse& response : responses) {
    EXPECT_EQ(response.headers.at("x-content-type-options"), "nosniff");
  }
}

TEST_F(AccessTest, AsksForThemOnEveryPath) {
  Start({.users = {{"alice", kHash}}});
  for (const char* path : {"/metrics", "/-/healthy", "/-/ready", "/-/reload", "/missing"}) {
    EXPECT_EQ(Get("X: y", path).status, 401) << path;
  }
  EXPECT_EQ(Get(kAlice, "/missing").status, 404);
}

TEST_F(AccessTest, ReadsABodyBehindCredentials) {
  Start({.users = {{"alice", kHash}}});
  const std::string url = "http://" + server_->bound_addresses().front();
  EXPECT_EQ(Fetch(url, "POST", {kAlice}, "body").status, 200);
  EXPECT_EQ(Fetch(url, "POST", {kAlice, "Expect: 100-continue"}, "body").status, 200);
  EXPECT_EQ(Fetch(url, "POST", {kWrong}, "body").status, 401);
}

TEST_F(AccessTest, AnswersPipelinedRequestsInOrder) {
  Start({.users = {{"alice", kHash}}});
  RawClient client(server_->bound_addresses().front());
  const std::string head = "GET / HTTP/1.1\r\nHost: x\r\n" + kAlice + "\r\n";
  client.Send(head + "\r\n" + head + "Connection: close\r\n\r\n");
  const std::string answer = client.ReadToEnd();
  const std::size_t first = answer.find("hello\n");
  ASSERT_NE(first, std::string::npos) << answer;
  EXPECT_NE(answer.find("hello\n", first + 1), std::string::npos) << answer;
}

TEST_F(AccessTest, SendsTheConfiguredHeadersWithEveryAnswer) {
  Start({.headers = {{"X-Frame-Options", "deny"}, {"Strict-Transport-Security", "max-age=1"}},
         .users = {{"alice", kHash}}});
  for (const ClientResponse& response : {Get(kAlice), Get(kWrong), Get(kAlice, "/framed")}) {
    EXPECT_EQ(response.headers.at("x-frame-options"), "deny");
    EXPECT_EQ(response.headers.at("strict-transport-security"), "max-age=1");
  }
}

TEST_F(AccessTest, LimitsTheRateOfAllRequests) {
  Start({.request_limit = RequestLimit{.interval = 1s, .burst = 2}});
  EXPECT_EQ(Get().status, 200);
  EXPECT_EQ(Get("X: y", "/missing").status, 404);
  EXPECT_EQ(Get().status, 429);
  clock_.Advance(1s);
  EXPECT_EQ(Get().status, 200);
  EXPECT_EQ(Get().status, 429);
  EXPECT_THAT(refused(), ElementsAre(429, 429));
}

TEST_F(AccessTest, LimitsTheRateBeforeItLooksAtCredentials) {
  Start({.users = {{"alice", kHash}}, .request_limit = RequestLimit{.interval = 1h, .burst = 1}});
  EXPECT_EQ(Get(kWrong).status, 401);
  EXPECT_EQ(Get(kWrong).status, 429);
}

TEST_F(AccessTest, TakesOtherRulesFromTheNextRequestOn) {
  Start({});
  EXPECT_EQ(Get().status, 200);
  ASSERT_TRUE(server_->SetRules(Rules({.users = {{"alice", kHash}}})).has_value());
  EXPECT_EQ(Get().status, 401);
  EXPECT_EQ(Get(kAlice).status, 200);
  ASSERT_TRUE(server_->SetRules(Rules({.users = {{"bob", kHash}}})).has_value());
  EXPECT_EQ(Get(kAlice).status, 401);
}

TEST_F(AccessTest, KeepsCountingWhenTheLimitStaysTheSame) {
  const RequestLimit limit{.interval = 1h, .burst = 1};
  Start({.request_limit = limit});
  EXPECT_EQ(Get().status, 200);
  ASSERT_TRUE(server_->SetRules(Rules({.headers = {{"X", "y"}}, .request_limit = limit})));
  EXPECT_EQ(Get().status, 429);
  ASSERT_TRUE(server_->SetRules(Rules({})));
  EXPECT_EQ(Get().status, 200);
}

// Passwords other than the right one are checked for as long as the gate is shut.
class SlowCheckTest : public AccessTest {
 protected:
  void StartSlow(HttpServerSettings settings = {}) {
    settings.hash_matcher = [gate = gate_](const Secret& password, const Secret&) {
      if (password.reveal() == "opensesame") return true;
      gate->Pass();
      return false;
    };
    Start({.users = {{"alice", kHash}}}, std::move(settings));
  }

  static std::string RequestWith(const std::string& header) {
    return "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + header + "\r\n\r\n";
  }

  /// So many clients with wrong passwords, each from an address of its own.
  std::vector<RawClient> Flood(int count) {
    std::vector<RawClient> clients;
    for (int i = 0; i < count; ++i) {
      clients.emplace_back(server_->bound_addresses().front(), "127.0.2." + std::to_string(i + 1));
      clients.back().Send(RequestWith(kWrong));
    }
    return clients;
  }

  ~SlowCheckTest() override { gate_->Open(); }

  // The thread that checks may use it longer than the test lasts.
  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
};

TEST_F(SlowCheckTest, AnswersKnownClientsWhileWrongPasswordsAreChecked) {
  StartSlow();
  EXPECT_EQ(Get(kAlice).status, 200);
  std::vector<RawClient> flood = Flood(20);
  gate_->WaitUntilCame(1);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(Get(kAlice).status, 200);
  // Not one of the wrong ones has been answered meanwhile.
  EXPECT_THAT(refused(), ElementsAre());
  gate_->Open();
  for (RawClient& client : flood) EXPECT_THAT(client.ReadToEnd(), HasSubstr(" 401 "));
}

TEST_F(SlowCheckTest, TurnsAwayWhatIsTooMuch) {
  StartSlow();
  std::vector<RawClient> flood = Flood(100);
  // Those beyond the 64 that may wait are answered while not a single check is over.
  refusals_.WaitUntilCame(36);
  EXPECT_THAT(refused(), Each(503));
  gate_->Open();
  for (RawClient& client : flood) EXPECT_THAT(client.ReadToEnd(), HasSubstr("HTTP/1.1 "));
  EXPECT_EQ(std::ranges::count(refused(), 503), 36);
  EXPECT_EQ(std::ranges::count(refused(), 401), 64);
}

TEST_F(SlowCheckTest, ServesAFirstLoginInTurn) {
  // One serving thread, so that the login has come when a later request is answered.
  StartSlow({.threads = 1});
  std::vector<RawClient> flood;
  for (int i = 0; i < 16; ++i) {
    flood.emplace_back(server_->bound_addresses().front(), "127.0.3.1");
    flood.back().Send(RequestWith(kWrong));
  }
  gate_->WaitUntilCame(1);
  RawClient login(server_->bound_addresses().front(), "127.0.3.2");
  login.Send(RequestWith(kAlice));
  EXPECT_EQ(Get().status, 401);
  gate_->LetThrough(1);
  EXPECT_THAT(login.ReadToEnd(), HasSubstr("hello\n"));
  EXPECT_LE(refused().size(), 2U);
  gate_->Open();
  for (RawClient& client : flood) EXPECT_THAT(client.ReadToEnd(), HasSubstr(" 401 "));
}

TEST_F(SlowCheckTest, StopsWhileACheckIsUnderWay) {
  StartSlow();
  std::vector<RawClient> flood = Flood(10);
  gate_->WaitUntilCame(1);
  server_.reset();  // while the gate is shut
  for (RawClient& client : flood) client.ReadToEnd();
  EXPECT_EQ(server_, nullptr);
}

using namespace std::chrono_literals;

constexpr Instant kFilled{100s};

TEST(TokenBucket, IsFullAtFirst) {
  TokenBucket bucket({.interval = 1s, .burst = 3}, kFilled);
  EXPECT_TRUE(bucket.TakeToken(kFilled));
  EXPECT_TRUE(bucket.TakeToken(kFilled));
  EXPECT_TRUE(bucket.TakeToken(kFilled));
  EXPECT_FALSE(bucket.TakeToken(kFilled));
}

TEST(TokenBucket, GetsATokenEachInterval) {
  TokenBucket bucket({.interval = 2s, .burst = 1}, kFilled);
  EXPECT_TRUE(bucket.TakeToken(kFilled));
  EXPECT_FALSE(bucket.TakeToken(kFilled + 1900ms));
  EXPECT_TRUE(bucket.TakeToken(kFilled + 2s));
  EXPECT_FALSE(bucket.TakeToken(kFilled + 3s));
}

TEST(TokenBucket, HoldsNoMoreThanItsBurst) {
  TokenBucket bucket({.interval = 1s, .burst = 2}, kFilled);
  EXPECT_TRUE(bucket.TakeToken(kFilled + 1h));
  EXPECT_TRUE(bucket.TakeToken(kFilled + 1h));
  EXPECT_FALSE(bucket.TakeToken(kFilled + 1h));
}

}  // namespace
}  // namespace telnyx_exporter
