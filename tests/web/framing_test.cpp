// Requests that two parsers could read in different ways, as raw bytes on a real socket: they are
// refused, and nothing that follows them in the stream is answered.

#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gate.h"
#include "shared_clock.h"
#include "support/raw_client.h"
#include "web/http_server.h"
#include "web/router.h"

namespace telnyx_exporter {
namespace {

using ::testing::AnyOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::string_literals;

const std::string kHidden = "POST /hidden HTTP/1.1\r\nHost: x\r\n\r\n";

class FramingTest : public ::testing::Test {
 protected:
  FramingTest() {
    auto server = HttpServer::Start(
        {.listen_addresses = {"127.0.0.1:0"},
         .threads = 1,
         .on_refused =
             [this](std::string_view reason, int status) {
               const std::lock_guard lock(mutex_);
               refused_.push_back(std::string(reason) + " " + std::to_string(status));
             }},
        [this](const HttpRequest& request) {
          const std::lock_guard lock(mutex_);
          answered_.emplace_back(request.path());
          return TextResponse(200, "hello\n");
        });
    if (!server) throw std::runtime_error(server.error().message);
    server_ = std::move(*server);
  }

  /// All that the server sends until it closes.
  std::string Exchange(const std::string& bytes) {
    RawClient client(server_->bound_addresses().front());
    client.Send(bytes);
    return client.ReadToEnd();
  }

  /// The same with each byte on its own.
  std::string ExchangeSlowly(const std::string& bytes) {
    RawClient client(server_->bound_addresses().front());
    client.SendWithoutDelay();
    for (const char byte : bytes) {
      if (!client.Send({&byte, 1})) break;
    }
    return client.ReadToEnd();
  }

  /// `other` is the status with which newer versions of libmicrohttpd refuse it themselves.
  void ExpectRefused(const std::string& bytes, const std::string& status = "400",
                     const std::string& other = "400") {
    for (const std::string& request : {bytes, bytes + kHidden}) {
      const std::string answer = Exchange(request);
      EXPECT_THAT(answer, AnyOf(StartsWith("HTTP/1.1 " + status + " "),
                                StartsWith("HTTP/1.1 " + other + " ")))
          << request;
      EXPECT_THAT(answer, Not(HasSubstr("hello"))) << request;
    }
    EXPECT_THAT(answered(), IsEmpty()) << bytes;
    EXPECT_EQ(refused().size(), 2U) << bytes;
    const std::lock_guard lock(mutex_);
    answered_.clear();
    refused_.clear();
  }

  std::vector<std::string> answered() const {
    const std::lock_guard lock(mutex_);
    return answered_;
  }

