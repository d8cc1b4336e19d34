// What the server does about clients that are slow, greedy or gone.

#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gate.h"
#include "shared_clock.h"
#include "support/http_client.h"
#include "support/raw_client.h"
#include "web/http_server.h"
#include "web/router.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

constexpr const char* kRequest = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr const char* kLastRequest = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const std::size_t kLargeBytes = 8U << 20U;  // more than sockets buffer

class LimitsTest : public ::testing::Test {
 protected:
  /// One serving thread, so that what happened on one connection before a request on another came
  /// is over when that one is answered.
  void Start(HttpServerSettings settings = {}) {
    settings.threads = 1;
    settings.listen_addresses = {"127.0.0.1:0"};
    settings.clock = &clock_;
    settings.on_refused = [this](std::string_view reason, int status) {
      const std::lock_guard lock(mutex_);
      refused_.push_back(std::string(reason) + " " + std::to_string(status));
    };
    auto server = HttpServer::Start(settings, [this](const HttpRequest& request) {
      if (request.path() == "/large") return HttpResponse{.body = large_};
      if (request.path() == "/watched") return HttpResponse{.body = WatchedBody()};
      return TextResponse(200, "hello\n");
    });
    if (!server) throw std::runtime_error(server.error().message);
    server_ = std::move(*server);
  }

  /// A large body that tells when the server has let go of it.
  std::shared_ptr<const std::string> WatchedBody() {
    return {new std::string(kLargeBytes, 'x'), [this](const std::string* body) {
              delete body;
              watched_is_gone_.Pass();
            }};
  }

  std::string address() const { return server_->bound_addresses().front(); }
  RawClient Connect(const std::string& source = {}) { return RawClient(address(), source); }
  /// A client whose connection the server has begun to serve.
  RawClient ConnectAndAsk(const std::string& source = {}) {
    RawClient client(address(), source);
    client.Send(kRequest);
    EXPECT_THAT(client.ReadUntil("hello\n"), HasSubstr("hello\n"));
    return client;
  }
  void ExpectAnswers() { EXPECT_EQ(Fetch("http://" + address()).body, "hello\n"); }

  LimitsTest() { watched_is_gone_.Open(); }

