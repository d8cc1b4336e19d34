#include "http/curl_transport.h"

#include <algorithm>
#include <cstdlib>
#include <latch>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/build_info.h"
#include "curl_transport_fixture.h"
#include "support/scripted_server.h"

namespace telnyx_exporter {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class CurlTransportPlain : public CurlTransportTest {};

TEST_F(CurlTransportPlain, SendsExactlyTheseHeaders) {
  ScriptedServer server(ScriptedServer::Always(OkResponse("{}")));
  Request request = RequestTo(server.url() + "/v2");
  request.target = "/connections/a%2Fb/../active_calls?page%5Blimit%5D=250";
  Fetch(std::move(request));
  EXPECT_EQ(server.requests().at(0),
            "GET /v2/connections/a%2Fb/../active_calls?page%5Blimit%5D=250 HTTP/1.1\r\n"
            "Host: 127.0.0.1:" +
                std::to_string(server.port()) + "\r\nUser-Agent: telnyx_exporter/" +
                std::string(GetBuildInfo().version) +
                "\r\nAccept: application/json\r\nAccept-Encoding: gzip\r\n"
                "Authorization: Bearer KEY123\r\n\r\n");
}

TEST_F(CurlTransportPlain, SendsNoAuthorizationWithoutAKey) {
  ScriptedServer server(ScriptedServer::Always(OkResponse("{}")));
  Fetch(RequestTo(std::make_shared<const Endpoint>(Endpoint{.base_url = server.url()})));
  EXPECT_THAT(server.requests().at(0), Not(HasSubstr("Authorization")));
}

TEST_F(CurlTransportPlain, ReturnsStatusHeadersAndBody) {
  ScriptedServer server(ScriptedServer::Always(
      "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nX-RateLimit-Remaining: 0\r\n"
      "Content-Length: 13\r\n\r\n{\"errors\":[]}"));
  const Outcome outcome = Fetch(RequestTo(server.url()));
  EXPECT_EQ(outcome.error, std::nullopt);
  EXPECT_EQ(outcome.status, 429);
  EXPECT_EQ(outcome.headers.retry_after, "7");
  EXPECT_EQ(outcome.headers.rate_limit_remaining, "0");
  EXPECT_EQ(outcome.headers.should_retry, std::nullopt);
  EXPECT_EQ(outcome.body, "{\"errors\":[]}");
  EXPECT_EQ(outcome.body_bytes, 13U);
  EXPECT_GT(outcome.elapsed, Duration::zero());
}

TEST_F(CurlTransportPlain, RefusesATargetThatCouldNameAHost) {
  EXPECT_THROW(transport_->Send(
                   [&] {
                     Request request = RequestTo("http://127.0.0.1");
                     request.target = "@elsewhere/";
                     return request;
                   }(),
                   nullptr),
               std::invalid_argument);
}

TEST_F(CurlTransportPlain, DoesNotFollowARedirect) {
  ScriptedServer elsewhere(ScriptedServer::Always(OkResponse("{}")));
  ScriptedServer server(ScriptedServer::Always("HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n" +
                                               ("Location: " + elsewhere.url()) + "/\r\n\r\n"));
  EXPECT_EQ(Fetch(RequestTo(server.url())).status, 301);
  EXPECT_EQ(elsewhere.accepted(), 0U);
}

// Sets variables of the environment for a test's time.
class EnvironmentVariables {
 public:
  EnvironmentVariables(std::vector<std::string> names, const std::string& value)
      : names_(std::move(names)) {
    for (const std::string& name : names_) setenv(name.c_str(), value.c_str(), 1);
  }
  ~EnvironmentVariables() {
    for (const std::string& name : names_) unsetenv(name.c_str());
  }
  EnvironmentVariables(const EnvironmentVariables&) = delete;
  EnvironmentVariables& operator=(const EnvironmentVariables&) = delete;