  std::vector<std::string> refused() const {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

  mutable std::mutex mutex_;
  std::vector<std::string> answered_;  // paths
  std::vector<std::string> refused_;
  std::unique_ptr<HttpServer> server_;
};

std::string Post(const std::string& headers, const std::string& body = {}) {
  return "POST /metrics HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n" + body;
}

TEST_F(FramingTest, RefusesTwoLengths) {
  ExpectRefused(Post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"));
  ExpectRefused(Post("Content-Length: 0\r\nContent-Length: 99\r\n"));
  ExpectRefused(Post("Content-Length: 99\r\ncontent-length: 0\r\n"));
  ExpectRefused(Post("Content-Length: 5, 5\r\n", "hello"));
}

TEST_F(FramingTest, RefusesALengthWithATransferCoding) {
  ExpectRefused(Post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"));
  ExpectRefused(Post("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"));
}

TEST_F(FramingTest, RefusesUnknownTransferCodings) {
  for (const std::string coding :
       {"identity", "gzip", "chunked, chunked", "gzip, chunked", "xchunked",
        "\x0b"
        "chunked",
        ""}) {
    ExpectRefused(Post("Transfer-Encoding: " + coding + "\r\n", "0\r\n\r\n"), "400", "501");
  }
  ExpectRefused(Post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"));
  ExpectRefused(Post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"));
  ExpectRefused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
}

TEST_F(FramingTest, RefusesLengthsThatAreNoNumbers) {
  for (const std::string length : {"-1", "+5", "5a", "0x5", "5 5", "", "1e3"}) {
    ExpectRefused(Post("Content-Length: " + length + "\r\n"));
  }
}

TEST_F(FramingTest, RefusesBodiesThatAreTooLarge) {
  ExpectRefused(Post("Content-Length: 65537\r\n"), "413", "413");
  ExpectRefused(Post("Content-Length: 18446744073709551615\r\n"), "413", "413");
  ExpectRefused(Post("Content-Length: 18446744073709551616\r\n"), "413");
}

TEST_F(FramingTest, WantsOneHost) {
  ExpectRefused("GET /metrics HTTP/1.1\r\n\r\n");
  ExpectRefused("GET /metrics HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n");
  ExpectRefused("GET /metrics HTTP/1.1\r\nHost: x, y\r\n\r\n");
  ExpectRefused("GET /metrics HTTP/1.1\r\nHost : x\r\n\r\n");
}

TEST_F(FramingTest, RefusesControlCharactersInThePath) {
  for (const std::string& path : {"/metrics%00x"s, "/metrics%00"s, "/%0d%0a"s, "/%7F"s,
                                  "/metrics\x01"s, "/\tx"s, "/a\rb"s, "/%"s}) {
    ExpectRefused("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  // libmicrohttpd 1.0 closes without an answer.
  EXPECT_THAT(Exchange("GET /metrics\0x HTTP/1.1\r\nHost: x\r\n\r\n"s),
              AnyOf(IsEmpty(), StartsWith("HTTP/1.1 400 ")));
  EXPECT_THAT(answered(), IsEmpty());
}

TEST_F(FramingTest, RefusesBlanksInTheRequestLine) {
  ExpectRefused("GET /metrics x HTTP/1.1\r\nHost: x\r\n\r\n");
  ExpectRefused("GET  /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  ExpectRefused("GET /metrics  HTTP/1.1\r\nHost: x\r\n\r\n");
  ExpectRefused("GET /metrics HTTP/1.1 \r\nHost: x\r\n\r\n");
  ExpectRefused("GET metrics HTTP/1.1\r\nHost: x\r\n\r\n");
}

TEST_F(FramingTest, RefusesOtherLineEnds) {
  ExpectRefused("GET /metrics HTTP/1.1\nHost: x\r\n\r\n");
  ExpectRefused("GET /metrics HTTP/1.1\r\nHost: x\n\r\n");
  ExpectRefused("GET /metrics HTTP/1.1\r\nHost: x\r\n\n");
  ExpectRefused("GET /metrics HTTP/1.1\r\nHost: x\r\nX: a\nY: b\r\n\r\n");
  ExpectRefused("GET /metrics HTTP/1.1\r\nHost: x\r\nX: a\rY: b\r\n\r\n");
  ExpectRefused("GET /metrics HTTP/1.1\r\nHost: x\r\nX: a\r\r\n\r\n");
}

TEST_F(FramingTest, RefusesContinuationLines) {
  ExpectRefused("GET /metrics HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n");
  ExpectRefused("GET /metrics HTTP/1.1\r\nHost: x\r\nX: a\r\n\tb\r\nY: c\r\n\r\n");
  ExpectRefused("GET /metrics HTTP/1.1\r\n Host: x\r\nHost: x\r\n\r\n");
  ExpectRefused(Post("Transfer:\r\n -Encoding: chunked\r\n", "0\r\n\r\n"));
  ExpectRefused(Post("Content-Length: 0\r\n 5\r\n"));
}

TEST_F(FramingTest, RefusesNoHeaders) {
  ExpectRefused("GET /metrics HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n");
  ExpectRefused("GET /metrics HTTP/1.1\r\nHost: x\r\n: empty\r\n\r\n");
  ExpectRefused("GET /metrics HTTP/1.1\r\nHost: x\r\nX Y: z\r\n\r\n");
  ExpectRefused("GET /metrics HTTP/1.1\r\nHost: x\r\nX\x01: z\r\n\r\n");
  ExpectRefused("GET /metrics HTTP/1.1\r\nHost: x\r\nX: a\x01\r\n\r\n");
}

TEST_F(FramingTest, RefusesZeroBytes) {
  ExpectRefused("GET /metrics HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n"s);
  ExpectRefused("GET /metrics HTTP/1.1\r\nHost: x\0y\r\n\r\n"s);
  ExpectRefused("GET /metrics HTTP/1.1\r\nHost: x\r\nX\0: a\r\n\r\n"s);
  // libmicrohttpd takes the line that begins with it for the head's end.
  ExpectRefused("GET /metrics HTTP/1.1\r\nHost: x\r\n\0X: a\r\n"s + kHidden);
}

TEST_F(FramingTest, RefusesOtherVersions) {
  ExpectRefused("GET /metrics HTTP/2.0\r\nHost: x\r\n\r\n", "505");
  ExpectRefused("GET /metrics HTTP/0.9\r\nHost: x\r\n\r\n", "505");
  ExpectRefused("GET /metrics http/1.1\r\nHost: x\r\n\r\n");
  ExpectRefused("GET /metrics\r\nHost: x\r\n\r\n");
}

TEST_F(FramingTest, SaysWhyItRefuses) {
  EXPECT_THAT(Exchange(Post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")),
              AnyOf(HasSubstr("\r\n\r\nRefused: more than one Content-Length header.\n"),
                    HasSubstr("header must be unique")));
  EXPECT_THAT(refused(), ElementsAre("malformed_request 400"));
}

TEST_F(FramingTest, CountsWhatIsTooLarge) {
  EXPECT_THAT(Exchange("GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n"),
              StartsWith("HTTP/1.1 414 "));
  EXPECT_THAT(Exchange("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(refused(), ElementsAre("request_too_large 414", "request_too_large 431"));
}

// Whatever the body hides, no request follows it.
TEST_F(FramingTest, ClosesAfterABody) {
  const std::vector<std::string> requests = {
      Post("Content-Length: 5\r\n", "hello"),
      Post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
      Post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nTrailer: x\r\n\r\n")};
  for (const std::string& request : requests) {
    const std::string answer = Exchange(request + kHidden);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(answer, HasSubstr("Connection: close"));
    EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << answer;
  }
  EXPECT_THAT(answered(), ElementsAre("/metrics", "/metrics", "/metrics"));
}

// Releases of libmicrohttpd differ in whether they read these or refuse them. None sees a request
// in them.
TEST_F(FramingTest, SeesNoFurtherRequestInUnusualBodies) {
  for (const std::string& request :
       {Post("Transfer-Encoding: chunked\r\n", "5;a=b\r\nhello\r\n0\r\n\r\n"),
        Post("Transfer-Encoding: chunked \r\n", "5\r\nhello\r\n0\r\n\r\n")}) {
    const std::string answer = Exchange(request + kHidden);
    EXPECT_THAT(answer, AnyOf(StartsWith("HTTP/1.1 200 "), StartsWith("HTTP/1.1 400 ")));
    EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << answer;
  }
  EXPECT_THAT(answered(), Each("/metrics"));
}

TEST_F(FramingTest, RefusesBrokenChunks) {
  for (const std::string chunk : {"x\r\n", "-1\r\n", "+5\r\n", "\r\n", " 5\r\nhello\r\n",
                                  "0x5\r\nhello\r\n", "5\r\nhelloX\r\n", "5 \r\nhello\r\n"}) {
    const std::string answer = Exchange(Post("Transfer-Encoding: chunked\r\n", chunk) + kHidden);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 ")) << chunk;
  }
  EXPECT_THAT(Exchange(Post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n")),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(answered(), IsEmpty());
}

TEST_F(FramingTest, ClosesWhenChunksAreTooMany) {
  std::string body;
  for (int i = 0; i < 20; ++i) body += "1000\r\n" + std::string(0x1000, 'x') + "\r\n";
  Exchange(Post("Transfer-Encoding: chunked\r\n", body + "0\r\n\r\n") + kHidden);
  EXPECT_THAT(answered(), IsEmpty());
  EXPECT_THAT(refused(), ElementsAre("request_too_large 413"));
}

TEST_F(FramingTest, SendsContinueOnlyForWhatIsAccepted) {
  RawClient client(server_->bound_addresses().front());
  client.Send(Post("Expect: 100-continue\r\nContent-Length: 5\r\n"));
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 100 Continue\r\n"));
  client.Send("hello");
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Exchange(Post("Expect: 100-continue\r\nContent-Length: 99999\r\n")),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(Exchange(Post("Expect: 100-continue\r\nContent-Length: 5\r\nContent-Length: 5\r\n")),
              StartsWith("HTTP/1.1 400 "));
}

const std::string kLastHeaders = "Host: x\r\nConnection: close\r\n";

// However the bytes arrive, and however long the head is, nothing right is refused.
TEST_F(FramingTest, AnswersWhatIsRight) {
  const std::vector<std::string> requests = {
      "GET /metrics HTTP/1.1\r\n" + kLastHeaders + "\r\n",
      "GET /metrics?a=1&b=%202+x&&=c HTTP/1.1\r\n" + kLastHeaders + "\r\n",
      "GET http://x/metrics HTTP/1.1\r\n" + kLastHeaders + "\r\n",
      "GET /metrics HTTP/1.0\r\n\r\n",
      "\r\nGET /metrics HTTP/1.1\r\n" + kLastHeaders + "\r\n",
      "GET /metrics HTTP/1.1\r\nEmpty:\r\nBlank: \r\nTab:\t x\r\nTrailing: y \r\nNone:z\r\n"
      "Cookie: a=b; c=\"d\"\r\nCookie: e\r\n" +
          kLastHeaders + "\r\n",
      "GET /metrics HTTP/1.1\r\nAccept: " + std::string(5'000, 'x') +
          "\r\nX: " + std::string(5'000, 'y') + "\r\n" + kLastHeaders + "\r\n"};
  for (const std::string& request : requests) {
    EXPECT_THAT(Exchange(request), HasSubstr("hello\n")) << request;
    EXPECT_THAT(ExchangeSlowly(request), HasSubstr("hello\n")) << request;
  }
  EXPECT_THAT(answered(), ::testing::Each("/metrics"));
  EXPECT_EQ(answered().size(), 2 * requests.size());
}

TEST_F(FramingTest, AnswersPipelinedRequestsOfEverySize) {
  std::string requests;
  for (std::size_t size = 0; size < 200; ++size) {
    requests += "GET /metrics?" + std::string(size * 7, 'q') +
                "=1 HTTP/1.1\r\nHost: x\r\nX: " + std::string(size * 11, 'x') + "\r\n\r\n";
  }
  Exchange(requests + "GET /metrics HTTP/1.1\r\n" + kLastHeaders + "\r\n");
  EXPECT_EQ(answered().size(), 201U);
  EXPECT_THAT(refused(), IsEmpty());
}

}  // namespace
}  // namespace telnyx_exporter
