#include "http/response_head.h"

#include <initializer_list>
#include <string_view>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using HeadVerdict = ResponseHead::Verdict;
using Coding = ResponseHead::ContentCoding;

ResponseHead HeadOf(std::initializer_list<std::string_view> lines) {
  ResponseHead head;
  head.Begin(4096);
  for (const std::string_view line : lines) EXPECT_EQ(head.AddLine(line), HeadVerdict::kOk) << line;
  return head;
}

TEST(ResponseHead, KeepsTheNamedHeadersWhateverTheirCase) {
  const ResponseHead head = HeadOf({"HTTP/1.1 429 Too Many Requests\r\n", "RETRY-after:  7 \r\n",
                                    "x-should-retry: true\r\n", "X-RateLimit-Limit: 100\r\n",
                                    "X-RATELIMIT-REMAINING: 0\r\n", "X-RateLimit-Reset:12\r\n",
                                    "X-Other: 1\r\n", "\r\n"});
  EXPECT_EQ(head.headers().retry_after, "7");
  EXPECT_EQ(head.headers().should_retry, "true");
  EXPECT_EQ(head.headers().rate_limit_limit, "100");
  EXPECT_EQ(head.headers().rate_limit_remaining, "0");
  EXPECT_EQ(head.headers().rate_limit_reset, "12");
}

TEST(ResponseHead, HasNoValueForAHeaderThatWasNotSent) {
  const ResponseHead head = HeadOf({"HTTP/1.1 200 OK\r\n", "\r\n"});
  EXPECT_EQ(head.headers().retry_after, std::nullopt);
  EXPECT_EQ(head.content_coding(), Coding::kIdentity);
}

TEST(ResponseHead, StartsAnewAtEachStatusLine) {
  const ResponseHead head =
      HeadOf({"HTTP/1.1 103 Early Hints\r\n", "Retry-After: 7\r\n", "Content-Encoding: gzip\r\n",
              "\r\n", "HTTP/1.1 200 OK\r\n", "x-should-retry: false\r\n", "\r\n"});
  EXPECT_EQ(head.headers().retry_after, std::nullopt);
  EXPECT_EQ(head.headers().should_retry, "false");
  EXPECT_EQ(head.content_coding(), Coding::kIdentity);
}

TEST(ResponseHead, IgnoresTrailers) {
  const ResponseHead head = HeadOf({"HTTP/2 200 \r\n", "retry-after: 7\r\n", "\r\n",
                                    "retry-after: 8\r\n", "HTTP/1.1: 9\r\n", "\r\n"});
  EXPECT_EQ(head.headers().retry_after, "7");
}

TEST(ResponseHead, KnowsGzipByBothNames) {
  EXPECT_EQ(HeadOf({"HTTP/2 200\r\n", "content-encoding: gzip\r\n"}).content_coding(),
            Coding::kGzip);
  EXPECT_EQ(HeadOf({"HTTP/2 200\r\n", "Content-Encoding: X-GZIP\r\n"}).content_coding(),
            Coding::kGzip);
}

TEST(ResponseHead, TakesCodingsThatAreNoneForNone) {
  for (const std::string_view line :
       {"content-encoding: none\r\n", "content-encoding: Identity\r\n", "content-encoding: \r\n",
        "content-encoding: none, identity\r\n"}) {
    EXPECT_EQ(HeadOf({"HTTP/2 200\r\n", line}).content_coding(), Coding::kIdentity) << line;
  }
  EXPECT_EQ(HeadOf({"HTTP/2 200\r\n", "content-encoding: identity, gzip\r\n"}).content_coding(),
            Coding::kGzip);
}

TEST(ResponseHead, KnowsTheStatusFromItsLineOn) {
  ResponseHead head = HeadOf({"HTTP/1.1 429 Too Many Requests\r\n", "Retry-After: 7\r\n"});
  EXPECT_EQ(head.status(), 429);
  EXPECT_FALSE(head.complete());
  EXPECT_EQ(head.AddLine("\r\n"), HeadVerdict::kOk);
  EXPECT_TRUE(head.complete());
  EXPECT_EQ(HeadOf({"HTTP/2 204\r\n"}).status(), 204);
}

TEST(ResponseHead, HasNoStatusAfterInterimAndUnreadableOnes) {
  for (const std::string_view line : {"HTTP/1.1 103 Early Hints\r\n", "HTTP/1.1 OK\r\n",
                                      "HTTP/1.1 99999 Many\r\n", "HTTP/1.1 -200 OK\r\n"}) {
    ResponseHead head = HeadOf({line, "\r\n"});
    EXPECT_EQ(head.status(), 0) << line;
    EXPECT_FALSE(head.complete()) << line;
  }
}

TEST(ResponseHead, DoesNotKnowOtherOrStackedCodings) {
  EXPECT_EQ(HeadOf({"HTTP/2 200\r\n", "content-encoding: br\r\n"}).content_coding(),
            Coding::kUnknown);
  EXPECT_EQ(HeadOf({"HTTP/2 200\r\n", "content-encoding: gzip, gzip\r\n"}).content_coding(),
            Coding::kUnknown);
  EXPECT_EQ(HeadOf({"HTTP/2 200\r\n", "content-encoding: gzip\r\n", "content-encoding: gzip\r\n"})
                .content_coding(),
            Coding::kUnknown);
}

TEST(ResponseHead, AcceptsChunkedAndNoOtherTransferCoding) {
  ResponseHead head = HeadOf({"HTTP/1.1 200\r\n", "Transfer-Encoding: Chunked\r\n"});
  EXPECT_EQ(head.AddLine("Transfer-Encoding: gzip, chunked\r\n"),
            HeadVerdict::kUnknownTransferCoding);
}

TEST(ResponseHead, CountsTheBytesOfAllBlocks) {
  ResponseHead head;
  head.Begin(40);
  EXPECT_EQ(head.AddLine("HTTP/1.1 100\r\n"), HeadVerdict::kOk);  // 14
  EXPECT_EQ(head.AddLine("\r\n"), HeadVerdict::kOk);              // 16
  EXPECT_EQ(head.AddLine("HTTP/1.1 200\r\n"), HeadVerdict::kOk);  // 30
  EXPECT_EQ(head.AddLine("A: 45678\r\n"), HeadVerdict::kOk);      // 40
  EXPECT_EQ(head.AddLine("\r\n"), HeadVerdict::kTooLarge);
}

TEST(ResponseHead, ForgetsEverythingAtBegin) {
  ResponseHead head = HeadOf({"HTTP/1.1 429\r\n", "Retry-After: 7\r\n"});
  head.Begin(20);
  EXPECT_EQ(head.headers().retry_after, std::nullopt);
  EXPECT_EQ(head.AddLine("HTTP/1.1 200 OK.\r\n"), HeadVerdict::kOk);
}

}  // namespace
}  // namespace telnyx_exporter
