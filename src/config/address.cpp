#include "config/address.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ranges>
#include <utility>

#include <arpa/inet.h>
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
  const std::string_view after_scheme = text.substr(scheme_end + 3);
  const std::size_t authority_end =
      std::min(after_scheme.find_first_of("/?#"), after_scheme.size());
  return SplitAddress{text.substr(0, scheme_end), after_scheme.substr(0, authority_end),
                      after_scheme.substr(authority_end)};
}

bool IsVisible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
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
  // Others would be read differently by different parsers, as "api.example\\@other" is.
  if (!IsAlphanumericOr(".-_:", host)) return {};
  if (port.empty()) return host;
  const auto number = ParseUnsigned(port.substr(1));
  return port.front() == ':' && number && *number > 0 && *number <= 65535 ? host
                                                                          : std::string_view();
}

struct Variable {
  std::string name;
  std::string value;  // empty: neither is set
};

// The first of the two that is set and not empty.
Variable FirstOf(std::string_view upper, const ReadVariable& read_variable) {
  for (const std::string& name : {std::string(upper), ToLowerAscii(upper)}) {
    if (auto value = read_variable(name); value && !value->empty()) {
      return {.name = name, .value = std::move(*value)};
    }
  }
  return {};
}

// An IPv4 address as IPv6, so that both compare alike.
using IpBytes = std::array<unsigned char, 16>;

std::optional<IpBytes> ParseIp(const std::string& text) {
  IpBytes bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  bytes = {};
  bytes[10] = bytes[11] = 0xff;
  if (inet_pton(AF_INET, text.c_str(), bytes.data() + 12) == 1) return bytes;
  return std::nullopt;
}

bool IsIpv4(const IpBytes& ip) {
  return std::all_of(ip.begin(), ip.begin() + 10, [](unsigned char b) { return b == 0; }) &&
         ip[10] == 0xff && ip[11] == 0xff;
}

bool IsLoopbackIp(const IpBytes& ip) {
  IpBytes loopback{};
  loopback[15] = 1;
  return ip == loopback || (IsIpv4(ip) && ip[12] == 127);
}

bool IsLoopback(std::string_view host) {
  const auto ip = ParseIp(std::string(host));
  return host == "localhost" || (ip && IsLoopbackIp(*ip));
}

// Whether the first `bits` bits of the two agree.
bool SamePrefix(const IpBytes& left, const IpBytes& right, std::size_t bits) {
  for (std::size_t i = 0; i < bits; ++i) {
    const auto bit = [&](const IpBytes& ip) { return (unsigned{ip[i / 8]} >> (7 - i % 8)) & 1U; };
    if (bit(left) != bit(right)) return false;
  }
  return true;
}

struct HostAndPort {
  std::string host;  // without brackets
  std::string port;  // empty: none
};

