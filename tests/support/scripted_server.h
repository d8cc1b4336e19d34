#pragma once

// A TCP server on a loopback port of its own for tests: a script, one thread for each connection,
// decides byte by byte what a client gets. Everything it received can be looked at from the test's
// thread while it runs.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace telnyx_exporter {

class ScriptedServer {
 public:
  /// The server's side of one connection; closed when the script returns.
  class Connection {
   public:
    Connection(ScriptedServer& server, int socket) : server_(server), socket_(socket) {}

    /// The next request's head, to its empty line, recorded by the server; nothing when the client
    /// has closed. Requests have no bodies here.
    std::optional<std::string> ReadRequest();
    /// False when the client has gone.
    bool Send(std::string_view bytes);
    /// Reads and drops until the client closes or the server is destroyed.
    void WaitForClose();
    /// Ends the connection with a TCP reset once the script returns.
    void ResetOnClose();
    /// Passes bytes both ways between the client and a loopback port until either side closes.
    void Tunnel(std::uint16_t port);

   private:
    ScriptedServer& server_;
    int socket_;
    std::string unread_;
  };
  using Script = std::function<void(Connection&)>;

  explicit ScriptedServer(Script script);
  /// Ends all connections and waits for their scripts.
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const { return port_; }
  /// "http://127.0.0.1:PORT".
  std::string url() const;

  /// All heads so far, in the order in which they were read.
  std::vector<std::string> requests() const;
  std::size_t accepted() const;
  /// Connections that are open now, at the server's end.
  std::size_t open_connections() const;
  void WaitForRequests(std::size_t count) const;
  /// Until the scripts of all connections have returned.
  void WaitForNoConnections() const;
  /// Called on a connection's thread after each recorded request; to be set before the first.
  void OnRequest(std::function<void()> callback);

  /// Sends the same bytes for every request of a connection.
  static Script Always(std::string response);
  /// Reads a request, sends the bytes and closes.
  static Script Once(std::string response);
  /// Reads a request and never answers.
  static Script Never();

 private:
  void Accept();
  void Serve(int socket);
  void Record(std::string head);

  const Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread acceptor_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool stopping_ = false;
  std::function<void()> on_request_;
  std::vector<int> sockets_;  // open ones
  std::vector<std::thread> threads_;
  std::vector<std::string> requests_;
  std::size_t accepted_ = 0;
};

/// "HTTP/1.1 200 OK" with that body and its Content-Length; `headers` are whole lines.
std::string OkResponse(std::string_view body, std::string_view headers = {});

/// A TCP socket on 127.0.0.1 and a free port.
struct LoopbackSocket {
  int socket = -1;
  std::uint16_t port = 0;
};
LoopbackSocket ListenOnLoopback();

/// A loopback port that is taken but refuses connections, as long as this object lives.
class RefusingPort {
 public:
  RefusingPort();
  ~RefusingPort();
  RefusingPort(const RefusingPort&) = delete;
  RefusingPort& operator=(const RefusingPort&) = delete;
  std::uint16_t port() const { return bound_.port; }

 private:
  LoopbackSocket bound_;
};

}  // namespace telnyx_exporter
