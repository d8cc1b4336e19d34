#include "config/address.h"

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

TEST(ParseHttpAddress, RemovesSlashesAtTheEnd) {
  EXPECT_EQ(ParseHttpAddress("https://api.telnyx.com/v2//").value().url,
            "https://api.telnyx.com/v2");
}

TEST(ParseHttpAddress, KnowsWhatIsEncryptedAndWhatIsLocal) {
  EXPECT_TRUE(ParseHttpAddress("https://api.telnyx.com").value().encrypted);
  EXPECT_FALSE(ParseHttpAddress("http://api.telnyx.com").value().loopback);
  for (const char* text : {"http://localhost:1/v2", "http://127.1.2.3", "http://[::1]:80/v2"}) {
    EXPECT_TRUE(ParseHttpAddress(text).value().loopback) << text;
  }
}

TEST(ParseHttpAddress, RefusesWhatIsNone) {
  for (const char* text :
       {"", "https://", "https:///v2", "api.telnyx.com", "https://a b/", "https://a:0",
        "https://a:x", "https://[::1", "https://a#f", "https://a\\\\@b", "file:///etc/passwd"}) {
    EXPECT_FALSE(ParseHttpAddress(text).has_value()) << text;
  }
}

TEST(IsProxyAddress, TakesTheFourKinds) {
  for (const char* text : {"http://proxy:3128", "https://proxy", "socks5://1.2.3.4:1080",
                           "socks5h://user:pass@[::1]:1080/"}) {
    EXPECT_TRUE(IsProxyAddress(text)) << text;
  }
  for (const char* text :
       {"", "proxy:3128", "ftp://proxy", "http://", "http://proxy/path", "http://a b"}) {
    EXPECT_FALSE(IsProxyAddress(text)) << text;
  }
}

}  // namespace
}  // namespace telnyx_exporter
