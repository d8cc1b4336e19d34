#include "web/request_head.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using Fields = std::vector<HeaderField>;

constexpr std::size_t kMaxBody = 1000;
const HeaderField kHost{"Host", "a:1"};

RequestHead Head(std::string_view target, Fields headers = {kHost}, std::string_view method = "GET",
                 std::string_view version = "HTTP/1.1") {
  return {.method = method, .target = target, .version = version, .headers = std::move(headers)};
}

/// Why a head is refused, with its status; empty when it is not.
std::string FaultOf(const RequestHead& head) {
  const auto checked = CheckRequestHead(head, kMaxBody);
  return checked ? "" : std::to_string(checked.error().status) + ": " + checked.error().text;
}

std::string FaultOfPost(Fields headers, std::string_view version = "HTTP/1.1") {
  headers.push_back(kHost);
  return FaultOf(Head("/", std::move(headers), "POST", version));
}

TEST(CheckRequestHead, AcceptsWhatClientsSend) {
  EXPECT_EQ(FaultOf(Head("/metrics?name[]=a%00b", {kHost,
                                                   {"Accept", "text/plain;q=0.5,*/*;q=0.1"},
                                                   {"X-Prometheus-Scrape-Timeout-Seconds", "10"},
                                                   {"x", "caf\xc3\xa9\tx"},
                                                   {"Empty", ""}})),
            "");
  EXPECT_EQ(FaultOf(Head("/", {}, "GET", "HTTP/1.0")), "");
  EXPECT_EQ(FaultOf(Head("*", {kHost}, "OPTIONS")), "");
}

TEST(CheckRequestHead, SplitsTheTarget) {
  const auto checked = CheckRequestHead(Head("/a%20b/%3F?c=%20d?e"), kMaxBody);
  ASSERT_TRUE(checked.has_value());
  EXPECT_EQ(checked->path, "/a b/?");
  EXPECT_EQ(checked->query, "c=%20d?e");
  EXPECT_EQ(checked->host, "a:1");
  EXPECT_FALSE(checked->has_body);
}

TEST(CheckRequestHead, AcceptsTheAbsoluteForm) {
  const auto checked = CheckRequestHead(Head("HTTP://b:2/metrics?x"), kMaxBody);
  ASSERT_TRUE(checked.has_value());
  EXPECT_EQ(checked->path, "/metrics");
  EXPECT_EQ(checked->query, "x");
  EXPECT_EQ(checked->host, "b:2");
  EXPECT_EQ(CheckRequestHead(Head("https://b"), kMaxBody)->path, "/");
  EXPECT_EQ(CheckRequestHead(Head("https://b?x"), kMaxBody)->query, "x");
  EXPECT_EQ(FaultOf(Head("http:///metrics")), "400: the target's host is not one");
  EXPECT_EQ(FaultOf(Head("http://user@b/metrics")), "400: the target's host is not one");
}

TEST(CheckRequestHead, RefusesWhatIsNoTarget) {
  for (const std::string_view target : {"metrics", "ftp://a/", "a:443", "**"}) {
    EXPECT_EQ(FaultOf(Head(target)), "400: the target is not a path") << target;
  }
}

TEST(CheckRequestHead, RefusesControlCharactersInThePath) {
  for (const std::string_view target :
       {"/metrics%00x", "/metrics%0d%0aX:y", "/%7f", "/%1F", "/metrics%00", "http://a/%09"}) {
    EXPECT_EQ(FaultOf(Head(target)), "400: a control character in the path") << target;
  }
  using namespace std::string_view_literals;
  for (const std::string_view target :
       {""sv, "/a b"sv, "/a\tb"sv, "/a\rb"sv, "/\0"sv, "/\x7f"sv, "/?a\x01"sv}) {
    EXPECT_EQ(FaultOf(Head(target)), "400: a blank or a control character in the target");
  }
}

TEST(CheckRequestHead, RefusesABrokenPercentEncoding) {
  for (const std::string_view target : {"/%", "/%0", "/%zz", "/a%4"}) {
    EXPECT_EQ(FaultOf(Head(target)), "400: the path is not percent-encoded correctly") << target;
  }
}

TEST(CheckRequestHead, WantsOneHost) {
  EXPECT_EQ(FaultOf(Head("/", {})), "400: no Host header");
  EXPECT_EQ(FaultOf(Head("/", {}, "GET", "HTTP/1.2")), "400: no Host header");
  EXPECT_EQ(FaultOf(Head("/", {kHost, kHost})), "400: more than one Host header");
  EXPECT_EQ(FaultOf(Head("/", {kHost, {"hOST", "b"}}, "GET", "HTTP/1.0")),
            "400: more than one Host header");
  for (const std::string_view host : {"a, b", "a b", "a/b", "user@a", "a\\b", "\"a\""}) {
    EXPECT_EQ(FaultOf(Head("/", {{"Host", host}})), "400: the Host header is not a host") << host;
  }
  for (const std::string_view host : {"", "[::1]:10035", "exporter_1.internal", "a:80 "}) {
    EXPECT_EQ(FaultOf(Head("/", {{"Host", host}})), "") << host;
  }
}

TEST(CheckRequestHead, WantsOneContentLength) {
  EXPECT_EQ(FaultOfPost({{"Content-Length", "0"}}), "");
  EXPECT_EQ(FaultOfPost({{"Content-Length", "0"}, {"content-length", "0"}}),
            "400: more than one Content-Length header");
  for (const std::string_view length :
       {"", "+5", "-5", "5, 5", "5 ", "0x5", "5a", "1e1", "99999999999999999999999999"}) {
    EXPECT_EQ(FaultOfPost({{"Content-Length", length}}), "400: Content-Length is not a number")
        << length;
  }
}

