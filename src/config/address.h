#pragma once

// Addresses of the API and of proxies, as the configuration gives them and as the environment names
// them: by the rules of Prometheus' HTTP clients (Go's httpproxy), HTTPS_PROXY or HTTP_PROXY by the
// address' scheme, and NO_PROXY. Pure functions for the main thread; the caller hands in the
// environment.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/secret.h"

namespace telnyx_exporter {

struct HttpAddress {
  std::string url;  // as given, without slashes at the end
  bool encrypted = false;
  bool loopback = false;  // localhost, 127.0.0.0/8 or ::1
};

/// Whether the text is written as a host name or as an IP address, IPv6 perhaps in brackets.
bool IsHost(std::string_view text);

/// An http:// or https:// address with a host and perhaps a port and a path, and nothing else: no
/// user, no query, no fragment. The error says what is wrong.
Result<HttpAddress> ParseHttpAddress(std::string_view text);

/// Whether the text can be a proxy's address: http, https, socks5 or socks5h, a host, perhaps a
/// user.
bool IsProxyAddress(std::string_view text);

/// The value of an environment variable; nothing when it is not set.
using ReadVariable = std::function<std::optional<std::string>(const std::string& name)>;

/// Reads the process' environment.
std::optional<std::string> ReadProcessVariable(const std::string& name);

/// The proxy for `base_url`, which must be a valid http:// or https:// address; empty: none. Upper
/// case names come before lower case ones; ALL_PROXY is ignored. Fails when the proxy is not a
/// proxy's address, without quoting it.
Result<Secret> ProxyFromEnvironment(std::string_view base_url, const ReadVariable& read_variable);

}  // namespace telnyx_exporter