 private:
  const std::vector<std::string> names_;
};

TEST_F(CurlTransportPlain, IgnoresTheEnvironmentsProxies) {
  ScriptedServer proxy(ScriptedServer::Always(OkResponse("proxy")));
  ScriptedServer server(ScriptedServer::Always(OkResponse("server")));
  const EnvironmentVariables proxies(
      {"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"},
      proxy.url());
  EXPECT_EQ(Fetch(RequestTo(server.url())).body, "server");
  // Nothing answers there: what matters is who was asked.
  const RefusingPort nobody;
  Fetch(RequestTo("https://127.0.0.1:" + std::to_string(nobody.port())));
  EXPECT_EQ(proxy.accepted(), 0U);
}

TEST_F(CurlTransportPlain, AsksAProxyWithoutAPortWhereOthersDo) {
  // An address of loopback where nothing listens.
  const Outcome outcome = Fetch(RequestTo(std::make_shared<const Endpoint>(
      Endpoint{.base_url = "http://192.0.2.1", .proxy_url = Secret("http://127.83.17.5")})));
  ASSERT_TRUE(outcome.error.has_value());
  // Newer versions of curl do not name the proxy's port.
  EXPECT_FALSE(outcome.error->message.contains("1080")) << outcome.error->message;
}

TEST_F(CurlTransportPlain, IgnoresTheEnvironmentsExceptionsFromProxies) {
  ScriptedServer server(ScriptedServer::Always(OkResponse("server")));
  ScriptedServer proxy([&](ScriptedServer::Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 Connected\r\n\r\n");
    connection.Tunnel(server.port());
  });
  const EnvironmentVariables exceptions({"no_proxy", "NO_PROXY"}, "*");
  const Outcome outcome = Fetch(RequestTo(std::make_shared<const Endpoint>(
      Endpoint{.base_url = server.url(), .proxy_url = Secret(proxy.url())})));
  EXPECT_EQ(outcome.body, "server");
  EXPECT_EQ(proxy.accepted(), 1U);
}

TEST_F(CurlTransportPlain, UsesAConnectionAgain) {
  ScriptedServer server(ScriptedServer::Always(OkResponse("{}")));
  const auto endpoint = EndpointAt(server.url());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Fetch(RequestTo(endpoint)).status, 200);
  EXPECT_EQ(server.accepted(), 1U);
  EXPECT_THAT(server.requests(), SizeIs(3));
}

TEST_F(CurlTransportPlain, ReplacesAConnectionThatTheServerHasClosed) {
  ScriptedServer server(ScriptedServer::Once(OkResponse("{}")));
  const auto endpoint = EndpointAt(server.url());
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = Fetch(RequestTo(endpoint));
    EXPECT_EQ(outcome.status, 200) << outcome.message();
    server.WaitForNoConnections();
  }
  EXPECT_EQ(server.accepted(), 3U);
}

TEST_F(CurlTransportPlain, ServesManyRequestsOverAsManyConnectionsAsAllowed) {
  Restart(4);
  ScriptedServer server(ScriptedServer::Always(OkResponse("{}")));
  const auto endpoint = EndpointAt(server.url());
  std::vector<std::optional<Outcome>> outcomes(50);
  for (auto& outcome : outcomes) Send(RequestTo(endpoint), outcome);
  while (std::ranges::any_of(outcomes, [](const auto& outcome) { return !outcome; })) Run();
  for (const auto& outcome : outcomes) EXPECT_EQ(outcome->status, 200) << outcome->message();
  EXPECT_LE(server.accepted(), 4U);
}

TEST_F(CurlTransportPlain, MayBeGivenMoreConnectionsWhileItRuns) {
  Restart(1);
  ScriptedServer server(ScriptedServer::Never());
  transport_->SetMaxConnections(4);
  std::vector<std::optional<Outcome>> outcomes(4);
  for (auto& outcome : outcomes) Send(RequestTo(server.url()), outcome);
  while (server.requests().size() < 4) transport_->Run(milliseconds(1));
}

TEST_F(CurlTransportPlain, KeepsTheKeysOfAccountsApartOnSharedHandlesAndConnections) {
  ScriptedServer server(ScriptedServer::Always(OkResponse("{}")));
  for (const char* key : {"KEY_A", "KEY_B", "KEY_A"}) {
    Fetch(RequestTo(std::make_shared<const Endpoint>(
        Endpoint{.base_url = server.url(), .api_key = Secret(key)})));
  }
  EXPECT_EQ(server.accepted(), 1U);
  const auto requests = server.requests();
  ASSERT_THAT(requests, SizeIs(3));
  EXPECT_THAT(requests[0], AllOf(HasSubstr("Bearer KEY_A\r\n"), Not(HasSubstr("KEY_B"))));
  EXPECT_THAT(requests[1], AllOf(HasSubstr("Bearer KEY_B\r\n"), Not(HasSubstr("KEY_A"))));
  EXPECT_THAT(requests[2], AllOf(HasSubstr("Bearer KEY_A\r\n"), Not(HasSubstr("KEY_B"))));
}

TEST_F(CurlTransportPlain, FailsWhenThePortRefuses) {
  const RefusingPort nobody;
  const Outcome outcome = Fetch(RequestTo("http://127.0.0.1:" + std::to_string(nobody.port())));
  EXPECT_EQ(outcome.kind(), Kind::kConnect);
  EXPECT_THAT(outcome.message(), HasSubstr("Failed to connect to 127.0.0.1"));
}

