#pragma once

// How simulated accounts and connections are named, so that a request tells whose it is.

#include <cstdint>
#include <string>
#include <string_view>

#include "http/transport.h"

namespace telnyx_exporter::simulation {

struct EndpointPlace {
  std::uint32_t server = 0;
  std::uint32_t account = 0;
  std::uint32_t key = 0;
};

std::string AccountName(std::uint32_t account);
Endpoint MakeEndpoint(EndpointPlace place);
EndpointPlace PlaceOf(const Endpoint& endpoint);

/// Connections from here on are known from the account's lists alone.
inline constexpr std::uint32_t kFirstListedConnection = 500;

/// Ids as they come, plain and odd; the last digits are the connection's number.
std::string ConnectionId(std::uint32_t account, std::uint32_t connection);
std::uint32_t ConnectionNumber(std::string_view id);

}  // namespace telnyx_exporter::simulation
