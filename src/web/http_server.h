#pragma once

// The exporter's HTTP server: event driven on a few threads, any number of listening addresses. It
// knows nothing of what it serves: every request that the access rules admit goes to one handler,
// which runs on the serving threads, several at a time, and must not block.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "web/access_rules.h"
#include "web/clients.h"

namespace telnyx_exporter {

/// A request as the handler sees it. The views live as long as the handler's call.
class HttpRequest {
 public:
  virtual ~HttpRequest() = default;
  virtual std::string_view method() const = 0;
  virtual std::string_view path() const = 0;   // percent-decoded by the server, without the query
  virtual std::string_view query() const = 0;  // raw, after the '?'; empty without one
  /// The value of a header, its name in any case; nothing when the client sent none. Repeated
  /// headers are joined by ", ".
  virtual std::optional<std::string> Header(std::string_view name) const = 0;
  /// The value of a query parameter, decoded; nothing when it is not there.
  virtual std::optional<std::string> Query(std::string_view name) const = 0;
};

struct HttpResponse;

/// Takes a request's answer, once. Any thread.
using AnswerRequest = std::move_only_function<void(HttpResponse)>;

struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  /// Shared, so that one body can be sent to many clients without a copy; null: empty. For HEAD the
  /// server sends only its length.
  std::shared_ptr<const std::string> body;
  /// For an answer that is not known yet: the server puts the request aside, ignores the rest of
  /// this response and calls `later` with what takes the answer. Its holder calls it before
  /// the server ends, so that no serving thread waits.
  std::function<void(AnswerRequest)> later = {};
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

struct HttpServerSettings {
  /// "HOST:PORT", "[V6]:PORT" or ":PORT" (every address, IPv4 and IPv6); port 0 takes a free one.
  std::vector<std::string> listen_addresses;
  unsigned threads = 2;
  ClientLimits limits;  // never more clients than half of the process's file descriptors

  /// Listen on the sockets that systemd passed, instead of on the addresses.
  bool systemd_sockets = false;

  std::shared_ptr<const AccessRules> rules;  // null: every request is admitted, over plain HTTP
  /// GET and HEAD of these paths need no credentials and do not count for the rate limit.
  std::vector<std::string> open_paths;
  /// Null: bcrypt. What it refers to must live as long as the process.
  HashMatcher hash_matcher;
  /// Called, on the server's threads, for each request that did not reach the handler: why (one of
  /// the kRefusal… below) and with which status. Must be fast and must not call the server.
  std::function<void(std::string_view reason, int status)> on_refused;
  /// Null: the system's. Must outlive the server.
  const Clock* clock = nullptr;
};

// Reasons for on_refused.
inline constexpr std::string_view kRefusalMalformed = "malformed_request";     // 400, 505
inline constexpr std::string_view kRefusalTooLarge = "request_too_large";      // 413, 414, 431
inline constexpr std::string_view kRefusalForeign = "foreign_page";            // 403
inline constexpr std::string_view kRefusalCredentials = "credentials";         // 401
inline constexpr std::string_view kRefusalRateLimit = "rate_limit";            // 429
inline constexpr std::string_view kRefusalPasswordChecks = "password_checks";  // 503
inline constexpr std::string_view kRefusalSlowRequest = "slow_request";        // 408, not sent
inline constexpr std::string_view kRefusalInternal = "internal_error";         // 500
inline constexpr std::string_view kRefusalSlowReader = "slow_reader";          // 408, not sent

class HttpServer {
 public:
  /// Listens on every address or on none: the error names the address and what is wrong with it.
  static Result<std::unique_ptr<HttpServer>> Start(const HttpServerSettings& settings,
                                                   HttpHandler handler);
  /// Stops listening, disconnects all clients and waits for running handlers, but not for a
  /// password check that is under way.
  virtual ~HttpServer() = default;

  /// Where it listens, ports filled in, in the order of the settings: "127.0.0.1:10035",
  /// "[::]:10035"; "unix:/path" for a local socket of systemd's.
  virtual const std::vector<std::string>& bound_addresses() const = 0;

  /// Applies other rules from the next request on. When TLS has changed, clients whose session
  /// began before leave as soon as they have their answer. An error when TLS would be switched on
  /// or off, which needs another server.
  virtual Result<void> SetRules(std::shared_ptr<const AccessRules> rules) = 0;
};

}  // namespace telnyx_exporter
