#pragma once

// The boundary to the network: many requests in flight, one callback each. The polling loop owns a
// Transport and drives it from its one thread; tests and simulations put a fake in its place.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/secret.h"

namespace telnyx_exporter {

/// One account's way to its API: immutable, shared by all its requests. A request can name only a
/// path, never a host, so the key cannot reach any other address.
struct Endpoint {
  std::string base_url{};  // "https://api.telnyx.com/v2", no slash at the end
  Secret api_key{};        // sent as "Authorization: Bearer KEY"
  Secret proxy_url{};      // empty: none; the environment's proxy variables are never read here
  /// Certificates of the authorities to trust, in PEM; empty: the system's.
  std::string ca_certificates{};
  /// The name to ask for and to check the certificate against; empty: the host in base_url.
  std::string server_name{};
  bool insecure_skip_verify = false;

  bool operator==(const Endpoint&) const = default;
};

struct Request {
  std::shared_ptr<const Endpoint> endpoint;
  std::string target;  // appended to base_url: "/connections/1/active_calls?page%5Blimit%5D=250"
  Duration connect_timeout;    // name look-up, TCP and TLS
  Duration timeout;            // the whole exchange
  std::size_t max_body_bytes;  // after decompression
};

/// The response headers that the exporter acts on, as received. Absent where the server sent none.
struct ResponseHeaders {
  std::optional<std::string> retry_after;
  std::optional<std::string> should_retry;          // x-should-retry
  std::optional<std::string> rate_limit_limit;      // x-ratelimit-limit
  std::optional<std::string> rate_limit_remaining;  // x-ratelimit-remaining
  std::optional<std::string> rate_limit_reset;      // x-ratelimit-reset, seconds until the reset
};

/// Bytes that may be read, not used, after every body: what simdjson needs.
inline constexpr std::size_t kBodyPadding = 64;

/// Of an answer with any status but 200 so much of the body is kept; the rest is not waited for.
inline constexpr std::size_t kMaxErrorBodyBytes = std::size_t{64} * 1024;

struct TransportError {
  enum class Kind {
    kTimeout,           // connect or whole exchange
    kConnect,           // name look-up, refused, reset, closed early
    kTls,               // handshake or certificate
    kMalformed,         // not HTTP, or a body that cannot be decompressed
    kResponseTooLarge,  // body past max_body_bytes, or headers past the transport's own bound
  };
  Kind kind = Kind::kConnect;
  std::string message;  // for the log: no secret, no body

  bool operator==(const TransportError&) const = default;
};

/// An answer. It exists from its status line on: what happens to the bytes after that is
/// `body_error`. With a status other than 200 the status and the headers decide, whatever became of
/// the body; an answer with status 200 and a body_error has failed.
struct Response {
  int status = 0;
  ResponseHeaders headers;
  /// Decompressed, as far as it was received and could be. Valid during the callback only; at least
  /// kBodyPadding bytes after its end are readable memory.
  std::string_view body;
  std::optional<TransportError> body_error{};  // why the headers or the body are not complete
};

/// How one request ended: with an answer, or with an error before any status line.
struct Exchange {
  std::expected<Response, TransportError> result;
  Duration elapsed{};            // from Send to the end
  std::uint64_t body_bytes = 0;  // decompressed bytes received, also of failed requests
};

using RequestId = std::uint64_t;
using ExchangeCallback = std::move_only_function<void(const Exchange&)>;

/// Everything but Wake() belongs to the one thread that owns the transport.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Begins a request. `done` is called exactly once, from inside Run, unless the request is
  /// cancelled first. It may call Send and Cancel.
  virtual RequestId Send(Request request, ExchangeCallback done) = 0;

  /// Ends a request at once; its callback is destroyed without being called. Unknown ids are
  /// ignored.
  virtual void Cancel(RequestId id) = 0;

  /// Moves requests along and calls the callbacks of those that end. Returns when at least one
  /// ended, when Wake was called since the last return, or after `at_most`, whichever comes first.
  virtual void Run(Duration at_most) = 0;

  /// Makes the present or next Run return at once. Any thread.
  virtual void Wake() = 0;

  /// How many connections may be open at once from now on, idle ones included.
  virtual void SetMaxConnections(std::uint32_t /*count*/) {}
};

}  // namespace telnyx_exporter
