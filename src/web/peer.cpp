#include "web/peer.h"

#include <cstring>

#include <netinet/in.h>

namespace telnyx_exporter {
namespace {

constexpr std::size_t kV6PrefixBytes = 8;
constexpr std::size_t kMappedV4Offset = 12;

std::string Bytes(const void* data, std::size_t size) {
  return {static_cast<const char*>(data), size};
}

}  // namespace

std::string PeerOf(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return Bytes(&v4.sin_addr, sizeof v4.sin_addr);
  }
  if (address->sa_family != AF_INET6) return {};
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    return Bytes(&v6.sin6_addr.s6_addr[kMappedV4Offset], sizeof(in_addr));
  }
  return Bytes(&v6.sin6_addr, kV6PrefixBytes);
}

}  // namespace telnyx_exporter