TEST_F(CurlTransportPlain, FailsWhenTheNameIsUnknown) {
  // RFC 6761: never a real name.
  EXPECT_EQ(Fetch(RequestTo("http://telnyx.invalid")).kind(), Kind::kConnect);
}

TEST_F(CurlTransportPlain, FailsWhenTheConnectionIsResetBeforeTheHeaders) {
  ScriptedServer server([](ScriptedServer::Connection& connection) {
    connection.ReadRequest();
    connection.ResetOnClose();
  });
  EXPECT_EQ(Fetch(RequestTo(server.url())).kind(), Kind::kConnect);
}

TEST_F(CurlTransportPlain, FailsWhenTheConnectionIsClosedBeforeTheHeaders) {
  ScriptedServer server(ScriptedServer::Once(""));
  const Outcome outcome = Fetch(RequestTo(server.url()));
  EXPECT_EQ(outcome.kind(), Kind::kConnect);
  EXPECT_EQ(outcome.message(), "Empty reply from server");
}

TEST_F(CurlTransportPlain, FailsWhenTheAnswerIsNotHttp) {
  ScriptedServer server(ScriptedServer::Once("SSH-2.0-OpenSSH_9.2\r\n"));
  EXPECT_EQ(Fetch(RequestTo(server.url())).kind(), Kind::kMalformed);
}

TEST_F(CurlTransportPlain, TimesOutWhenTheServerDoesNotAnswer) {
  ScriptedServer server(ScriptedServer::Never());
  Request request = RequestTo(server.url());
  request.timeout = milliseconds(2000);  // so long that it has connected, on a busy machine too
  const Outcome outcome = Fetch(std::move(request));
  EXPECT_EQ(outcome.kind(), Kind::kTimeout);
  EXPECT_EQ(outcome.message(), "no complete answer within 2s, 0 bytes of the body received");
  EXPECT_GE(outcome.elapsed, milliseconds(2000));
  server.WaitForNoConnections();  // the client has closed it
}

TEST_F(CurlTransportPlain, TimesOutInTheMiddleOfABody) {
  ScriptedServer server([](ScriptedServer::Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
    connection.WaitForClose();
  });
  Request request = RequestTo(server.url());
  request.timeout = milliseconds(300);
  const Outcome outcome = Fetch(std::move(request));
  EXPECT_EQ(outcome.kind(), Kind::kTimeout);
}

TEST_F(CurlTransportPlain, TimesOutWhileWaitingForAConnection) {
  Restart(1);
  ScriptedServer server(ScriptedServer::Never());
  std::optional<Outcome> first;
  Send(RequestTo(server.url()), first);
  while (server.requests().empty()) transport_->Run(milliseconds(1));
  Request request = RequestTo(server.url());
  request.timeout = milliseconds(50);
  EXPECT_EQ(Fetch(std::move(request)).kind(), Kind::kTimeout);
  EXPECT_EQ(first, std::nullopt);
}

TEST_F(CurlTransportPlain, TimesOutWhenConnectingTakesTooLong) {
  // The proxy accepts, but the tunnel to the server never opens.
  ScriptedServer proxy(ScriptedServer::Never());
  Request request = RequestTo(std::make_shared<const Endpoint>(
      Endpoint{.base_url = "http://127.0.0.1", .proxy_url = Secret(proxy.url())}));
  request.connect_timeout = milliseconds(50);
  EXPECT_EQ(Fetch(std::move(request)).kind(), Kind::kTimeout);
}

TEST_F(CurlTransportPlain, AnAnswerWithoutABodyIsComplete) {
  ScriptedServer server(
      ScriptedServer::Always("HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n"));
  const Outcome outcome = Fetch(RequestTo(server.url()));
  EXPECT_EQ(outcome.error, std::nullopt);
  EXPECT_EQ(outcome.status, 204);
  EXPECT_EQ(outcome.body, "");
}

TEST_F(CurlTransportPlain, SkipsInterimAnswers) {
  ScriptedServer server(ScriptedServer::Always(
      "HTTP/1.1 103 Early Hints\r\nRetry-After: 7\r\n\r\n" + OkResponse("{}")));
  const Outcome outcome = Fetch(RequestTo(server.url()));
  EXPECT_EQ(outcome.status, 200);
  EXPECT_EQ(outcome.body, "{}");
  EXPECT_EQ(outcome.headers.retry_after, std::nullopt);
}