  std::vector<std::string> refused() const {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

  SharedClock clock_;
  mutable std::mutex mutex_;
  std::vector<std::string> refused_;
  Gate watched_is_gone_;
  const std::shared_ptr<const std::string> large_ =
      std::make_shared<const std::string>(kLargeBytes, 'x');
  std::unique_ptr<HttpServer> server_;
};

TEST_F(LimitsTest, EndsARequestThatTakesTooLong) {
  Start({.limits = {.request = 10s}});
  RawClient client = Connect();
  client.Send("GET / HTTP/1.1\r\nHost: ");
  ExpectAnswers();
  clock_.Advance(11s);
  EXPECT_EQ(client.ReadToEnd(), "");
  ExpectAnswers();
}

TEST_F(LimitsTest, IsNotHeldUpByAByteNowAndThen) {
  Start({.limits = {.request = 10s}});
  RawClient client = Connect();
  ExpectAnswers();
  for (int second = 0; second < 9; ++second) {
    EXPECT_TRUE(client.Send("x"));
    clock_.Advance(1s);
  }
  clock_.Advance(2s);
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(LimitsTest, EndsALaterRequestThatTakesTooLong) {
  Start({.limits = {.request = 10s, .idle = 60s}});
  RawClient client = ConnectAndAsk();
  client.Send("GET / HTTP/1.1\r\nHost: ");
  ExpectAnswers();
  clock_.Advance(11s);
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(LimitsTest, EndsAnIdleConnection) {
  Start({.limits = {.idle = 60s}});
  RawClient client = ConnectAndAsk();
  ExpectAnswers();
  clock_.Advance(61s);
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(LimitsTest, KeepsAConnectionThatAsksInTime) {
  Start({.limits = {.idle = 60s}});
  RawClient client = ConnectAndAsk();
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(50s);
    ASSERT_TRUE(client.Send(kRequest));
    ASSERT_THAT(client.ReadUntil("hello\n"), HasSubstr("hello\n"));
  }
}

TEST_F(LimitsTest, EndsAClientThatReadsAByteNowAndThen) {
  Start({.limits = {.answer = 30s}});
  RawClient client = Connect();
  client.Send("GET /watched HTTP/1.1\r\nHost: x\r\n\r\n");
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(client.Read(1).size(), 1U);
    clock_.Advance(1s);
  }
  ExpectAnswers();
  EXPECT_EQ(watched_is_gone_.came(), 0);
  clock_.Advance(30s);
  watched_is_gone_.WaitUntilCame(1);
}

TEST_F(LimitsTest, LeavesLittleOfAnAnswerToTheKernel) {
  Start();
  RawClient client = Connect();
  client.Send("GET /watched HTTP/1.1\r\nHost: x\r\n\r\n");
  // The more a client reads, the more the kernel would take for it after that.
  for (std::size_t read = 0; read < kLargeBytes - (1U << 20U);) {
    const std::size_t size = client.Read(1 << 20).size();
    ASSERT_GT(size, 0U);
    read += size;
  }
  for (int i = 0; i < 20; ++i) ExpectAnswers();
  EXPECT_EQ(watched_is_gone_.came(), 0);
}

TEST_F(LimitsTest, LetsANewcomerInAtTheLimit) {
  Start({.limits = {.total = 3}});
  RawClient oldest = ConnectAndAsk();
  clock_.Advance(1s);
  RawClient second = ConnectAndAsk();
  RawClient third = ConnectAndAsk();
  RawClient newcomer = ConnectAndAsk();
  EXPECT_EQ(oldest.ReadToEnd(), "");
  EXPECT_TRUE(second.Send(kLastRequest));
  EXPECT_THAT(second.ReadToEnd(), HasSubstr("hello\n"));
}

TEST_F(LimitsTest, SparesOtherPeersAtTheLimitOfOne) {
  Start({.limits = {.of_one_peer = 2}});
  RawClient other = ConnectAndAsk("127.0.0.9");
  clock_.Advance(1s);
  RawClient oldest = ConnectAndAsk("127.0.0.2");
  clock_.Advance(1s);
  RawClient second = ConnectAndAsk("127.0.0.2");
  RawClient third = ConnectAndAsk("127.0.0.2");
  EXPECT_EQ(oldest.ReadToEnd(), "");
  EXPECT_TRUE(other.Send(kLastRequest));
  EXPECT_THAT(other.ReadToEnd(), HasSubstr("hello\n"));
}

TEST_F(LimitsTest, EndsNoMoreClientsThanNeededWithoutDescriptors) {
  Start();
  RawClient oldest = ConnectAndAsk();
  clock_.Advance(1s);
  RawClient second = ConnectAndAsk();
  RawClient third = ConnectAndAsk();
  const int last = dup(STDERR_FILENO);
  close(last);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit full{.rlim_cur = static_cast<rlim_t>(last) + 1, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &full), 0);
  RawClient newcomer = ConnectAndAsk();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(oldest.ReadToEnd(), "");
  for (RawClient* spared : {&second, &third}) {
    EXPECT_TRUE(spared->Send(kLastRequest));
    EXPECT_THAT(spared->ReadToEnd(), HasSubstr("hello\n"));
  }
}

TEST_F(LimitsTest, AnswersBesideAThousandSlowClients) {
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);
  Start({.limits = {.total = 200}});
  std::vector<RawClient> slow;
  for (int i = 0; i < 1000; ++i) {
    slow.push_back(Connect("127.0.1." + std::to_string(i % 250 + 1)));
    slow.back().Send("GET / HTTP/1.1\r\nX: ");
    if (i % 100 == 0) ExpectAnswers();
  }
  ExpectAnswers();
  for (std::size_t i = 0; i < 700; ++i) EXPECT_EQ(slow[i].ReadToEnd(), "") << i;
}

TEST_F(LimitsTest, AnswersBesideManyWhoDoNotReadTheirAnswer) {
  Start({.limits = {.total = 20}});
  std::vector<RawClient> deaf;
  for (int i = 0; i < 60; ++i) {
    deaf.push_back(Connect());
    deaf.back().Send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(deaf.back().Read(8), StartsWith("HTTP/1.1"));
  }
  ExpectAnswers();
}

constexpr const char* kLargeRequest = "GET /large HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr const char* kWatchedRequest = "GET /watched HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(LimitsTest, EndsTheAnswerLongestWithoutProgressAtTheLimitOfRequests) {
  Start({.limits = {.answers = 3}});
  RawClient reader = Connect();
  reader.Send(kLargeRequest);
  std::size_t read = reader.Read(8).size();
  RawClient deaf = Connect();
  deaf.Send(kWatchedRequest);
  EXPECT_THAT(deaf.Read(8), StartsWith("HTTP/1.1"));
  // Otherwise its buffer still fills, which is progress, after the clock has advanced.
  deaf.StopReceiving();
  // To accept a client, the server checks the progress of the others.
  ExpectAnswers();
  clock_.Advance(1s);
  // More than sockets buffer is still to be sent after this.
  while (read < kLargeBytes / 4) {
    const std::size_t size = reader.Read(1 << 20).size();
    ASSERT_GT(size, 0U);
    read += size;
  }
  std::vector<RawClient> newcomers;
  for (int i = 0; i < 2; ++i) {
    newcomers.push_back(Connect());
    newcomers.back().Send(kLargeRequest);
    EXPECT_THAT(newcomers.back().Read(8), StartsWith("HTTP/1.1"));
  }
  watched_is_gone_.WaitUntilCame(1);
  EXPECT_THAT(refused(), ElementsAre("slow_reader 408"));
  while (read < kLargeBytes) {
    const std::size_t size = reader.Read(1 << 20).size();
    ASSERT_GT(size, 0U);
    read += size;
  }
}

