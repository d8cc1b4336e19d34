#pragma once

// The proxy that the environment names for an address, by the rules of Prometheus' HTTP clients
// (Go's httpproxy): HTTPS_PROXY or HTTP_PROXY by the address' scheme, and NO_PROXY. Pure functions;
// the caller hands in the environment.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/secret.h"

namespace telnyx_exporter {

/// The value of an environment variable; nothing when it is not set.
using ReadVariable = std::function<std::optional<std::string>(const std::string& name)>;

/// Reads the process' environment.
std::optional<std::string> ReadProcessVariable(const std::string& name);

/// The proxy for `base_url`, which must be a valid http:// or https:// address; empty: none. Upper
/// case names come before lower case ones; ALL_PROXY is ignored. Fails when the proxy is not a
/// proxy's address, without quoting it.
Result<Secret> ProxyFromEnvironment(std::string_view base_url, const ReadVariable& read_variable);

/// Whether a proxy's variable for encrypted addresses is set.
bool HasHttpsProxy(const ReadVariable& read_variable);

}  // namespace telnyx_exporter