TEST_F(CurlTransportPlain, FailsWhenHeadersNeverEnd) {
  ScriptedServer server([](ScriptedServer::Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\n");
    while (connection.Send("X-More: and more and more\r\n")) {
    }
  });
  const Outcome outcome = Fetch(RequestTo(server.url()));
  EXPECT_EQ(outcome.kind(), Kind::kResponseTooLarge);
  EXPECT_EQ(outcome.message(), "response headers larger than 64KiB");
}

TEST_F(CurlTransportPlain, FailsWhenInterimAnswersNeverEnd) {
  ScriptedServer server([](ScriptedServer::Connection& connection) {
    connection.ReadRequest();
    while (connection.Send("HTTP/1.1 100 Continue\r\n\r\n")) {
    }
  });
  EXPECT_EQ(Fetch(RequestTo(server.url())).kind(), Kind::kResponseTooLarge);
}

TEST_F(CurlTransportPlain, FailsWhenOneHeaderNeverEnds) {
  ScriptedServer server([](ScriptedServer::Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\nX-More: ");
    while (connection.Send("and more and more")) {
    }
  });
  EXPECT_EQ(Fetch(RequestTo(server.url())).kind(), Kind::kResponseTooLarge);
}

TEST_F(CurlTransportPlain, CancelEndsARequestWithoutItsCallback) {
  ScriptedServer server(ScriptedServer::Never());
  auto owned = std::make_shared<int>(0);
  const std::weak_ptr<int> watch = owned;
  const RequestId id = transport_->Send(RequestTo(server.url()),
                                        [owned = std::move(owned)](const Exchange&) { FAIL(); });
  server.OnRequest([this] { transport_->Wake(); });
  while (server.requests().empty()) Run();
  transport_->Cancel(id);
  EXPECT_TRUE(watch.expired());
  server.WaitForNoConnections();
  transport_->Cancel(id);
  transport_->Run(Duration::zero());
}

TEST_F(CurlTransportPlain, ACallbackMaySendAgain) {
  ScriptedServer server(ScriptedServer::Always(OkResponse("{}")));
  const auto endpoint = EndpointAt(server.url());
  int answers = 0;
  std::function<void(const Exchange&)> again = [&](const Exchange& exchange) {
    ASSERT_TRUE(exchange.result.has_value());
    if (++answers < 5) transport_->Send(RequestTo(endpoint), again);
  };
  transport_->Send(RequestTo(endpoint), again);
  while (answers < 5) Run();
  EXPECT_EQ(server.accepted(), 1U);
}

TEST_F(CurlTransportPlain, ACallbackMayCancelOthersAndItself) {
  ScriptedServer server(ScriptedServer::Always(OkResponse("{}")));
  const auto endpoint = EndpointAt(server.url());
  std::vector<RequestId> ids;
  int answers = 0;
  for (int i = 0; i < 8; ++i) {
    ids.push_back(transport_->Send(RequestTo(endpoint), [&](const Exchange&) {
      ++answers;
      for (const RequestId id : ids) transport_->Cancel(id);
    }));
  }
  Run();
  transport_->Run(Duration::zero());
  EXPECT_EQ(answers, 1);
}

TEST_F(CurlTransportPlain, ATimedOutRequestsCallbackMayCancelAnother) {
  ScriptedServer server(ScriptedServer::Never());
  std::vector<RequestId> ids;
  int ended = 0;
  for (int i = 0; i < 4; ++i) {
    Request request = RequestTo(server.url());
    request.timeout = milliseconds(20);
    ids.push_back(transport_->Send(std::move(request), [&](const Exchange&) {
      ++ended;
      for (const RequestId id : ids) transport_->Cancel(id);
    }));
  }
  Run();
  transport_->Run(milliseconds(40));
  EXPECT_EQ(ended, 1);
}

TEST_F(CurlTransportPlain, RunReturnsWhenNothingEnds) {
  ScriptedServer server(ScriptedServer::Never());
  std::optional<Outcome> outcome;
  Send(RequestTo(server.url()), outcome);
  transport_->Run(milliseconds(5));
  transport_->Run(Duration::zero());
  transport_->Run(-milliseconds(5));
  EXPECT_EQ(outcome, std::nullopt);
}

TEST_F(CurlTransportPlain, WakeEndsTheNextRun) {
  transport_->Wake();
  transport_->Run(Duration::max());
}

TEST_F(CurlTransportPlain, WakeFromAnotherThreadEndsThePresentRun) {
  std::latch running(1);
  std::thread other([&] {
    running.wait();
    transport_->Wake();
  });
  running.count_down();
  transport_->Run(Duration::max());
  other.join();
}

