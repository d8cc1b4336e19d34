// TLS and HTTP/2 against Debian's nginx.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include <unistd.h>

#include "curl_transport_fixture.h"
#include "support/nginx_server.h"
#include "support/read_file.h"
#include "support/scripted_server.h"
#include "support/test_certificates.h"

namespace telnyx_exporter {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

// What a request looked like to nginx, as the body of its answer.
constexpr const char* kEcho =
    "location /calls { default_type application/json;\n"
    "return 200 '$server_protocol $connection $ssl_server_name $http_host "
    "$http_authorization'; }\n";

std::string ServerBlock(const std::string& listen, const TestCertificates::Pair& pair,
                        const std::string& body) {
  return "server { listen " + listen + ";\nssl_certificate " + pair.certificate_file +
         ";\nssl_certificate_key " + pair.key_file + ";\n" + body + "}\n";
}

class CurlTransportTls : public CurlTransportTest {
 protected:
  // Ports of the one nginx that most tests use.
  enum Port : std::size_t { kHttp2, kHttp1, kExpired, kOldTls };

  std::string Url(Port port, const std::string& host = "127.0.0.1") const {
    return "https://" + host + ":" + std::to_string(nginx_.port(port));
  }
  Endpoint Trusting(std::string base_url) const {
    return {.base_url = std::move(base_url),
            .api_key = Secret("KEY123"),
            .ca_certificates = ReadFile(certificates_.ca_file())};
  }
  Outcome FetchFrom(Endpoint endpoint) {
    return Fetch(RequestTo(std::make_shared<const Endpoint>(std::move(endpoint))));
  }
  std::vector<Outcome> FetchAtOnce(Endpoint endpoint, std::size_t count) {
    const auto shared = std::make_shared<const Endpoint>(std::move(endpoint));
    std::vector<std::optional<Outcome>> outcomes(count);
    for (auto& outcome : outcomes) Send(RequestTo(shared), outcome);
    while (std::ranges::any_of(outcomes, [](const auto& outcome) { return !outcome; })) Run();
    std::vector<Outcome> all;
    for (const auto& outcome : outcomes) all.push_back(*outcome);
    return all;
  }
  // The second word of what kEcho returns.
  static std::string ConnectionOf(const Outcome& outcome) {
    const std::size_t start = outcome.body.find(' ') + 1;
    return outcome.body.substr(start, outcome.body.find(' ', start) - start);
  }

