// Which requests pass under which rules, with real requests.

#include <algorithm>
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
#include "raw_client.h"
#include "shared_clock.h"
#include "support/http_client.h"
#include "web/http_server.h"
#include "web/router.h"

namespace telnyx_exporter {
namespace {

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
  EXPECT_THAT(reasons_, ElementsAre(Pair(kRefusalCredentials, 401)));
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
  EXPECT_THAT(reasons_, ElementsAre(Pair(kRefusalForeign, 403)));
}

TEST_F(AccessTest, RefusesForeignPagesBeforeItChecksAPassword) {
  Start({.users = {{"alice", kHash}}});
  const std::string url = "http://" + server_->bound_addresses().front();
  EXPECT_EQ(Fetch(url, "POST", {kWrong, "Sec-Fetch-Site: cross-site"}).status, 403);
}

TEST_F(AccessTest, SaysThatContentTypesAreNotGuessed) {
  Start({.users = {{"alice", kHash}}});
  for (const ClientResponse& response : {Get(kAlice), Get(kWrong), Get(kAlice, "/framed"),
                                         Get(kAlice, "/missing"), Get("X: y", "/%00")}) {
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

}  // namespace
}  // namespace telnyx_exporter
