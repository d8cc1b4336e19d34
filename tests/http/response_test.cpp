#include "http/response.h"

#include <initializer_list>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/gzip.h"

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

using BodyVerdict = ResponseBody::Verdict;

// Every byte that may be read after the body; the address sanitizer sees what may not.
bool PaddingIsZero(std::string_view body) {
  const std::string_view padding(body.data() + body.size(), kBodyPadding);
  return padding.find_first_not_of('\0') == std::string_view::npos;
}

std::string Letters(std::size_t count) {
  std::string text(count, 'a');
  for (std::size_t i = 0; i < count; ++i) text[i] = static_cast<char>('a' + (i * i) % 23);
  return text;
}

TEST(ResponseBody, KeepsPlainBytes) {
  ResponseBody body;
  body.Begin(false, 100);
  EXPECT_EQ(body.Append("one "), BodyVerdict::kOk);
  EXPECT_EQ(body.Append("two"), BodyVerdict::kOk);
  EXPECT_EQ(body.End(), BodyVerdict::kOk);
  EXPECT_EQ(body.Sealed(), "one two");
  EXPECT_TRUE(PaddingIsZero(body.Sealed()));
}

TEST(ResponseBody, HasPaddingBehindNothing) {
  ResponseBody body;
  body.Begin(true, 100);
  EXPECT_EQ(body.End(), BodyVerdict::kOk);
  EXPECT_EQ(body.Sealed(), "");
  EXPECT_TRUE(PaddingIsZero(body.Sealed()));
}

TEST(ResponseBody, HoldsExactlyTheLimit) {
  for (const bool gzip : {false, true}) {
    for (const std::size_t limit :
         {std::size_t{1}, std::size_t{16384 - 64}, std::size_t{16384}, std::size_t{100'000}}) {
      const std::string text = Letters(limit);
      ResponseBody body;
      body.Begin(gzip, limit);
      EXPECT_EQ(body.Append(gzip ? Gzip(text) : text), BodyVerdict::kOk) << gzip << limit;
      EXPECT_EQ(body.End(), BodyVerdict::kOk);
      EXPECT_EQ(body.Sealed(), text);
      EXPECT_TRUE(PaddingIsZero(body.Sealed()));

      body.Begin(gzip, limit - 1);
      EXPECT_EQ(body.Append(gzip ? Gzip(text) : text), BodyVerdict::kTooLarge) << gzip << limit;
      EXPECT_EQ(body.size(), limit);
    }
  }
}

TEST(ResponseBody, InflatesByteByByte) {
  const std::string text = Letters(50'000);
  const std::string compressed = Gzip(text);
  ResponseBody body;
  body.Begin(true, 50'000);
  for (const char byte : compressed) ASSERT_EQ(body.Append({&byte, 1}), BodyVerdict::kOk);
  EXPECT_EQ(body.End(), BodyVerdict::kOk);
  EXPECT_EQ(body.Sealed(), text);
}

TEST(ResponseBody, InflatesSeveralMembers) {
  ResponseBody body;
  body.Begin(true, 100);
  EXPECT_EQ(body.Append(Gzip("one ") + Gzip("two")), BodyVerdict::kOk);
  EXPECT_EQ(body.End(), BodyVerdict::kOk);
  EXPECT_EQ(body.Sealed(), "one two");
}

TEST(ResponseBody, FailsWhereverGzipIsCutOff) {
  const std::string compressed = Gzip(Letters(1000));
  ResponseBody body;
  for (std::size_t length = 1; length < compressed.size(); ++length) {
    body.Begin(true, 10'000);
    EXPECT_EQ(body.Append(compressed.substr(0, length)), BodyVerdict::kOk);
    EXPECT_EQ(body.End(), BodyVerdict::kTruncated) << length;
  }
}

TEST(ResponseBody, RefusesWhatIsNotGzip) {
  ResponseBody body;
  body.Begin(true, 100);
  EXPECT_EQ(body.Append("{\"data\":[]}"), BodyVerdict::kUndecodable);
  std::string damaged = Gzip("one two three");
  damaged[damaged.size() - 6] ^= 1;  // in the check sum
  body.Begin(true, 100);
  EXPECT_EQ(body.Append(damaged), BodyVerdict::kUndecodable);
  body.Begin(true, 100);
  EXPECT_EQ(body.Append(Gzip("one") + "garbage"), BodyVerdict::kUndecodable);
}

TEST(ResponseBody, StopsInflatingAtTheLimit) {
  const std::string bomb = Gzip(std::string(10'000'000, '\0'));
  ResponseBody body;
  body.Begin(true, 1000);
  EXPECT_EQ(body.Append(bomb), BodyVerdict::kTooLarge);
  EXPECT_EQ(body.size(), 1001U);
  EXPECT_LE(body.allocated_bytes(), 1001 + kBodyPadding);
}

TEST(ResponseBody, UsesItsMemoryAgain) {
  ResponseBody body;
  body.Begin(false, 100'000);
  ASSERT_EQ(body.Append(Letters(77'000)), BodyVerdict::kOk);
  const char* const memory = body.Sealed().data();
  body.Begin(false, 100'000);
  ASSERT_EQ(body.Append("short"), BodyVerdict::kOk);
  EXPECT_EQ(body.Sealed(), "short");
  EXPECT_EQ(body.Sealed().data(), memory);
}

TEST(ResponseBodyPool, GivesOutWhatCameBackLast) {
  ResponseBodyPool pool;
  auto body = pool.Acquire();
  const ResponseBody* const address = body.get();
  pool.Give(std::move(body));
  EXPECT_EQ(pool.Acquire().get(), address);
}

TEST(ResponseBodyPool, LetsGoWhatWasNotNeededOfLate) {
  ResponseBodyPool pool;
  const auto use = [&pool](std::size_t at_once) {
    std::vector<std::unique_ptr<ResponseBody>> bodies;
    for (std::size_t i = 0; i < at_once; ++i) bodies.push_back(pool.Acquire());
    for (auto& body : bodies) pool.Give(std::move(body));
  };
  use(50);
  EXPECT_EQ(pool.idle(), 50U);
  for (std::size_t i = 0; i < ResponseBodyPool::kUsesUntilTrim; ++i) use(3);
  EXPECT_EQ(pool.idle(), 3U);
  for (std::size_t i = 0; i < ResponseBodyPool::kUsesUntilTrim; ++i) use(3);
  EXPECT_EQ(pool.idle(), 3U);
}

TEST(ResponseBodyPool, DoesNotKeepAnUnusuallyLargeBodysMemory) {
  ResponseBodyPool pool;
  auto body = pool.Acquire();
  body->Begin(false, 1'000'000);
  ASSERT_EQ(body->Append(std::string(1'000'000, 'a')), BodyVerdict::kOk);
  pool.Give(std::move(body));
  EXPECT_EQ(pool.Acquire()->allocated_bytes(), 0U);
}

}  // namespace
}  // namespace telnyx_exporter
