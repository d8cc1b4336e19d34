#pragma once

// Checks of a request's head: whether its framing is unambiguous, which resource it asks for, and
// whether a page of another site sent it. Pure functions; the server calls them on its serving
// threads before anything else looks at the request.

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace telnyx_exporter {

struct HeaderField {
  std::string_view name;
  std::string_view value;
};

/// A request's head as it came, split into its parts and not decoded.
struct RequestHead {
  std::string_view method;
  std::string_view target;
  std::string_view version;  // "HTTP/1.1"
  std::vector<HeaderField> headers;
};

struct CheckedRequest {
  std::string path;   // percent-decoded
  std::string query;  // raw, after the '?'
  std::string host;   // of the target in absolute form, else of the Host header; empty without one
  bool has_body = false;
};

/// The status to refuse the request with; the connection must be closed then, because what follows
/// in its stream may not be a request.
struct RequestFault {
  int status = 0;
  std::string text;  // for people: "two Content-Length headers"

  bool operator==(const RequestFault&) const = default;
};

/// Fails for every head that two parsers could read in different ways (RFC 9112, sections 2, 3, 5
/// and 6), for control characters in the path, and for an announced body of more than
/// `max_body_bytes`.
std::expected<CheckedRequest, RequestFault> CheckRequestHead(const RequestHead& head,
                                                             std::size_t max_body_bytes);

/// Whether a browser sent the request for a page of another site. `host` is the host that the
/// request is for. Always false for methods that change nothing.
bool IsFromAnotherSite(const RequestHead& head, std::string_view host);

}  // namespace telnyx_exporter
