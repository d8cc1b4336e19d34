#pragma once

// What the simulator's server can be told to do with a request: answer it, or act on the bytes of
// the client's connection itself, which is how a network or a broken server misbehaves.

#include <functional>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "web/http_server.h"

namespace telnyx_exporter::simulator {

/// The server's end of one client's connection. Lives as long as the script that was given it, on
/// the connection's thread.
class Wire {
 public:
  virtual ~Wire() = default;
  /// False when the client has gone or the server stops: nothing more can be sent.
  virtual bool Send(std::string_view bytes) = 0;
  /// Waits so long, or until the client has gone or the server stops: false then.
  virtual bool Wait(Duration duration) = 0;
  /// Tells the client that nothing more comes, while its own bytes are still taken.
  virtual void EndSending() = 0;
  /// The connection will end with a reset and not in an orderly way.
  virtual void ResetAtEnd() = 0;
};

/// Runs on the connection's thread; the connection is closed when it returns.
using WireScript = std::function<void(Wire&)>;
using WireAnswer = std::variant<HttpResponse, WireScript>;
using WireHandler = std::function<WireAnswer(const HttpRequest&)>;

}  // namespace telnyx_exporter::simulator
