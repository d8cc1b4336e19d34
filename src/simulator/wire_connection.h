#pragma once

// One client's connection to the simulator: reads requests, has them answered and sends the
// answers, all with blocking calls on a thread of its own.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "simulator/wire.h"
#include "simulator/wire_http.h"

namespace telnyx_exporter::simulator {

class WireConnection final : public Wire {
 public:
  /// Takes the socket over. A client may be silent, or take nothing, for `idle_timeout`.
  WireConnection(int socket, Duration idle_timeout);
  ~WireConnection() override;
  WireConnection(const WireConnection&) = delete;
  WireConnection& operator=(const WireConnection&) = delete;

  /// Answers requests until the client has left, is silent too long or sends what is not HTTP,
  /// until a script has run, or until Interrupt.
  void Serve(const WireHandler& handler);
  /// Makes Serve return soon. Any thread.
  void Interrupt();

  bool Send(std::string_view bytes) override;
  bool Wait(Duration duration) override;
  void EndSending() override;
  void ResetAtEnd() override;

 private:
  bool ServeOne(const WireHandler& handler);
  std::optional<std::string> ReadHead();
  bool SkipBody(std::size_t bytes);
  bool Receive();
  bool Respond(const HttpResponse& response, bool keep_alive, bool with_body);

  const int socket_;
  std::string received_;  // and not used yet
};

}  // namespace telnyx_exporter::simulator