TEST_F(LimitsTest, ServesEveryNewcomerAtTheLimitOfRequests) {
  Start({.limits = {.answers = 4}});
  std::vector<RawClient> deaf;
  for (int i = 0; i < 60; ++i) {
    deaf.push_back(Connect());
    deaf.back().Send(kLargeRequest);
    EXPECT_THAT(deaf.back().Read(8), StartsWith("HTTP/1.1"));
  }
  ExpectAnswers();
  EXPECT_EQ(refused().size(), 57U);
}

TEST_F(LimitsTest, BoundsTheBytesThatWaitToBeSent) {
  Start({.limits = {.answers = 0, .superseded_bytes = 3 * kLargeBytes}});
  std::vector<RawClient> deaf;
  for (int i = 0; i < 10; ++i) {
    deaf.push_back(Connect());
    deaf.back().Send(kWatchedRequest);
    EXPECT_THAT(deaf.back().Read(8), StartsWith("HTTP/1.1"));
  }
  // The newest, and three before it, may wait.
  watched_is_gone_.WaitUntilCame(6);
  ExpectAnswers();
  EXPECT_EQ(watched_is_gone_.came(), 6);
}

TEST_F(LimitsTest, SharesABodyAmongAllThatWaitForIt) {
  Start({.limits = {.answers = 0, .superseded_bytes = 0}});
  std::vector<RawClient> deaf;
  for (int i = 0; i < 30; ++i) {
    deaf.push_back(Connect());
    deaf.back().Send(kLargeRequest);
    EXPECT_THAT(deaf.back().Read(8), StartsWith("HTTP/1.1"));
  }
  ExpectAnswers();
  EXPECT_THAT(refused(), IsEmpty());
}

TEST_F(LimitsTest, SaysWhichClientsAreSlow) {
  Start({.limits = {.request = 10s, .idle = 60s, .answer = 30s}});
  RawClient idle = ConnectAndAsk();
  RawClient slow = Connect();
  slow.Send("GET / HTTP/1.1\r\nHost: ");
  RawClient deaf = Connect();
  deaf.Send(kWatchedRequest);
  EXPECT_THAT(deaf.Read(8), StartsWith("HTTP/1.1"));
  clock_.Advance(61s);
  EXPECT_EQ(slow.ReadToEnd(), "");
  EXPECT_EQ(idle.ReadToEnd(), "");
  watched_is_gone_.WaitUntilCame(1);
  EXPECT_THAT(refused(), UnorderedElementsAre("slow_request 408", "slow_reader 408"));
}

TEST_F(LimitsTest, RefusesALargeHeader) {
  Start();
  RawClient client = Connect();
  client.Send("GET / HTTP/1.1\r\nX: " + std::string(1 << 20, 'x') + "\r\n\r\n");
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 431 "));
  ExpectAnswers();
}

TEST_F(LimitsTest, RefusesALongRequestLine) {
  Start();
  RawClient client = Connect();
  client.Send("GET /" + std::string(64 << 10, 'x') + " HTTP/1.1\r\n\r\n");
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 414 "));
  ExpectAnswers();
}

TEST_F(LimitsTest, RefusesNoise) {
  Start();
  const std::vector<std::string> noises = {"\x16\x03\x01\x02\r\n\r\n", "\r\n\r\n\r\n",
                                           "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
                                           std::string(10'000, '\0')};
  for (const std::string& noise : noises) {
    RawClient client = Connect();
    client.Send(noise);
    client.FinishSending();
    ExpectAnswers();
    clock_.Advance(1h);
    EXPECT_THAT(client.ReadToEnd(), ::testing::Not(HasSubstr("hello")));
  }
}

TEST_F(LimitsTest, AnswersEveryPipelinedRequest) {
  Start();
  RawClient client = Connect();
  std::string requests;
  for (int i = 0; i < 99; ++i) requests += kRequest;
  client.Send(requests + kLastRequest);
  const std::string answer = client.ReadToEnd();
  std::size_t count = 0;
  for (std::size_t at = 0; (at = answer.find("hello\n", at)) != std::string::npos; ++at) ++count;
  EXPECT_EQ(count, 100U);
}

TEST_F(LimitsTest, AnswersAClientThatHasFinishedSending) {
  Start();
  RawClient client = Connect();
  client.Send(kRequest);
  client.FinishSending();
  EXPECT_THAT(client.ReadUntil("hello\n"), HasSubstr("hello\n"));
  ExpectAnswers();
  clock_.Advance(1h);
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(LimitsTest, SurvivesClientsThatGo) {
  Start();
  for (int i = 0; i < 50; ++i) {
    RawClient client = Connect();
    client.Send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  ExpectAnswers();
}

}  // namespace
}  // namespace telnyx_exporter
