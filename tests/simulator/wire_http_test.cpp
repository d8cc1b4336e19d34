#include "simulator/wire_http.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace telnyx_exporter::simulator {
namespace {

WireRequest ParseWhole(const std::string& head) {
  auto request = WireRequest::Parse(head);
  if (!request) {
    throw std::runtime_error("refused with " + std::to_string(request.error()));
  }
  return std::move(*request);
}

int RefusalOf(const std::string& head) {
  const auto request = WireRequest::Parse(head);
  return request ? 0 : request.error();
}

TEST(WireRequest, TellsWhatWasAsked) {
  const WireRequest request = ParseWhole(
      "PUT /a%20b?page%5Blimit%5D=1%2B2&plus=a+b&bare&x=%zz HTTP/1.1\r\n"
      "Host: x\r\nX-Test:  one \r\nx-test: two\r\nContent-Length: 12\r\n\r\n");
  EXPECT_EQ(request.method(), "PUT");
  EXPECT_EQ(request.path(), "/a b");
  EXPECT_EQ(request.query(), "page%5Blimit%5D=1%2B2&plus=a+b&bare&x=%zz");
  EXPECT_EQ(request.Query("page[limit]"), "1+2");
  EXPECT_EQ(request.Query("plus"), "a b");
  EXPECT_EQ(request.Query("bare"), "");
  EXPECT_EQ(request.Query("x"), "%zz");
  EXPECT_EQ(request.Query("absent"), std::nullopt);
  EXPECT_EQ(request.Header("X-TEST"), "one, two");
  EXPECT_EQ(request.Header("absent"), std::nullopt);
  EXPECT_EQ(request.content_length(), 12U);
}

TEST(WireRequest, TakesAWholeAddressAsItsPath) {
  EXPECT_EQ(ParseWhole("GET http://host:1/a/b?c=d HTTP/1.1\r\n\r\n").path(), "/a/b");
  EXPECT_EQ(ParseWhole("GET /http://host/ HTTP/1.1\r\n\r\n").path(), "/http://host/");
}

TEST(WireRequest, KeepsTheConnectionUnlessItIsToEnd) {
  EXPECT_TRUE(ParseWhole("GET / HTTP/1.1\r\n\r\n").keep_alive());
  EXPECT_FALSE(ParseWhole("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n").keep_alive());
  EXPECT_FALSE(ParseWhole("GET / HTTP/1.0\r\n\r\n").keep_alive());
}

TEST(WireRequest, RefusesWhatIsNotARequest) {
  EXPECT_EQ(RefusalOf("\r\n\r\n"), 400);
  EXPECT_EQ(RefusalOf("GET\r\n\r\n"), 400);
  EXPECT_EQ(RefusalOf("GET x HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(RefusalOf("GET http://host HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(RefusalOf("GET /%zz HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(RefusalOf("GET / HTTP/2\r\n\r\n"), 505);
  EXPECT_EQ(RefusalOf("GET /\r\n\r\n"), 505);
  EXPECT_EQ(RefusalOf("GET / HTTP/1.1\r\nno colon\r\n\r\n"), 400);
  EXPECT_EQ(RefusalOf("GET / HTTP/1.1\r\n: no name\r\n\r\n"), 400);
  EXPECT_EQ(RefusalOf("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"), 400);
  EXPECT_EQ(RefusalOf("POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n"), 413);
  EXPECT_EQ(RefusalOf("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), 411);
}

TEST(FormatResponseHead, FramesTheBody) {
  const HttpResponse response{.status = 404,
                              .headers = {{"X-A", "b"}},
                              .body = std::make_shared<const std::string>("hello")};
  EXPECT_EQ(FormatResponseHead(response, true),
            "HTTP/1.1 404 Not Found\r\nX-A: b\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(FormatResponseHead({.status = 200}, false),
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(FormatResponseHead({.status = 204}, true), "HTTP/1.1 204 No Content\r\n\r\n");
}

}  // namespace
}  // namespace telnyx_exporter::simulator
