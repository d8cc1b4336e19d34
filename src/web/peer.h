#pragma once

#include <string>

#include <sys/socket.h>

namespace telnyx_exporter {

/// What connections of one client have in common, for limits on each: the IPv4 address, or the
/// first half of the IPv6 address, for a host usually has all of the other half to itself. Empty
/// for local sockets: their clients are not told apart.
std::string PeerOf(const sockaddr* address);

}  // namespace telnyx_exporter
