#pragma once

// The simulator's HTTP server: libmicrohttpd with a thread for each client, so that a handler may
// block, and may act on the bytes of its client's connection itself, which is how a network or a
// broken server misbehaves. The exporter's server cannot and should not do that.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "web/http_server.h"

struct MHD_Daemon;  // NOLINT(readability-identifier-naming): the library's name

namespace telnyx_exporter::simulator {

/// The server's end of a client's connection, for as long as a script runs on the connection's
/// thread. The request has been read.
class Wire {
 public:
  explicit Wire(int socket);

  /// False when the client has gone, takes nothing for 30 seconds or the server stops: nothing more
  /// can be sent.
  bool Send(std::string_view bytes);
  /// Waits so long, or until the client has gone or the server stops: false then.
  bool Wait(Duration duration);
  /// Tells the client that nothing more comes, while its own bytes are still taken.
  void EndSending();
  /// Ends the connection at once and not in an orderly way.
  void Reset();

 private:
  const int socket_;
};

/// Runs on the connection's thread; the connection is closed when it returns.
using WireScript = std::function<void(Wire&)>;
using WireAnswer = std::variant<HttpResponse, WireScript>;
using WireHandler = std::function<WireAnswer(const HttpRequest&)>;

class WireServer {
 public:
  /// Listens on every address ("HOST:PORT", "[V6]:PORT" or ":PORT"; port 0 takes a free one) or on
  /// none: the error names the address and what is wrong with it. `handler` is called on many
  /// threads at once. Each address serves about a thousand clients and turns away further ones.
  static Result<std::unique_ptr<WireServer>> Start(const std::vector<std::string>& listen_addresses,
                                                   WireHandler handler);
  /// Stops listening, ends all connections and waits for their threads.
  ~WireServer();

  /// Where it listens, ports filled in, in the order of the addresses.
  const std::vector<std::string>& bound_addresses() const { return bound_addresses_; }

 private:
  explicit WireServer(WireHandler handler) : handler_(std::move(handler)) {}

  const WireHandler handler_;
  std::vector<std::string> bound_addresses_;
  std::vector<MHD_Daemon*> daemons_;  // one for each address
};

}  // namespace telnyx_exporter::simulator
