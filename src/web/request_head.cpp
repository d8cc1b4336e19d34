#include "web/request_head.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr int kBadRequest = 400;
constexpr int kContentTooLarge = 413;
constexpr unsigned char kDelete = 0x7f;
constexpr std::string_view kHttp10 = "HTTP/1.0";
// Besides letters and digits.
constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
constexpr std::string_view kHostMarks = "-._~%!$&'()*+;=:[]";

using Checked = std::expected<void, RequestFault>;

std::unexpected<RequestFault> Refuse(std::string text) {
  return std::unexpected(RequestFault{.status = kBadRequest, .text = std::move(text)});
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < ' ' || byte == kDelete;
}

bool IsToken(std::string_view text) { return !text.empty() && IsAlphanumericOr(kTokenMarks, text); }

// Good enough to tell one host from a list of them, a path or a user name.
bool IsHost(std::string_view text) { return IsAlphanumericOr(kHostMarks, text); }

std::vector<std::string_view> ValuesOf(const RequestHead& head, std::string_view name) {
  std::vector<std::string_view> values;
  for (const HeaderField& field : head.headers) {
    if (EqualsIgnoringAsciiCase(field.name, name)) values.push_back(field.value);
  }
  return values;
}

Checked CheckFields(const RequestHead& head) {
  if (!IsToken(head.method)) return Refuse("the method is not a token");
  for (const HeaderField& field : head.headers) {
    if (!IsToken(field.name)) return Refuse("a header's name is not a token");
    if (std::ranges::any_of(field.value, [](char c) { return c != '\t' && IsControl(c); })) {
      return Refuse("a control character in a header");
    }
  }
  return {};
}

// Whether the request has a body.
std::expected<bool, RequestFault> CheckFraming(const RequestHead& head,
                                               std::size_t max_body_bytes) {
  const auto lengths = ValuesOf(head, "Content-Length");
  const auto codings = ValuesOf(head, "Transfer-Encoding");
  if (lengths.size() > 1) return Refuse("more than one Content-Length header");
  if (codings.size() > 1) return Refuse("more than one Transfer-Encoding header");
  if (!codings.empty()) {
    if (!lengths.empty()) return Refuse("both Content-Length and Transfer-Encoding");
    if (head.version == kHttp10) return Refuse("Transfer-Encoding in HTTP/1.0");
    if (!EqualsIgnoringAsciiCase(codings.front(), "chunked")) {
      return Refuse("a transfer coding other than chunked");
    }
    return true;
  }
  if (lengths.empty()) return false;
  const auto bytes = ParseUnsigned(lengths.front());
  if (!bytes) return Refuse("Content-Length is not a number");
  if (*bytes > max_body_bytes) {
    return std::unexpected(
        RequestFault{.status = kContentTooLarge,
                     .text = fmt::format("a body of more than {} bytes", max_body_bytes)});
  }
  return *bytes > 0;
}

std::expected<std::string, RequestFault> CheckHost(const RequestHead& head) {
  const auto hosts = ValuesOf(head, "Host");
  if (hosts.size() > 1) return Refuse("more than one Host header");
  if (hosts.empty()) {
    if (head.version != kHttp10) return Refuse("no Host header");
    return std::string();
  }
  const std::string_view host = TrimWhitespace(hosts.front());
  if (!IsHost(host)) return Refuse("the Host header is not a host");
  return std::string(host);
}

// Moves "http://HOST" from the target's front into `host`. The absolute form is meant for proxies,
// but every server must accept it.
Checked TakeAuthority(std::string_view& target, std::string& host) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!EqualsIgnoringAsciiCase(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::string_view authority = target.substr(0, target.find_first_of("/?"));
    if (authority.empty() || !IsHost(authority)) return Refuse("the target's host is not one");
    host = authority;
    target.remove_prefix(authority.size());
    return {};
  }
  return Refuse("the target is not a path");
}

Checked CheckTarget(std::string_view target, CheckedRequest& request) {
  if (target.empty() ||
      std::ranges::any_of(target, [](char c) { return c == ' ' || IsControl(c); })) {
    return Refuse("a blank or a control character in the target");
  }
  if (!target.starts_with('/') && target != "*") {
    if (const Checked taken = TakeAuthority(target, request.host); !taken) return taken;
  }
  const std::size_t mark = target.find('?');
  const auto path = PercentDecode(target.substr(0, mark));
  if (!path) return Refuse("the path is not percent-encoded correctly");
  if (std::ranges::any_of(*path, IsControl)) return Refuse("a control character in the path");
  request.path = path->empty() ? "/" : *path;
  if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
  return {};
}

// HOST without the scheme's default port.
std::string_view WithoutDefaultPort(std::string_view host, std::string_view scheme) {
  const std::string_view port = EqualsIgnoringAsciiCase(scheme, "https") ? ":443" : ":80";
  if (host.ends_with(port)) host.remove_suffix(port.size());
  return host;
}

bool IsOriginOf(std::string_view origin, std::string_view host) {
  constexpr std::string_view kSeparator = "://";
  const std::size_t at = origin.find(kSeparator);
  if (at == std::string_view::npos || host.empty()) return false;
  const std::string_view scheme = origin.substr(0, at);
  return EqualsIgnoringAsciiCase(WithoutDefaultPort(origin.substr(at + kSeparator.size()), scheme),
                                 WithoutDefaultPort(host, scheme));
}

bool ChangesNothing(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
}

}  // namespace

std::expected<CheckedRequest, RequestFault> CheckRequestHead(const RequestHead& head,
                                                             std::size_t max_body_bytes) {
  if (const Checked fields = CheckFields(head); !fields) return std::unexpected(fields.error());
  const auto has_body = CheckFraming(head, max_body_bytes);
  if (!has_body) return std::unexpected(has_body.error());
  auto host = CheckHost(head);
  if (!host) return std::unexpected(host.error());
  CheckedRequest request{.host = std::move(*host), .has_body = *has_body};
  if (const Checked target = CheckTarget(head.target, request); !target) {
    return std::unexpected(target.error());
  }
  return request;
}

bool IsFromAnotherSite(const RequestHead& head, std::string_view host) {
  if (ChangesNothing(head.method)) return false;
  for (const std::string_view site : ValuesOf(head, "Sec-Fetch-Site")) {
    // "none": the user typed the address.
    if (site != "same-origin" && site != "none") return true;
  }
  return std::ranges::any_of(ValuesOf(head, "Origin"),
                             [&](std::string_view origin) { return !IsOriginOf(origin, host); });
}

}  // namespace telnyx_exporter
