#pragma once

// Addresses of the API and of proxies as the configuration gives them. The configuration's reader
// calls it, on the main thread.

#include <string>
#include <string_view>

#include "base/error.h"

namespace telnyx_exporter {

struct HttpAddress {
  std::string url;  // as given, without slashes at the end
  bool encrypted = false;
  bool loopback = false;  // localhost, 127.0.0.0/8 or ::1
};

/// An http:// or https:// address with a host and perhaps a port and a path, and nothing else: no
/// user, no query, no fragment. The error says what is wrong.
Result<HttpAddress> ParseHttpAddress(std::string_view text);

/// Whether the text can be a proxy's address: http, https, socks5 or socks5h, a host, perhaps a
/// user.
bool IsProxyAddress(std::string_view text);

}  // namespace telnyx_exporter
