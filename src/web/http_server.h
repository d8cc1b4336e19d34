#pragma once

// The HTTP server of both programs: event driven on a few threads, any number of listening
// addresses. It knows nothing of what it serves: every request that the access rules let pass goes
// to one Handler, which runs on the serving threads, several at a time, and must not block.

#include <cstddef>
#include <cstdint>
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

namespace telnyx_exporter {

/// A request as the handler sees it. The views live as long as the handler's call.
class HttpRequest {
 public:
  virtual ~HttpRequest() = default;
  virtual std::string_view method() const = 0;
  virtual std::string_view path() const = 0;   // percent-decoded by the server, without the query
  virtual std::string_view query() const = 0;  // raw, behind the '?'; empty without one
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
  /// this response and calls `later` with what takes the answer. Whoever holds that calls it before
  /// the server ends, so that no serving thread waits.
  std::function<void(AnswerRequest)> later = {};
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

struct HttpServerSettings {
  /// "HOST:PORT", "[V6]:PORT" or ":PORT" (every address, IPv4 and IPv6); port 0 takes a free one.
  std::vector<std::string> listen_addresses;
  unsigned threads = 2;
  /// How long a connection may wait for its next request.
  Duration idle_timeout = std::chrono::minutes(2);
  /// In total, and never more than half of the process's file descriptors. At a limit the
  /// connection that has waited longest for a request has to go.
  std::size_t max_connections = 1024;
  std::size_t max_header_bytes = std::size_t{32} * 1024;

  /// Listen on the sockets that systemd passed, instead of on the addresses.
  bool systemd_sockets = false;
  /// Of one IPv4 address or one IPv6 network of 64 bits. Many scrapers may stand behind one proxy.
  std::size_t max_connections_of_one_peer = 256;
  /// Within which a request must have come whole, from its first line on or, for the first of a
  /// connection, from the connection's beginning on: time for TLS included.
  Duration request_timeout = std::chrono::seconds(10);
  /// Within which an answer must have been read.
  Duration response_timeout = std::chrono::minutes(2);

  std::shared_ptr<const AccessRules> rules;  // null: everybody may ask, over plain HTTP
  /// Null: bcrypt.
  std::function<bool(const Secret& password, const Secret& hash)> hash_matcher;
  /// Called with the status of each request that the rules refused.
  std::function<void(int status)> on_refused;
  /// Null: the system's. Must outlive the server.
  const Clock* clock = nullptr;
};

class HttpServer {
 public:
  /// Listens on every address or on none: the error names the address and what is wrong with it.
  static Result<std::unique_ptr<HttpServer>> Start(const HttpServerSettings& settings,
                                                   HttpHandler handler);
  /// Stops listening, closes all connections and waits for running handlers.
  virtual ~HttpServer() = default;

  /// Where it listens, ports filled in, in the order of the settings: "127.0.0.1:10035",
  /// "[::]:10035"; "unix:/path" for a local socket of systemd's.
  virtual const std::vector<std::string>& bound_addresses() const = 0;

  /// Other rules from the next request on. When TLS has changed, connections that were made before
  /// end as soon as they have their answer. An error when TLS would be switched on or off, which
  /// needs another server.
  virtual Result<void> SetRules(std::shared_ptr<const AccessRules> rules) = 0;
};

}  // namespace telnyx_exporter
