#include "config/address.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

struct SplitAddress {
  std::string_view scheme;
  std::string_view authority;  // user, host and port
  std::string_view rest;
};

std::optional<SplitAddress> Split(std::string_view text) {
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return std::nullopt;
  const std::string_view behind = text.substr(scheme_end + 3);
  const std::size_t authority_end = std::min(behind.find_first_of("/?#"), behind.size());
  return SplitAddress{text.substr(0, scheme_end), behind.substr(0, authority_end),
                      behind.substr(authority_end)};
}

bool IsVisible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

// Others would be read differently by different parsers, as "api.example\\@other" is.
bool IsHostCharacter(char c) {
  const bool alphanumeric =
      (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return alphanumeric || c == '.' || c == '-' || c == '_' || c == ':';
}

// The host of "host", "host:port" or "[v6]:port"; empty when it is none of these.
std::string_view HostOf(std::string_view host_and_port) {
  std::string_view host = host_and_port;
  std::string_view port;
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    if (end == std::string_view::npos) return {};
    port = host.substr(end + 1);
    host = host.substr(1, end - 1);
  } else if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    port = host.substr(colon);
    host = host.substr(0, colon);
  }
  if (!std::ranges::all_of(host, IsHostCharacter)) return {};
  if (port.empty()) return host;
  const auto number = ParseUnsigned(port.substr(1));
  return port.front() == ':' && number && *number > 0 && *number <= 65535 ? host
                                                                          : std::string_view();
}

bool IsLoopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace

Result<HttpAddress> ParseHttpAddress(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return Fail(fmt::format("{}: write it as in https://api.telnyx.com/v2", why));
  };
  const auto split = Split(text);
  if (!split || (split->scheme != "https" && split->scheme != "http") || !IsVisible(text)) {
    return refuse("is not an http:// or https:// address");
  }
  // Not quoted back: what is before the @ may be a password.
  if (split->authority.find('@') != std::string_view::npos) {
    return refuse("holds a user or a password");
  }
  if (split->rest.find_first_of("?#") != std::string_view::npos) {
    return refuse("holds a query or a fragment");
  }
  const std::string_view host = HostOf(split->authority);
  if (host.empty()) return refuse("has no host, or a port that is none");
  while (text.ends_with('/')) text.remove_suffix(1);
  return HttpAddress{.url = std::string(text),
                     .encrypted = split->scheme == "https",
                     .loopback = IsLoopback(host)};
}

bool IsProxyAddress(std::string_view text) {
  constexpr std::array<std::string_view, 4> kSchemes = {"http", "https", "socks5", "socks5h"};
  const auto split = Split(text);
  if (!split || !IsVisible(text) || (!split->rest.empty() && split->rest != "/")) return false;
  if (std::ranges::find(kSchemes, split->scheme) == kSchemes.end()) return false;
  std::string_view host_and_port = split->authority;
  if (const std::size_t at = host_and_port.rfind('@'); at != std::string_view::npos) {
    host_and_port.remove_prefix(at + 1);
  }
  return !HostOf(host_and_port).empty();
}

}  // namespace telnyx_exporter
