#include "config/address.h"

#include <map>
#include <string>

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

TEST(ParseHttpAddress, TakesNoNameThatBeginsLikeAnAddressForLocal) {
  for (const char* text : {"http://127.evil.example/v2", "http://127.0.0.1.evil.example",
                           "http://localhost.evil.example", "http://128.0.0.1", "http://[::2]"}) {
    EXPECT_FALSE(ParseHttpAddress(text).value().loopback) << text;
  }
}

TEST(IsHost, TakesNamesAndAddresses) {
  for (const char* text : {"a", "api.telnyx.com", "api.telnyx.com.", "my_host-1", "192.0.2.1",
                           "::1", "[2001:db8::1]"}) {
    EXPECT_TRUE(IsHost(text)) << text;
  }
  EXPECT_TRUE(IsHost(std::string(63, 'a') + ".b"));
}

TEST(IsHost, RefusesWhatIsNeither) {
  for (const char* text : {"", ".", "..", "a..b", ".a", "a b", "a/b", "a:443", "https://a", "u@a",
                           "*.a", "[a]", "[1.2.3.4]", "[]", "[::1", "::1]", "::g", "m\xc3\xa4"}) {
    EXPECT_FALSE(IsHost(text)) << text;
  }
  EXPECT_FALSE(IsHost(std::string(64, 'a')));
  std::string long_name = "a";
  while (long_name.size() <= 253) long_name += ".a";
  EXPECT_FALSE(IsHost(long_name));
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
  for (const char* text : {"", "proxy:3128", "ftp://proxy", "http://", "http://proxy/path",
                           "http://a b", "http://user:p@ss@proxy:3128"}) {
    EXPECT_FALSE(IsProxyAddress(text)) << text;
  }
}

using Variables = std::map<std::string, std::string>;

// The proxy for the address, "none", or the error.
std::string Proxy(const std::string& url, const Variables& variables) {
  const auto proxy =
      ProxyFromEnvironment(url, [&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
      });
  if (!proxy) return proxy.error().message;
  return proxy->empty() ? "none" : std::string(proxy->reveal());
}

// Whether NO_PROXY exempts the address.
bool Exempts(const std::string& no_proxy, const std::string& url) {
  return Proxy(url, {{"HTTPS_PROXY", "http://p:1"}, {"NO_PROXY", no_proxy}}) == "none";
}

TEST(ProxyFromEnvironment, GoesByTheScheme) {
  const Variables both = {{"HTTPS_PROXY", "http://s:1"}, {"HTTP_PROXY", "http://p:1"}};
  EXPECT_EQ(Proxy("https://api.telnyx.com/v2", both), "http://s:1");
  EXPECT_EQ(Proxy("http://api.telnyx.com/v2", both), "http://p:1");
  EXPECT_EQ(Proxy("https://api.telnyx.com/v2", {{"HTTP_PROXY", "http://p:1"}}), "none");
  EXPECT_EQ(Proxy("https://api.telnyx.com/v2", {}), "none");
}

TEST(ProxyFromEnvironment, ReadsLowerCaseNamesAfterUpperCaseOnes) {
  EXPECT_EQ(Proxy("https://h", {{"https_proxy", "http://l:1"}}), "http://l:1");
  EXPECT_EQ(Proxy("https://h", {{"https_proxy", "http://l:1"}, {"HTTPS_PROXY", "http://u:1"}}),
            "http://u:1");
  EXPECT_EQ(Proxy("https://h", {{"https_proxy", "http://l:1"}, {"HTTPS_PROXY", ""}}), "http://l:1");
  EXPECT_EQ(Proxy("https://h", {{"https_proxy", "http://l:1"}, {"no_proxy", "h"}}), "none");
}

TEST(ProxyFromEnvironment, IgnoresCurlsOwnVariable) {
  EXPECT_EQ(Proxy("https://h", {{"ALL_PROXY", "http://p:1"}, {"all_proxy", "http://p:1"}}), "none");
}

