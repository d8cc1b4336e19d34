#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/gzip.h"
#include "curl_transport_fixture.h"
#include "support/scripted_server.h"

namespace telnyx_exporter {
namespace {

using testing::HasSubstr;

constexpr std::string_view kGzipHeader = "Content-Encoding: gzip\r\n";

std::string Chunk(std::string_view bytes) {
  std::ostringstream chunk;
  chunk << std::hex << bytes.size() << "\r\n" << bytes << "\r\n";
  return chunk.str();
}

std::string PageOf(std::size_t bytes) {
  std::string page = "{\"data\":[";
  for (int i = 0; page.size() < bytes; ++i) page += std::to_string(i) + ",";
  return page + "0]}";
}

class CurlTransportBody : public CurlTransportTest {};

TEST_F(CurlTransportBody, HasReadablePaddingBehindItsEnd) {
  for (const std::size_t bytes : {0U, 1U, 77'000U}) {
    const std::string page(bytes, 'x');
    ScriptedServer server(ScriptedServer::Always(OkResponse(page)));
    bool ended = false;
    transport_->Send(RequestTo(server.url()), [&](const Exchange& exchange) {
      ended = true;
      const std::string_view body = exchange.result->body;
      EXPECT_EQ(body, page);
      // The address sanitizer watches this.
      EXPECT_EQ(std::string_view(body.data() + body.size(), kBodyPadding),
                std::string(kBodyPadding, '\0'));
    });
    while (!ended) Run();
  }
}

TEST_F(CurlTransportBody, IsDecompressed) {
  const std::string page = PageOf(77'000);
  ScriptedServer server(ScriptedServer::Always(OkResponse(Gzip(page), kGzipHeader)));
  const Outcome outcome = Fetch(RequestTo(server.url()));
  EXPECT_EQ(outcome.message(), "");
  EXPECT_EQ(outcome.body, page);
  EXPECT_EQ(outcome.body_bytes, page.size());
}

TEST_F(CurlTransportBody, IsDecompressedFromChunks) {
  const std::string page = PageOf(1000);
  const std::string compressed = Gzip(page);
  ScriptedServer server(ScriptedServer::Always(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n"
      "Trailer: Retry-After\r\n\r\n" +
      Chunk(compressed.substr(0, 7)) + Chunk(compressed.substr(7)) +
      "0\r\nRetry-After: 7\r\n\r\n"));
  const auto endpoint = EndpointAt(server.url());
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = Fetch(RequestTo(endpoint));
    EXPECT_EQ(outcome.body, page) << outcome.message();
    EXPECT_EQ(outcome.headers.retry_after, std::nullopt);
  }
  EXPECT_EQ(server.accepted(), 1U);
}

TEST_F(CurlTransportBody, FailsWhenGzipEndsTooEarlyInACompleteMessage) {
  std::string compressed = Gzip(PageOf(1000));
  compressed.pop_back();
  ScriptedServer server(ScriptedServer::Always(OkResponse(compressed, kGzipHeader)));
  const Outcome outcome = Fetch(RequestTo(server.url()));
  EXPECT_EQ(outcome.kind(), Kind::kMalformed);
  EXPECT_EQ(outcome.message(), "gzip body ends too early");
  EXPECT_GE(outcome.body_bytes, 1000U);
}

TEST_F(CurlTransportBody, FailsWhenItIsNotTheGzipItSaysItIs) {
  ScriptedServer server(ScriptedServer::Always(OkResponse("{\"data\":[]}", kGzipHeader)));
  const Outcome outcome = Fetch(RequestTo(server.url()));
  EXPECT_EQ(outcome.kind(), Kind::kMalformed);
  EXPECT_EQ(outcome.message(), "gzip body cannot be decompressed");
}

TEST_F(CurlTransportBody, FailsWithACodingThatWasNotAskedFor) {
  for (const char* header : {"Content-Encoding: br\r\n", "Transfer-Encoding: gzip\r\n"}) {
    ScriptedServer server(ScriptedServer::Always(OkResponse("{}", header)));
    EXPECT_EQ(Fetch(RequestTo(server.url())).kind(), Kind::kMalformed) << header;
  }
}

TEST_F(CurlTransportBody, FailsWhenAGzipBombPassesTheLimit) {
  ScriptedServer server(
      ScriptedServer::Always(OkResponse(Gzip(std::string(50'000'000, ' ')), kGzipHeader)));
  const Outcome outcome = Fetch(RequestTo(server.url()));
  EXPECT_EQ(outcome.kind(), Kind::kResponseTooLarge);
  EXPECT_EQ(outcome.message(), "response body larger than 1MiB");
  EXPECT_EQ(outcome.body_bytes, kTestBodyLimit + 1);
}

TEST_F(CurlTransportBody, FailsWhenItPassesTheLimit) {
  ScriptedServer server(ScriptedServer::Always(OkResponse("12345")));
  const auto endpoint = EndpointAt(server.url());
  Request request = RequestTo(endpoint);
  request.max_body_bytes = 4;
  EXPECT_EQ(Fetch(std::move(request)).kind(), Kind::kResponseTooLarge);
  request = RequestTo(endpoint);
  request.max_body_bytes = 5;
  EXPECT_EQ(Fetch(std::move(request)).body, "12345");
}

TEST_F(CurlTransportBody, FailsWhenItNeverEnds) {
  ScriptedServer server([](ScriptedServer::Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (connection.Send(Chunk(std::string(1000, 'x')))) {
    }
  });
  EXPECT_EQ(Fetch(RequestTo(server.url())).kind(), Kind::kResponseTooLarge);
  server.WaitForNoConnections();
}

TEST_F(CurlTransportBody, FailsWhenItIsShorterThanItsContentLength) {
  ScriptedServer server(
      ScriptedServer::Once("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"data\":[]}"));
  const Outcome outcome = Fetch(RequestTo(server.url()));
  EXPECT_EQ(outcome.kind(), Kind::kConnect);
  EXPECT_THAT(outcome.message(), HasSubstr("89 bytes"));
  EXPECT_EQ(outcome.body_bytes, 11U);
}

TEST_F(CurlTransportBody, FailsWhenTheLastChunkIsMissing) {
  ScriptedServer server(ScriptedServer::Once(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + Chunk("{\"data\":[]}")));
  EXPECT_EQ(Fetch(RequestTo(server.url())).kind(), Kind::kConnect);
}

TEST_F(CurlTransportBody, FailsWhenTheConnectionIsResetInIt) {
  ScriptedServer server([](ScriptedServer::Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
    connection.ResetOnClose();
  });
  EXPECT_EQ(Fetch(RequestTo(server.url())).kind(), Kind::kConnect);
}

TEST_F(CurlTransportBody, MayEndWithTheConnectionWhenNothingElseTellsItsEnd) {
  ScriptedServer server(ScriptedServer::Once("HTTP/1.0 200 OK\r\n\r\n{\"data\":[]}"));
  EXPECT_EQ(Fetch(RequestTo(server.url())).body, "{\"data\":[]}");
}

TEST_F(CurlTransportBody, DoesNotMixThoseOfRequestsInFlightTogether) {
  ScriptedServer small(ScriptedServer::Always(OkResponse(Gzip(PageOf(500)), kGzipHeader)));
  ScriptedServer large(ScriptedServer::Always(OkResponse(PageOf(300'000))));
  const auto to_small = EndpointAt(small.url());
  const auto to_large = EndpointAt(large.url());
  std::vector<std::optional<Outcome>> outcomes(40);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    Send(RequestTo(i % 2 == 0 ? to_small : to_large), outcomes[i]);
  }
  while (std::ranges::any_of(outcomes, [](const auto& outcome) { return !outcome; })) Run();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_EQ(outcomes[i]->body, PageOf(i % 2 == 0 ? 500 : 300'000)) << outcomes[i]->message();
  }
}

// With a status other than 200 the status and the headers decide, whatever happens to the body.

struct BadBody {
  std::string name;
  std::string headers;  // whole lines, after the status line and Retry-After
  std::string body;
  std::optional<TransportError::Kind> error;
};

std::vector<BadBody> BadBodies() {
  using Kind = TransportError::Kind;
  std::string cut_gzip = Gzip(PageOf(1000));
  cut_gzip.pop_back();
  const std::string length = "Content-Length: ";
  return {
      {"empty", length + "0\r\n", "", std::nullopt},
      {"empty, said to be gzip", "Content-Encoding: gzip\r\nContent-Length: 0\r\n", "",
       std::nullopt},
      {"HTML", length + "6\r\n", "<html>", std::nullopt},
      {"cut short", length + "100\r\n", "{\"errors\":[", Kind::kConnect},
      {"last chunk missing", "Transfer-Encoding: chunked\r\n", Chunk("{}"), Kind::kConnect},
      {"bad chunk", "Transfer-Encoding: chunked\r\n", "no chunk\r\n", Kind::kConnect},
      {"brotli", "Content-Encoding: br\r\nContent-Length: 4\r\n", "\x0b\x01\x80{",
       Kind::kMalformed},
      {"stacked", "Content-Encoding: gzip, br\r\nContent-Length: 2\r\n", "{}", Kind::kMalformed},
      {"gzip that is none", "Content-Encoding: gzip\r\nContent-Length: 2\r\n", "{}",
       Kind::kMalformed},
      {"cut gzip", "Content-Encoding: gzip\r\n" + length + std::to_string(cut_gzip.size()) + "\r\n",
       cut_gzip, Kind::kMalformed},
      {"gzip bomb", "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
       Chunk(Gzip(std::string(5'000'000, ' '))) + "0\r\n\r\n", Kind::kResponseTooLarge},
      {"megabytes", length + "5000000\r\n", std::string(5'000'000, 'x'), Kind::kResponseTooLarge},
      {"unknown transfer coding", "Transfer-Encoding: zstd\r\n", "{}", Kind::kMalformed},
      {"length that is none", length + "many\r\n", "{}", Kind::kMalformed},
      {"headers without end", "X-More: " + std::string(70'000, 'x') + "\r\n", "",
       Kind::kResponseTooLarge},
  };
}

TEST_F(CurlTransportBody, OfAnErrorDoesNotHideStatusAndHeaders) {
  for (const int status : {401, 403, 404, 429, 503}) {
    for (const BadBody& bad : BadBodies()) {
      ScriptedServer server(ScriptedServer::Once("HTTP/1.1 " + std::to_string(status) +
                                                 " Bad\r\nRetry-After: 30\r\n" + bad.headers +
                                                 "\r\n" + bad.body));
      const Outcome outcome = Fetch(RequestTo(server.url()));
      EXPECT_EQ(outcome.status, status) << bad.name << ": " << outcome.message();
      EXPECT_EQ(outcome.headers.retry_after, "30") << bad.name;
      EXPECT_EQ(outcome.kind(), bad.error) << status << " " << bad.name << outcome.message();
      EXPECT_LE(outcome.body_bytes, kMaxErrorBodyBytes + 1) << bad.name;
    }
  }
}

TEST_F(CurlTransportBody, OfAPageDecidesWhateverTheStatusSays) {
  for (const BadBody& bad : BadBodies()) {
    if (!bad.error || bad.name == "megabytes") continue;
    ScriptedServer server(
        ScriptedServer::Once("HTTP/1.1 200 OK\r\n" + bad.headers + "\r\n" + bad.body));
    const Outcome outcome = Fetch(RequestTo(server.url()));
    EXPECT_EQ(outcome.status, 200) << bad.name;
    EXPECT_EQ(outcome.kind(), bad.error) << bad.name << ": " << outcome.message();
  }
}

TEST_F(CurlTransportBody, OfAnErrorIsCutWhereTheHeadersWere) {
  ScriptedServer server(ScriptedServer::Once("HTTP/1.1 401 Unauthorized\r\nX-Half: "));
  const Outcome outcome = Fetch(RequestTo(server.url()));
  EXPECT_EQ(outcome.status, 401);
  EXPECT_EQ(outcome.kind(), Kind::kConnect);
}

TEST_F(CurlTransportBody, OfAnInterimAnswerAloneIsNoAnswer) {
  ScriptedServer server(ScriptedServer::Once("HTTP/1.1 103 Early Hints\r\nRetry-After: 7\r\n\r\n"));
  const Outcome outcome = Fetch(RequestTo(server.url()));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.kind(), Kind::kConnect);
}

TEST_F(CurlTransportBody, OfAnErrorIsNotWaitedForLong) {
  ScriptedServer server([](ScriptedServer::Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 10\r\n\r\n{");
    connection.WaitForClose();
  });
  // The request's own timeout is five minutes: the test would not end.
  const Outcome outcome = Fetch(RequestTo(server.url()));
  EXPECT_EQ(outcome.status, 401);
  EXPECT_EQ(outcome.kind(), Kind::kTimeout);
  EXPECT_EQ(outcome.message(), "no complete body within 1s of the headers");
}

TEST_F(CurlTransportBody, OfAnErrorThatNeverEndsIsNotDownloaded) {
  ScriptedServer server([](ScriptedServer::Connection& connection) {
    connection.ReadRequest();
    connection.Send("HTTP/1.1 502 Bad Gateway\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (connection.Send(Chunk(std::string(1000, 'x')))) {
    }
  });
  const Outcome outcome = Fetch(RequestTo(server.url()));
  EXPECT_EQ(outcome.status, 502);
  EXPECT_EQ(outcome.message(), "response body larger than 64KiB");
  EXPECT_EQ(outcome.body.substr(0, 3), "xxx");
  server.WaitForNoConnections();
}

TEST_F(CurlTransportBody, OfAnErrorThatCannotBeReadKeepsTheConnection) {
  ScriptedServer server(ScriptedServer::Always(
      "HTTP/1.1 429 Slow Down\r\nContent-Encoding: br\r\nContent-Length: 40\r\n\r\n" +
      std::string(40, 'x')));
  const auto endpoint = EndpointAt(server.url());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Fetch(RequestTo(endpoint)).status, 429);
  EXPECT_EQ(server.accepted(), 1U);
}

TEST_F(CurlTransportBody, MayNameACodingThatIsNone) {
  for (const char* coding : {"none", "identity", "None", "", "identity, none"}) {
    ScriptedServer server(ScriptedServer::Always(
        OkResponse("{}", "Content-Encoding: " + std::string(coding) + "\r\n")));
    const Outcome outcome = Fetch(RequestTo(server.url()));
    EXPECT_EQ(outcome.kind(), std::nullopt) << coding;
    EXPECT_EQ(outcome.body, "{}") << coding;
  }
}

}  // namespace
}  // namespace telnyx_exporter
