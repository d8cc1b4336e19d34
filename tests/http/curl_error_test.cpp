#include <string>

#include <gtest/gtest.h>

#include "http/curl_transfer.h"

namespace telnyx_exporter {
namespace {

using Kind = TransportError::Kind;

TEST(ClassifyCurlCode, KnowsEveryKind) {
  EXPECT_EQ(ClassifyCurlCode(CURLE_OPERATION_TIMEDOUT), Kind::kTimeout);
  for (const CURLcode code :
       {CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT,
        CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE, CURLE_HTTP2,
        CURLE_HTTP2_STREAM, CURLE_PROXY}) {
    EXPECT_EQ(ClassifyCurlCode(code), Kind::kConnect) << curl_easy_strerror(code);
  }
  for (const CURLcode code : {CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION,
                              CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CIPHER}) {
    EXPECT_EQ(ClassifyCurlCode(code), Kind::kTls) << curl_easy_strerror(code);
  }
  EXPECT_EQ(ClassifyCurlCode(CURLE_WEIRD_SERVER_REPLY), Kind::kMalformed);
  EXPECT_EQ(ClassifyCurlCode(CURLE_BAD_CONTENT_ENCODING), Kind::kMalformed);
  EXPECT_EQ(ClassifyCurlCode(CURLE_FILESIZE_EXCEEDED), Kind::kResponseTooLarge);
}

TEST(DescribeCurlError, FallsBackToCurlsSentence) {
  EXPECT_EQ(DescribeCurlError(CURLE_COULDNT_CONNECT, "", {}),
            curl_easy_strerror(CURLE_COULDNT_CONNECT));
  EXPECT_EQ(DescribeCurlError(CURLE_COULDNT_CONNECT, "no route", {}), "no route");
}

TEST(DescribeCurlError, HidesTheKey) {
  const Endpoint endpoint{.api_key = Secret("KEY123")};
  EXPECT_EQ(DescribeCurlError(CURLE_SEND_ERROR, "KEY123 and KEY123", endpoint),
            "<secret> and <secret>");
}

TEST(DescribeCurlError, HidesTheProxysCredentials) {
  const Endpoint endpoint{.proxy_url = Secret("http://user:p%40ss@proxy:3128")};
  EXPECT_EQ(DescribeCurlError(CURLE_PROXY, "bad: http://user:p%40ss@proxy:3128", endpoint),
            "bad: <secret>");
  EXPECT_EQ(DescribeCurlError(CURLE_PROXY, "bad: user:p@ss at proxy", endpoint),
            "bad: <secret> at proxy");
  EXPECT_EQ(DescribeCurlError(CURLE_PROXY, "bad: p%40ss, p@ss", endpoint),
            "bad: <secret>, <secret>");
}

TEST(DescribeCurlError, ShowsAProxyWithoutCredentials) {
  const Endpoint endpoint{.proxy_url = Secret("http://proxy:3128")};
  EXPECT_EQ(DescribeCurlError(CURLE_PROXY, "bad: http://proxy:3128", endpoint),
            "bad: http://proxy:3128");
}

TEST(DescribeCurlError, IsOneBoundedLine) {
  EXPECT_EQ(DescribeCurlError(CURLE_PROXY, "one\r\ntwo\n", {}), "one  two");
  EXPECT_EQ(DescribeCurlError(CURLE_PROXY, std::string(1000, 'a'), {}).size(), 300U);
}

}  // namespace
}  // namespace telnyx_exporter
