#include "web/peer.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace telnyx_exporter {
namespace {

std::string PeerOfV4(const char* text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  inet_pton(AF_INET, text, &address.sin_addr);
  return PeerOf(reinterpret_cast<sockaddr*>(&address));
}

std::string PeerOfV6(const char* text) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  inet_pton(AF_INET6, text, &address.sin6_addr);
  return PeerOf(reinterpret_cast<sockaddr*>(&address));
}

TEST(PeerOf, IsAnIpv4Address) {
  EXPECT_EQ(PeerOfV4("192.0.2.1"), PeerOfV4("192.0.2.1"));
  EXPECT_NE(PeerOfV4("192.0.2.1"), PeerOfV4("192.0.2.2"));
  EXPECT_EQ(PeerOfV6("::ffff:192.0.2.1"), PeerOfV4("192.0.2.1"));
}

TEST(PeerOf, IsAnIpv6Network) {
  EXPECT_EQ(PeerOfV6("2001:db8:1:2::1"), PeerOfV6("2001:db8:1:2:ffff::1"));
  EXPECT_NE(PeerOfV6("2001:db8:1:2::1"), PeerOfV6("2001:db8:1:3::1"));
}

TEST(PeerOf, IsEmptyForLocalSockets) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  EXPECT_EQ(PeerOf(reinterpret_cast<sockaddr*>(&address)), "");
}

}  // namespace
}  // namespace telnyx_exporter