TEST_F(CurlTransportPlain, DestructionEndsRequestsWithoutTheirCallbacks) {
  ScriptedServer server(ScriptedServer::Never());
  auto owned = std::make_shared<int>(0);
  const std::weak_ptr<int> watch = owned;
  for (int i = 0; i < 4; ++i) {
    transport_->Send(RequestTo(server.url()), [owned](const Exchange&) { FAIL(); });
  }
  owned.reset();
  while (server.requests().size() < 4) transport_->Run(milliseconds(1));
  transport_.reset();
  EXPECT_TRUE(watch.expired());
  server.WaitForNoConnections();
}

TEST_F(CurlTransportPlain, TunnelsThroughAProxyThatNeverSeesTheKey) {
  ScriptedServer server(ScriptedServer::Always(OkResponse("{}")));
  ScriptedServer proxy([&](ScriptedServer::Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 Connected\r\nRetry-After: 9\r\n\r\n");
    connection.Tunnel(server.port());
  });
  const std::string proxy_url = "http://user:pass@127.0.0.1:" + std::to_string(proxy.port());
  const Outcome outcome = Fetch(RequestTo(std::make_shared<const Endpoint>(Endpoint{
      .base_url = server.url(), .api_key = Secret("KEY123"), .proxy_url = Secret(proxy_url)})));
  EXPECT_EQ(outcome.status, 200) << outcome.message();
  EXPECT_EQ(outcome.headers.retry_after, std::nullopt);
  ASSERT_THAT(proxy.requests(), SizeIs(1));
  EXPECT_THAT(proxy.requests()[0],
              AllOf(StartsWith("CONNECT 127.0.0.1:" + std::to_string(server.port()) + " HTTP/1.1"),
                    HasSubstr("\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n"),
                    Not(HasSubstr("KEY123")), EndsWith("\r\n\r\n")));
  EXPECT_THAT(server.requests().at(0), AllOf(HasSubstr("Authorization: Bearer KEY123\r\n"),
                                             Not(HasSubstr("Proxy-Authorization"))));
}

TEST_F(CurlTransportPlain, FailsWhenTheProxyRefuses) {
  ScriptedServer proxy(ScriptedServer::Once(
      "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"));
  const Outcome outcome = Fetch(RequestTo(std::make_shared<const Endpoint>(
      Endpoint{.base_url = "http://telnyx.invalid", .proxy_url = Secret(proxy.url())})));
  EXPECT_EQ(outcome.kind(), Kind::kConnect);
  EXPECT_THAT(outcome.message(), HasSubstr("407"));
}

TEST_F(CurlTransportPlain, DoesNotTakeAProxysStatusForTheServers) {
  ScriptedServer proxy(ScriptedServer::Once(
      "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\nContent-Length: 100\r\n\r\n{"));
  const Outcome outcome = Fetch(RequestTo(std::make_shared<const Endpoint>(
      Endpoint{.base_url = "http://telnyx.invalid", .proxy_url = Secret(proxy.url())})));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.headers.retry_after, std::nullopt);
  EXPECT_EQ(outcome.kind(), Kind::kConnect);
}

TEST_F(CurlTransportPlain, DoesNotShowTheProxysPassword) {
  const Outcome outcome = Fetch(RequestTo(std::make_shared<const Endpoint>(
      Endpoint{.base_url = "http://127.0.0.1", .proxy_url = Secret("gopher://user:pass@proxy")})));
  EXPECT_EQ(outcome.kind(), Kind::kConnect);
  EXPECT_EQ(outcome.message(), "Unsupported proxy scheme for '<secret>'");
}

TEST_F(CurlTransportPlain, ForgetsAnEndpointThatNobodyHasAnyMore) {
  ScriptedServer server(ScriptedServer::Always(OkResponse("{}")));
  auto endpoint = EndpointAt(server.url());
  const std::weak_ptr<const Endpoint> watch = endpoint;
  Fetch(RequestTo(std::move(endpoint)));
  EXPECT_TRUE(watch.expired());
}

TEST_F(CurlTransportPlain, TellsAnEndpointFromAnEarlierOneAtTheSameAddress) {
  ScriptedServer server(ScriptedServer::Always(OkResponse("{}")));
  std::optional<Endpoint> storage;
  for (const char* key : {"KEY_A", "KEY_B"}) {
    storage.emplace(Endpoint{.base_url = server.url(), .api_key = Secret(key)});
    // Alive beyond its requests, so that nothing tells the transport when it goes.
    const std::shared_ptr<const Endpoint> endpoint(&*storage, [](const Endpoint*) {});
    Fetch(RequestTo(endpoint));
  }
  EXPECT_THAT(server.requests().at(1), HasSubstr("Bearer KEY_B\r\n"));
}

}  // namespace
}  // namespace telnyx_exporter