TEST(ProxyFromEnvironment, AddsAMissingScheme) {
  EXPECT_EQ(Proxy("https://h", {{"HTTPS_PROXY", "proxy:3128"}}), "http://proxy:3128");
  EXPECT_EQ(Proxy("https://h", {{"HTTPS_PROXY", "socks5://user:pass@proxy"}}),
            "socks5://user:pass@proxy");
}

TEST(ProxyFromEnvironment, RefusesWhatIsNoProxyWithoutShowingIt) {
  EXPECT_EQ(Proxy("https://h", {{"HTTPS_PROXY", "ftp://user:secret@proxy"}}),
            "the environment variable HTTPS_PROXY is not a proxy's address: write "
            "http://HOST:PORT, https://, socks5:// or socks5h://");
}

TEST(ProxyFromEnvironment, NeverUsesAProxyForThisMachine) {
  for (const char* url :
       {"https://localhost:1", "https://127.0.0.1", "https://127.9.9.9:8", "https://[::1]:8/v2"}) {
    EXPECT_EQ(Proxy(url, {{"HTTPS_PROXY", "http://p:1"}}), "none") << url;
  }
}

TEST(ProxyFromEnvironment, ExemptsDomainsAndTheirSubdomains) {
  EXPECT_TRUE(Exempts("telnyx.com", "https://telnyx.com"));
  EXPECT_TRUE(Exempts("telnyx.com", "https://api.telnyx.com/v2"));
  EXPECT_TRUE(Exempts("a.example, TELNYX.com ,b", "https://API.telnyx.COM/v2"));
  EXPECT_FALSE(Exempts("telnyx.com", "https://mytelnyx.com"));
  EXPECT_FALSE(Exempts("", "https://telnyx.com"));
  EXPECT_FALSE(Exempts(",, ,", "https://telnyx.com"));
  for (const char* entry : {".telnyx.com", "*.telnyx.com"}) {
    EXPECT_TRUE(Exempts(entry, "https://api.telnyx.com")) << entry;
    EXPECT_FALSE(Exempts(entry, "https://telnyx.com")) << entry;
  }
  EXPECT_TRUE(Exempts("*", "https://api.telnyx.com"));
  EXPECT_TRUE(Exempts("x, *", "https://10.1.2.3"));
}

TEST(ProxyFromEnvironment, ExemptsByPort) {
  EXPECT_TRUE(Exempts("telnyx.com:443", "https://api.telnyx.com/v2"));
  EXPECT_FALSE(Exempts("telnyx.com:80", "https://api.telnyx.com/v2"));
  EXPECT_TRUE(Exempts("telnyx.com:8443", "https://api.telnyx.com:8443"));
  EXPECT_TRUE(Exempts("10.1.2.3:443", "https://10.1.2.3"));
  EXPECT_FALSE(Exempts("10.1.2.3:80", "https://10.1.2.3"));
  EXPECT_TRUE(Exempts("[fd00::1]:443", "https://[fd00::1]/"));
  EXPECT_FALSE(Exempts(":443", "https://h"));
}

TEST(ProxyFromEnvironment, ExemptsAddressesAndRanges) {
  EXPECT_TRUE(Exempts("10.1.2.3", "https://10.1.2.3/v2"));
  EXPECT_TRUE(Exempts("10.0.0.0/8", "https://10.1.2.3"));
  EXPECT_FALSE(Exempts("10.0.0.0/8", "https://11.1.2.3"));
  EXPECT_TRUE(Exempts("0.0.0.0/0", "https://11.1.2.3"));
  EXPECT_TRUE(Exempts("10.1.2.3/32", "https://10.1.2.3"));
  EXPECT_FALSE(Exempts("10.1.2.2/32", "https://10.1.2.3"));
  EXPECT_TRUE(Exempts("fd00::/8", "https://[fd12::1]:443"));
  EXPECT_FALSE(Exempts("fd00::/8", "https://[fe80::1]"));
  EXPECT_TRUE(Exempts("fd00::1", "https://[fd00::1]"));
  EXPECT_FALSE(Exempts("10.0.0.0/33", "https://10.1.2.3"));
  // A name is not looked up, so no range matches it.
  EXPECT_FALSE(Exempts("0.0.0.0/0", "https://api.telnyx.com"));
}

}  // namespace
}  // namespace telnyx_exporter