TEST(CheckRequestHead, BoundsTheBody) {
  EXPECT_EQ(FaultOfPost({{"Content-Length", "1000"}}), "");
  EXPECT_EQ(FaultOfPost({{"Content-Length", "1001"}}), "413: a body of more than 1000 bytes");
}

TEST(CheckRequestHead, KnowsOneTransferCoding) {
  EXPECT_EQ(FaultOfPost({{"Transfer-Encoding", "Chunked"}}), "");
  for (const std::string_view coding : {"", "identity", "gzip", "chunked, chunked", "gzip, chunked",
                                        "chunked ", "xchunked", "chunked;q=1"}) {
    EXPECT_EQ(FaultOfPost({{"Transfer-Encoding", coding}}),
              "400: a transfer coding other than chunked")
        << coding;
  }
  EXPECT_EQ(FaultOfPost({{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}),
            "400: more than one Transfer-Encoding header");
  EXPECT_EQ(FaultOfPost({{"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}}),
            "400: both Content-Length and Transfer-Encoding");
  EXPECT_EQ(FaultOfPost({{"Transfer-Encoding", "chunked"}}, "HTTP/1.0"),
            "400: Transfer-Encoding in HTTP/1.0");
}

TEST(CheckRequestHead, SaysWhetherABodyFollows) {
  const auto has_body = [](HeaderField field) {
    return CheckRequestHead(Head("/", {kHost, field}), kMaxBody)->has_body;
  };
  EXPECT_FALSE(has_body({"Content-Length", "0"}));
  EXPECT_TRUE(has_body({"Content-Length", "1"}));
  EXPECT_TRUE(has_body({"Transfer-Encoding", "chunked"}));
}

TEST(CheckRequestHead, RefusesWhatIsNoHeader) {
  using namespace std::string_view_literals;
  for (const std::string_view name : {""sv, "Content-Length "sv, " X"sv, "X\tY"sv, "X\0Y"sv,
                                      "X\x7f"sv, "caf\xc3\xa9"sv, "(X)"sv}) {
    EXPECT_EQ(FaultOfPost({{name, "1"}}), "400: a header's name is not a token") << name;
  }
  for (const std::string_view value : {"a\rb"sv, "a\nb"sv, "a\0b"sv, "\x1b[0m"sv, "\x7f"sv}) {
    EXPECT_EQ(FaultOfPost({{"X", value}}), "400: a control character in a header") << value;
  }
  EXPECT_EQ(FaultOf(Head("/", {kHost}, "G@T")), "400: the method is not a token");
  EXPECT_EQ(FaultOf(Head("/", {kHost}, "")), "400: the method is not a token");
}

bool IsForeign(Fields headers, std::string_view host = "exporter:10035",
               std::string_view method = "POST") {
  return IsFromAnotherSite(Head("/", std::move(headers), method), host);
}

TEST(IsFromAnotherSite, BelievesSecFetchSite) {
  EXPECT_FALSE(IsForeign({}));
  EXPECT_FALSE(IsForeign({{"Sec-Fetch-Site", "same-origin"}}));
  EXPECT_FALSE(IsForeign({{"Sec-Fetch-Site", "none"}}));
  for (const std::string_view site : {"cross-site", "same-site", "Cross-Site", "", "unknown"}) {
    EXPECT_TRUE(IsForeign({{"sec-fetch-site", site}})) << site;
  }
  EXPECT_TRUE(IsForeign({{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "cross-site"}}));
}

TEST(IsFromAnotherSite, ComparesTheOriginWithTheHost) {
  EXPECT_FALSE(IsForeign({{"Origin", "http://exporter:10035"}}));
  EXPECT_FALSE(IsForeign({{"origin", "https://EXPORTER:10035"}}));
  for (const std::string_view origin :
       {"http://exporter", "http://exporter:10036", "http://evil.example", "null", "",
        "http://exporter:10035.evil.example", "http://evil.example, http://exporter:10035",
        "exporter:10035", "http://a@exporter:10035", "http://exporter:10035/"}) {
    EXPECT_TRUE(IsForeign({{"Origin", origin}})) << origin;
  }
  EXPECT_TRUE(IsForeign({{"Origin", "http://exporter:10035"}, {"Origin", "http://evil.example"}}));
  EXPECT_TRUE(IsForeign({{"Origin", "http://"}}, ""));
}

TEST(IsFromAnotherSite, KnowsDefaultPorts) {
  EXPECT_FALSE(IsForeign({{"Origin", "https://exporter"}}, "exporter:443"));
  EXPECT_FALSE(IsForeign({{"Origin", "https://exporter"}}, "exporter"));
  EXPECT_FALSE(IsForeign({{"Origin", "http://exporter"}}, "exporter:80"));
  EXPECT_TRUE(IsForeign({{"Origin", "http://exporter"}}, "exporter:443"));
}

TEST(IsFromAnotherSite, ConcernsMethodsThatChangeSomething) {
  const Fields foreign = {{"Origin", "http://evil.example"}, {"Sec-Fetch-Site", "cross-site"}};
  for (const std::string_view method : {"POST", "PUT", "DELETE", "PATCH", "post"}) {
    EXPECT_TRUE(IsForeign(foreign, "a", method)) << method;
  }
  for (const std::string_view method : {"GET", "HEAD", "OPTIONS"}) {
    EXPECT_FALSE(IsForeign(foreign, "a", method)) << method;
  }
}

}  // namespace
}  // namespace telnyx_exporter
