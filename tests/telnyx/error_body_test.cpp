#include "telnyx/error_body.h"

#include <string>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

TEST(ParseErrorBody, ReadsTheFirstError) {
  EXPECT_EQ(
      ParseErrorBody(
          R"({"errors":[{"code":"10009","title":"Authentication failed","detail":"x"},{"code":"2"}]})"),
      (ApiError{.code = "10009", .title = "Authentication failed"}));
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

TEST(ParseErrorBody, BearsWrongTypes) {
  EXPECT_EQ(ParseErrorBody(R"({"errors":[{"code":[],"title":{}}]})"), ApiError{});
}

}  // namespace
}  // namespace telnyx_exporter
