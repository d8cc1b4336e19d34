#pragma once

// The simulator's own HTTP/1.1 server: plain blocking sockets, a thread for each client, so that
// one handler can also send bytes that no proper server would. The exporter's server cannot and
// should not do that.

#include <condition_variable>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "simulator/wire_http.h"
#include "web/listen_address.h"

namespace telnyx_exporter::simulator {

/// The server's end of one client's connection: reads requests and sends the answers, all with
/// blocking calls on the client's own thread. A script is given it for as long as it runs.
class Wire {
 public:
  /// Takes the socket over. A client may be silent, or take nothing, for `idle_timeout`.
  Wire(int socket, Duration idle_timeout);
  ~Wire() { close(socket_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// Answers requests until the client has left, is silent too long or sends what is not HTTP,
  /// until a script has run, or until Interrupt.
  void Serve(const WireHandler& handler);
  /// Makes Serve return soon. Any thread.
  void Interrupt() { shutdown(socket_, SHUT_RDWR); }

  // For scripts.

  /// False when the client has gone or the server stops: nothing more can be sent.
  bool Send(std::string_view bytes);
  /// Waits so long, or until the client has gone or the server stops: false then.
  bool Wait(Duration duration);
  /// Tells the client that nothing more comes, while its own bytes are still taken.
  void EndSending() { shutdown(socket_, SHUT_WR); }
  /// The connection will end with a reset and not in an orderly way.
  void ResetAtEnd();

 private:
  bool ServeOne(const WireHandler& handler);
  std::optional<std::string> ReadHead();
  bool SkipBody(std::size_t bytes);
  bool Receive();
  bool Respond(const HttpResponse& response, bool keep_alive, bool with_body);

  const int socket_;
  std::string received_;  // and not used yet
};

struct WireServerSettings {
  /// "HOST:PORT", "[V6]:PORT" or ":PORT"; port 0 takes a free one.
  std::vector<std::string> listen_addresses;
  /// Of all addresses together; clients beyond it wait until another one leaves.
  std::size_t max_clients = 512;
  Duration idle_timeout = std::chrono::seconds(30);
};

class WireServer {
 public:
  /// Listens on every address or on none: the error names the address and what is wrong with it.
  /// `handler` is called on many threads at once.
  static Result<std::unique_ptr<WireServer>> Start(WireServerSettings settings,
                                                   WireHandler handler);
  /// Stops listening, ends all connections and waits for their threads.
  ~WireServer();

  /// Where it listens, ports filled in, in the order of the settings.
  const std::vector<std::string>& bound_addresses() const { return bound_addresses_; }

 private:
  struct Client;

  WireServer(WireServerSettings settings, WireHandler handler);
  void Accept(int listener);
  /// False when the server stops.
  bool WaitForRoom();
  void AddClient(int socket);
  void Serve(Client& client);

  // Constant once the threads run.
  const WireServerSettings settings_;
  const WireHandler handler_;
  std::vector<ListenSocket> listeners_;
  std::vector<std::string> bound_addresses_;
  std::vector<std::thread> acceptors_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;      // guarded by mutex_
  std::list<Client> clients_;  // guarded by mutex_; those that have left are taken out later
  std::size_t open_ = 0;       // guarded by mutex_: clients that have not left
};

}  // namespace telnyx_exporter::simulator