// "host:port" or "[v6]:port"; anything else is a host alone.
HostAndPort SplitPort(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  const std::size_t bracket = text.find(']');
  if (bracketed && bracket != std::string_view::npos) {
    const std::string_view host = text.substr(1, bracket - 1);
    const std::string_view rest = text.substr(bracket + 1);
    return {std::string(host), std::string(rest.starts_with(':') ? rest.substr(1) : rest)};
  }
  if (colon == std::string_view::npos || text.find(':') != colon) return {std::string(text), ""};
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

HostAndPort TargetOf(std::string_view base_url) {
  const bool encrypted = base_url.starts_with("https:");
  std::string_view authority = base_url.substr(base_url.find("://") + 3);
  authority = authority.substr(0, authority.find('/'));
  HostAndPort target = SplitPort(ToLowerAscii(authority));
  if (target.port.empty()) target.port = encrypted ? "443" : "80";
  return target;
}

// "10.0.0.0/8"; nothing when the entry is no such range.
std::optional<bool> MatchesRange(const std::string& entry, const std::optional<IpBytes>& ip) {
  const std::size_t slash = entry.find('/');
  if (slash == std::string::npos) return std::nullopt;
  const auto network = ParseIp(entry.substr(0, slash));
  const auto bits = ParseUnsigned(std::string_view(entry).substr(slash + 1));
  if (!network || !bits) return std::nullopt;
  const bool is_ipv4 = !entry.substr(0, slash).contains(':');
  if (*bits > (is_ipv4 ? 32U : 128U)) return std::nullopt;
  return ip && IsIpv4(*ip) == is_ipv4 && SamePrefix(*network, *ip, *bits + (is_ipv4 ? 96 : 0));
}

// One entry of NO_PROXY: an address, a range, or a domain that its subdomains match too.
bool Matches(const std::string& entry, const HostAndPort& target,
             const std::optional<IpBytes>& ip) {
  if (entry == "*") return true;
  if (const auto in_range = MatchesRange(entry, ip)) return *in_range;
  HostAndPort pattern = SplitPort(entry);
  if (pattern.host.empty()) return false;
  if (!pattern.port.empty() && pattern.port != target.port) return false;
  if (const auto pattern_ip = ParseIp(pattern.host)) return ip == pattern_ip;
  if (pattern.host.starts_with("*.")) pattern.host.erase(0, 1);
  if (pattern.host.starts_with('.')) return target.host.ends_with(pattern.host);
  return target.host == pattern.host || target.host.ends_with("." + pattern.host);
}

bool IsExempt(const HostAndPort& target, std::string_view no_proxy) {
  if (IsLoopback(target.host)) return true;
  const auto ip = ParseIp(target.host);
  while (true) {
    const std::size_t comma = no_proxy.find(',');
    const std::string entry = ToLowerAscii(TrimWhitespace(no_proxy.substr(0, comma)));
    if (!entry.empty() && Matches(entry, target, ip)) return true;
    if (comma == std::string_view::npos) return false;
    no_proxy.remove_prefix(comma + 1);
  }
}

// One of the words between a name's dots.
bool IsLabel(std::string_view text) {
  constexpr std::size_t kMaxLabelBytes = 63;
  return !text.empty() && text.size() <= kMaxLabelBytes && IsAlphanumericOr("-_", text);
}

}  // namespace

bool IsHost(std::string_view text) {
  constexpr std::size_t kMaxHostBytes = 253;
  if (text.starts_with('[') && text.ends_with(']')) {
    text = text.substr(1, text.size() - 2);
    if (!text.contains(':')) return false;
  }
  if (text.contains(':')) return ParseIp(std::string(text)).has_value();
  if (text.size() > kMaxHostBytes) return false;
  if (text.ends_with('.')) text.remove_suffix(1);
  return std::ranges::all_of(text | std::views::split('.'),
                             [](auto label) { return IsLabel(std::string_view(label)); }) &&
         !text.empty();
}

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
    // curl takes the first @ for the end of the password.
    if (host_and_port.find('@') != at) return false;
    host_and_port.remove_prefix(at + 1);
  }
  return !HostOf(host_and_port).empty();
}

std::optional<std::string> ReadProcessVariable(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): never changed
  if (value == nullptr) return std::nullopt;
  return value;
}

Result<Secret> ProxyFromEnvironment(std::string_view base_url, const ReadVariable& read_variable) {
  auto [name, proxy] =
      FirstOf(base_url.starts_with("https:") ? "HTTPS_PROXY" : "HTTP_PROXY", read_variable);
  if (proxy.empty() || IsExempt(TargetOf(base_url), FirstOf("NO_PROXY", read_variable).value)) {
    return Secret();
  }
  if (!proxy.contains("://")) proxy.insert(0, "http://");
  if (!IsProxyAddress(proxy)) {
    return Fail(
        fmt::format("the environment variable {} is not a proxy's address: write "
                    "http://HOST:PORT, https://, socks5:// or socks5h://",
                    name));
  }
  return Secret(proxy);
}

}  // namespace telnyx_exporter