  ScriptedServer hanging_{ScriptedServer::Never()};
  TestCertificates certificates_;
  NginxServer nginx_{
      4, [this](const std::vector<std::string>& addresses) {
        const auto valid = certificates_.Issue("valid", "DNS:api.test,DNS:localhost");
        const auto ip = certificates_.Issue("ip", "IP:127.0.0.1");
        const auto expired = certificates_.IssueExpired("old", "IP:127.0.0.1");
        const std::string hang = "location /hang { proxy_pass " + hanging_.url() + "; }\n";
        return "gzip on; gzip_types application/json; gzip_min_length 0;\n" +
               ServerBlock(addresses[kHttp2] + " ssl http2", valid, kEcho + hang) +
               ServerBlock(addresses[kHttp1] + " ssl", ip, kEcho) +
               ServerBlock(addresses[kExpired] + " ssl", expired, kEcho) +
               ServerBlock(addresses[kOldTls] + " ssl", ip,
                           std::string("ssl_protocols TLSv1 TLSv1.1;\n"
                                       "ssl_ciphers ALL:@SECLEVEL=0;\n") +
                               kEcho);
      }};
};

TEST_F(CurlTransportTls, SpeaksHttp2WhereTheServerDoes) {
  const Outcome outcome = FetchFrom(Trusting(Url(kHttp2, "localhost")));
  EXPECT_EQ(outcome.status, 200) << outcome.message();
  EXPECT_THAT(outcome.body, testing::StartsWith("HTTP/2.0 "));
  EXPECT_THAT(outcome.body, testing::EndsWith(" Bearer KEY123"));
  transport_.reset();  // an open connection would let nginx linger
  EXPECT_EQ(nginx_.StopAndReadAccessLog(), "HTTP/2.0 200\n");
}

TEST_F(CurlTransportTls, SpeaksHttp1WhereTheServerDoesNoMore) {
  const Outcome outcome = FetchFrom(Trusting(Url(kHttp1)));
  EXPECT_THAT(outcome.body, testing::StartsWith("HTTP/1.1 ")) << outcome.message();
}

TEST_F(CurlTransportTls, SharesOneHttp2ConnectionAmongRequests) {
  std::set<std::string> connections;
  for (const Outcome& outcome : FetchAtOnce(Trusting(Url(kHttp2, "localhost")), 60)) {
    EXPECT_EQ(outcome.status, 200) << outcome.message();
    connections.insert(ConnectionOf(outcome));
  }
  EXPECT_THAT(connections, SizeIs(1));
}

TEST_F(CurlTransportTls, SharesOneHttp2ConnectionAmongAccounts) {
  Endpoint endpoint = Trusting(Url(kHttp2, "localhost"));
  const Outcome first = FetchFrom(endpoint);
  endpoint.api_key = Secret("KEY456");
  const Outcome second = FetchFrom(endpoint);
  EXPECT_THAT(first.body, HasSubstr("KEY123"));
  EXPECT_THAT(second.body, HasSubstr("KEY456"));
  EXPECT_EQ(ConnectionOf(first), ConnectionOf(second));
}

TEST_F(CurlTransportTls, SendsManyRequestsAtOnceOverHttp1) {
  std::set<std::string> connections;
  for (const Outcome& outcome : FetchAtOnce(Trusting(Url(kHttp1)), 60)) {
    EXPECT_EQ(outcome.status, 200) << outcome.message();
    connections.insert(ConnectionOf(outcome));
  }
  EXPECT_LE(connections.size(), kFirstMaxConnections);
}

TEST_F(CurlTransportTls, EveryRequestFailsWhenThePortRefuses) {
  const RefusingPort nobody;
  for (const Outcome& outcome :
       FetchAtOnce(Trusting("https://127.0.0.1:" + std::to_string(nobody.port())), 10)) {
    EXPECT_EQ(outcome.kind(), Kind::kConnect) << outcome.message();
  }
}

TEST_F(CurlTransportTls, EveryRequestTimesOutWhenTheHandshakeHangs) {
  ScriptedServer silent([](ScriptedServer::Connection& connection) { connection.WaitForClose(); });
  const auto endpoint = std::make_shared<const Endpoint>(
      Trusting("https://127.0.0.1:" + std::to_string(silent.port())));
  std::vector<std::optional<Outcome>> outcomes(10);
  for (auto& outcome : outcomes) {
    Request request = RequestTo(endpoint);
    request.timeout = std::chrono::milliseconds(100);
    Send(std::move(request), outcome);
  }
  while (std::ranges::any_of(outcomes, [](const auto& outcome) { return !outcome; })) Run();
  for (const auto& outcome : outcomes) EXPECT_EQ(outcome->kind(), Kind::kTimeout);
}

TEST_F(CurlTransportTls, ConnectsAnewAfterATimeout) {
  const auto endpoint = std::make_shared<const Endpoint>(Trusting(Url(kHttp2, "localhost")));
  const Outcome before = Fetch(RequestTo(endpoint));
  Request request = RequestTo(endpoint);
  request.target = "/hang";
  request.timeout = std::chrono::milliseconds(100);
  EXPECT_EQ(Fetch(std::move(request)).kind(), Kind::kTimeout);
  const Outcome after = Fetch(RequestTo(endpoint));
  EXPECT_EQ(after.status, 200) << after.message();
  EXPECT_NE(ConnectionOf(before), ConnectionOf(after));
}

TEST_F(CurlTransportTls, CancelLeavesOtherStreamsOfTheConnectionAlone) {
  const auto endpoint = std::make_shared<const Endpoint>(Trusting(Url(kHttp2, "localhost")));
  const Outcome before = Fetch(RequestTo(endpoint));
  Request request = RequestTo(endpoint);
  request.target = "/hang";
  const RequestId id = transport_->Send(std::move(request), [](const Exchange&) { FAIL(); });
  hanging_.OnRequest([this] { transport_->Wake(); });
  while (hanging_.requests().empty()) Run();
  std::optional<Outcome> other;
  Send(RequestTo(endpoint), other);
  transport_->Cancel(id);
  while (!other) Run();
  EXPECT_EQ(ConnectionOf(before), ConnectionOf(*other)) << other->message();
}

TEST_F(CurlTransportTls, DestructionEndsStreamsInFlight) {
  const auto endpoint = std::make_shared<const Endpoint>(Trusting(Url(kHttp2, "localhost")));
  for (int i = 0; i < 5; ++i) {
    Request request = RequestTo(endpoint);
    request.target = "/hang";
    transport_->Send(std::move(request), [](const Exchange&) { FAIL(); });
  }
  while (hanging_.requests().size() < 5) transport_->Run(std::chrono::milliseconds(1));
  transport_.reset();
  hanging_.WaitForNoConnections();  // nginx gave up what it asked for the client
}

TEST_F(CurlTransportTls, FailsWhenTheServerEndsAmidHttp2Streams) {
  const auto endpoint = std::make_shared<const Endpoint>(Trusting(Url(kHttp2, "localhost")));
  std::optional<Outcome> outcome;
  Request request = RequestTo(endpoint);
  request.target = "/hang";
  Send(std::move(request), outcome);
  while (hanging_.requests().empty()) transport_->Run(std::chrono::milliseconds(1));
  nginx_.StopAtOnce();
  while (!outcome) Run();
  EXPECT_EQ(outcome->kind(), Kind::kConnect) << outcome->message();
}

// Run in a process of its own, whose environment names the file before curl starts.
using CurlTransportTlsDeathTest = CurlTransportTls;
TEST_F(CurlTransportTlsDeathTest, WritesNoSessionKeys) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const std::string file = testing::TempDir() + "telnyx_exporter_session_keys";
  // The new process runs this test from its start and must not remove what it has written before.
  if (getenv("SSLKEYLOGFILE") == nullptr) std::remove(file.c_str());
  setenv("SSLKEYLOGFILE", file.c_str(), 1);
  EXPECT_EXIT(
      {
        const Outcome outcome = FetchFrom(Trusting(Url(kHttp1)));
        std::_Exit(outcome.status == 200 && access(file.c_str(), F_OK) != 0 ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
  unsetenv("SSLKEYLOGFILE");
}

TEST_F(CurlTransportTls, FailsWhenTheAuthorityIsUnknown) {
  Endpoint endpoint = Trusting(Url(kHttp1));
  endpoint.ca_certificates = "";  // the system's authorities
  const Outcome outcome = FetchFrom(endpoint);
  EXPECT_EQ(outcome.kind(), Kind::kTls);
  EXPECT_THAT(outcome.message(), HasSubstr("unable to get local issuer certificate"));
}

TEST_F(CurlTransportTls, FailsWhenTheAuthorityIsAnother) {
  const TestCertificates others;
  Endpoint endpoint = Trusting(Url(kHttp1));
  endpoint.ca_certificates = ReadFile(others.ca_file());
  EXPECT_EQ(FetchFrom(endpoint).kind(), Kind::kTls);
}

TEST_F(CurlTransportTls, DoesNotShareAConnectionWithAnEndpointThatTrustsAnother) {
  EXPECT_EQ(FetchFrom(Trusting(Url(kHttp1))).status, 200);
  Endpoint endpoint = Trusting(Url(kHttp1));
  endpoint.ca_certificates = "";
  EXPECT_EQ(FetchFrom(endpoint).kind(), Kind::kTls);
}

TEST_F(CurlTransportTls, FailsWhenTheAuthorityIsNoCertificate) {
  Endpoint endpoint = Trusting(Url(kHttp1));
  endpoint.ca_certificates = "-----BEGIN CERTIFICATE-----\nnone\n";
  EXPECT_EQ(FetchFrom(endpoint).kind(), Kind::kTls);
}

TEST_F(CurlTransportTls, FailsWhenTheCertificateIsForAnotherName) {
  const Outcome outcome = FetchFrom(Trusting(Url(kHttp2)));
  EXPECT_EQ(outcome.kind(), Kind::kTls);
  EXPECT_THAT(outcome.message(), HasSubstr("127.0.0.1"));
}

TEST_F(CurlTransportTls, FailsWhenTheCertificateHasExpired) {
  const Outcome outcome = FetchFrom(Trusting(Url(kExpired)));
  EXPECT_EQ(outcome.kind(), Kind::kTls);
  EXPECT_THAT(outcome.message(), HasSubstr("certificate has expired"));
}

TEST_F(CurlTransportTls, FailsWhenTheServerHasOldTlsOnly) {
  EXPECT_EQ(FetchFrom(Trusting(Url(kOldTls))).kind(), Kind::kTls);
}

TEST_F(CurlTransportTls, FailsWhenTheServerDoesNotSpeakTls) {
  ScriptedServer greeting([](ScriptedServer::Connection& connection) {
    connection.Send("HTTP/1.1 400 Bad Request\r\n\r\n");
    connection.WaitForClose();
  });
  EXPECT_EQ(FetchFrom(Trusting("https://127.0.0.1:" + std::to_string(greeting.port()))).kind(),
            Kind::kTls);
}

TEST_F(CurlTransportTls, AsksForAndChecksTheServerName) {
  Endpoint endpoint = Trusting(Url(kHttp2) + "/calls");
  endpoint.server_name = "api.test";
  const Outcome outcome = FetchFrom(endpoint);
  EXPECT_EQ(outcome.status, 200) << outcome.message();
  EXPECT_THAT(outcome.body, testing::StartsWith("HTTP/2.0 "));
  EXPECT_THAT(outcome.body, HasSubstr(" api.test 127.0.0.1:" + std::to_string(nginx_.port(kHttp2)) +
                                      " Bearer KEY123"));
}

TEST_F(CurlTransportTls, FailsWhenTheCertificateIsNotForTheServerName) {
  Endpoint endpoint = Trusting(Url(kHttp1));
  endpoint.server_name = "api.test";
  EXPECT_EQ(FetchFrom(endpoint).kind(), Kind::kTls);
}

TEST_F(CurlTransportTls, ChecksNothingWhenToldSo) {
  for (const Port port : {kHttp2, kHttp1, kExpired}) {
    Endpoint endpoint{.base_url = Url(port), .insecure_skip_verify = true};
    EXPECT_EQ(FetchFrom(endpoint).status, 200);
  }
  EXPECT_EQ(FetchFrom({.base_url = Url(kExpired)}).kind(), Kind::kTls);
}

TEST_F(CurlTransportTls, ReachesTheServerThroughAProxy) {
  ScriptedServer proxy([this](ScriptedServer::Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 Connected\r\n\r\n");
    connection.Tunnel(nginx_.port(kHttp2));
  });
  Endpoint endpoint = Trusting("https://192.0.2.1");
  endpoint.server_name = "api.test";
  endpoint.proxy_url = Secret(proxy.url());
  const Outcome outcome = FetchFrom(endpoint);
  EXPECT_THAT(outcome.body, testing::StartsWith("HTTP/2.0 ")) << outcome.message();
  EXPECT_THAT(outcome.body, HasSubstr(" api.test 192.0.2.1 Bearer KEY123"));
  ASSERT_THAT(proxy.requests(), SizeIs(1));
  EXPECT_THAT(proxy.requests()[0], testing::StartsWith("CONNECT 192.0.2.1:443 HTTP/1.1\r\n"));
  EXPECT_THAT(proxy.requests()[0], Not(HasSubstr("KEY123")));
}

}  // namespace
}  // namespace telnyx_exporter
