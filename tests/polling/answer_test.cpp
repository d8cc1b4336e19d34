#include "polling/answer.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "support/padded.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using Kind = TransportError::Kind;

// Tue, 14 Nov 2023 22:13:20 GMT
const WallTime kAnswered{std::chrono::seconds(1'700'000'000)};

std::optional<Duration> RetryAfter(std::string value) {
  return ParseRetryAdvice({.retry_after = std::move(value)}, kAnswered).retry_after;
}

TEST(ParseRetryAdvice, ReadsRetryAfterInSeconds) {
  EXPECT_EQ(RetryAfter("3"), Duration(3s));
  EXPECT_EQ(RetryAfter(" 2.5 "), Duration(2500ms));
  EXPECT_EQ(RetryAfter("0"), Duration(0s));
}

TEST(ParseRetryAdvice, ReadsRetryAfterAsHttpDate) {
  EXPECT_EQ(RetryAfter("Tue, 14 Nov 2023 22:13:50 GMT"), Duration(30s));
  EXPECT_EQ(RetryAfter("Tue, 14 Nov 2023 22:13:10 GMT"), Duration(0s));
}

TEST(ParseRetryAdvice, IgnoresNonsense) {
  for (const char* text : {"", "soon", "3 apples", "nan", "Tue, 14 Nov", "1e3", "\xff"}) {
    EXPECT_EQ(RetryAfter(text), std::nullopt) << text;
  }
}

TEST(ParseRetryAdvice, BoundsWhatItReads) {
  EXPECT_EQ(RetryAfter("-5"), Duration(0s));
  EXPECT_EQ(RetryAfter("99999999999999999999"), Duration(24h));
  EXPECT_EQ(RetryAfter("Fri, 14 Nov 9999 22:13:50 GMT"), Duration(24h));
}

TEST(ParseRetryAdvice, ReadsTheVendorsHeaders) {
  const RetryAdvice advice =
      ParseRetryAdvice({.should_retry = "False", .rate_limit_reset = "7"}, kAnswered);
  EXPECT_EQ(advice.should_retry, false);
  EXPECT_EQ(advice.rate_limit_reset, Duration(7s));
  EXPECT_EQ(ParseRetryAdvice({.should_retry = "maybe"}, kAnswered), RetryAdvice{});
}

std::optional<Duration> Reset(std::string value) {
  return ParseRetryAdvice({.rate_limit_reset = std::move(value)}, kAnswered).rate_limit_reset;
}

TEST(ParseRetryAdvice, TakesALargeResetForAUnixTime) {
  EXPECT_EQ(Reset("1700000030"), Duration(30s));
  EXPECT_EQ(Reset("1640995200"), Duration(0s));
  EXPECT_EQ(Reset("1700000000000"), Duration(24h));
  EXPECT_EQ(Reset("999999999"), Duration(24h));
}

RequestQuota Quota(std::string limit, std::string remaining) {
  return ParseRequestQuota(
      {.rate_limit_limit = std::move(limit), .rate_limit_remaining = std::move(remaining)});
}

TEST(ParseRequestQuota, KeepsIntegersThatADoubleCannotHold) {
  EXPECT_EQ(Quota("9007199254740993", "18446744073709551615"),
            (RequestQuota{.limit = 9'007'199'254'740'993, .remaining = UINT64_MAX}));
}

TEST(ParseRequestQuota, IgnoresNonsense) {
  for (const char* text : {"", "-1", "1.5", "0x10", "many", "18446744073709551616", "1e3"}) {
    EXPECT_EQ(Quota(text, text), RequestQuota{}) << text;
  }
}

class AnswerTest : public ::testing::Test {
 protected:
  Answer Read(int status, std::string_view body, std::optional<Kind> body_error = {}) {
    const Padded padded(body);
    Response response{.status = status,
                      .headers = {.retry_after = "30", .rate_limit_remaining = "0"},
                      .body = padded};
    if (body_error) response.body_error = TransportError{*body_error, "made up"};
    return ReadAnswer({.result = std::move(response), .elapsed = 40ms, .body_bytes = body.size()},
                      kAnswered);
  }
};

TEST_F(AnswerTest, IsAPageWithStatus200) {
  const Answer answer = Read(200, "{}");
  EXPECT_TRUE(answer.page.has_value());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.elapsed, Duration(40ms));
  EXPECT_EQ(answer.body_bytes, 2U);
}

TEST_F(AnswerTest, IsAFailureWithStatus200AndABodyThatDidNotArrive) {
  const Answer answer = Read(200, "{", Kind::kConnect);
  ASSERT_FALSE(answer.page.has_value());
  EXPECT_EQ(answer.page.error().reason, FailureReason::kConnect);
  EXPECT_EQ(answer.page.error().http_status, 200);
  EXPECT_EQ(answer.quota.remaining, 0U);
}

TEST_F(AnswerTest, IsWhatItsStatusSaysWhateverBecomesOfTheBody) {
  constexpr std::array kErrors = {Kind::kConnect, Kind::kMalformed, Kind::kResponseTooLarge,
                                  Kind::kTimeout};
  for (const int status : {401, 403, 404, 422, 429, 500, 502, 503, 301, 204}) {
    for (const Kind error : kErrors) {
      const Answer answer = Read(status, R"({"errors":[{"code":)", error);
      ASSERT_FALSE(answer.page.has_value());
      EXPECT_EQ(answer.page.error().reason, ReasonOfStatus(status));
      EXPECT_EQ(answer.page.error().http_status, status);
      EXPECT_EQ(answer.advice.retry_after, Duration(30s));
      EXPECT_EQ(answer.quota.remaining, 0U);
    }
  }
}

TEST_F(AnswerTest, QuotesTheApisError) {
  const Answer answer = Read(422, R"({"errors":[{"code":"10015","title":"Bad Request"}]})");
  EXPECT_EQ(answer.page.error().api_code, "10015");
  EXPECT_EQ(answer.page.error().api_title, "Bad Request");
}

TEST_F(AnswerTest, HasNoStatusWhenNothingWasAnswered) {
  const Answer answer =
      ReadAnswer({.result = std::unexpected(TransportError{Kind::kTls, "made up"})}, kAnswered);
  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(answer.page.error(), (PollFailure{.reason = FailureReason::kTls, .detail = "made up"}));
}

}  // namespace
}  // namespace telnyx_exporter
