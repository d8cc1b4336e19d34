#include "telnyx/failure.h"

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

}  // namespace
}  // namespace telnyx_exporter
