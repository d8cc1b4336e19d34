#include "telnyx/failure.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

TEST(ReasonLabel, IsTheContractsList) {
  std::vector<std::string_view> labels;
  for (const FailureReason reason : kFailureReasons) labels.push_back(ReasonLabel(reason));
  EXPECT_THAT(labels, ::testing::UnorderedElementsAre(
                          "unauthorized", "forbidden", "not_found", "unprocessable", "rate_limited",
                          "server_error", "unexpected_status", "timeout", "connect", "tls",
                          "malformed_response", "response_too_large", "cursor_loop",
                          "too_many_pages", "request_budget", "too_many_connections"));
}

TEST(ReasonOfStatus, MapsEveryStatus) {
  EXPECT_EQ(ReasonOfStatus(200), std::nullopt);
  EXPECT_EQ(ReasonOfStatus(401), FailureReason::kUnauthorized);
  EXPECT_EQ(ReasonOfStatus(403), FailureReason::kForbidden);
  EXPECT_EQ(ReasonOfStatus(404), FailureReason::kNotFound);
  EXPECT_EQ(ReasonOfStatus(408), FailureReason::kTimeout);
  EXPECT_EQ(ReasonOfStatus(422), FailureReason::kUnprocessable);
  EXPECT_EQ(ReasonOfStatus(429), FailureReason::kRateLimited);
  for (const int status : {500, 502, 503, 504, 599}) {
    EXPECT_EQ(ReasonOfStatus(status), FailureReason::kServerError);
  }
  for (const int status : {0, 100, 201, 204, 206, 301, 302, 400, 418, 600}) {
    EXPECT_EQ(ReasonOfStatus(status), FailureReason::kUnexpectedStatus);
  }
}

TEST(ParseErrorBody, ReadsTheFirstError) {
  EXPECT_EQ(
      ParseErrorBody(
          R"({"errors":[{"code":"10009","title":"Authentication failed","detail":"x"},{"code":"2"}]})"),
      (ApiError{.code = "10009", .title = "Authentication failed", .detail = "x"}));
}

TEST(ParseErrorBody, ReadsACodeThatIsANumber) {
  EXPECT_EQ(ParseErrorBody(R"({"errors":[{"code":10009}]})"), (ApiError{.code = "10009"}));
}

TEST(ParseErrorBody, FindsNothingInOtherBodies) {
  for (const char* body : {"", "<html>502</html>", "null", "[]", "{}", R"({"errors":[]})",
                           R"({"errors":{}})", R"({"errors":["x"]})", R"({"errors":[{"code":)"}) {
    EXPECT_EQ(ParseErrorBody(body), std::nullopt) << body;
  }
  EXPECT_EQ(ParseErrorBody(std::string(1 << 20, ' ') + R"({"errors":[{"code":"1"}]})"),
            std::nullopt);
}

TEST(ParseErrorBody, MakesTextsSafeToShow) {
  const auto error = ParseErrorBody(R"({"errors":[{"code":"1\n2","title":"a\u001b[0mb"}]})");
  EXPECT_EQ(error, (ApiError{.code = "1 2", .title = "a [0mb"}));
  const auto cut =
      ParseErrorBody(R"({"errors":[{"code":"1","title":")" + std::string(1000, 'x') + "\"}]}");
  EXPECT_EQ(cut->title.size(), 160U);
}

TEST(ParseErrorBody, BoundsAndCleansTheDetail) {
  const auto detail_of = [](const std::string& detail) {
    return ParseErrorBody(R"({"errors":[{"detail":")" + detail + "\"}]}")->detail;
  };
  EXPECT_EQ(detail_of("page[limit] must be\\nat most 250"), "page[limit] must be at most 250");
  EXPECT_EQ(detail_of(std::string(100'000 / 2, 'x')), std::string(200, 'x'));
  EXPECT_EQ(detail_of("the header 'Bearer KEY0123456789_abc' is refused"),
            "the header '<secret>' is refused");
  EXPECT_EQ(detail_of("KEY0123456789_abc is refused"), "<secret> is refused");
  EXPECT_EQ(detail_of("no call v3:MdI91X4lWFEs7IgbBEOT9M4AigoY08M0"), "no call <secret>");
  EXPECT_EQ(detail_of("a KEY is missing"), "a KEY is missing");
  EXPECT_EQ(detail_of(std::string(195, 'x') + "KEY0123456789_abc"),
            std::string(195, 'x') + "<secr");
}

TEST(ParseErrorBody, HidesTheKeyThatTheRequestWasSentWith) {
  const auto error = ParseErrorBody(
      R"({"errors":[{"code":"my-token","title":"Invalid key my-token","detail":"my-token, 'my-token'"}]})",
      "my-token");
  EXPECT_EQ(error, (ApiError{.code = "<secret>",
                             .title = "Invalid key <secret>",
                             .detail = "<secret>, '<secret>'"}));
  EXPECT_EQ(ParseErrorBody(R"({"errors":[{"code":"KEY0123456789_abc"}]})"),
            (ApiError{.code = "<secret>"}));
}

TEST(ParseErrorBody, SkipsAByteOrderMark) {
  EXPECT_EQ(ParseErrorBody("\xEF\xBB\xBF{\"errors\":[{\"code\":\"1\"}]}"), (ApiError{.code = "1"}));
}

TEST(ParseErrorBody, BearsWrongTypes) {
  EXPECT_EQ(ParseErrorBody(R"({"errors":[{"code":[],"title":{},"detail":5}]})"), ApiError{});
}

}  // namespace
}  // namespace telnyx_exporter
