#pragma once

// The thread that accepts connections on all addresses, hands them to the server and ends those
// whose time is up. libmicrohttpd would accept by itself, but then stops at its limit and leaves
// whoever comes next outside.

#include <functional>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/socket.h>

#include "web/connections.h"
#include "web/listen_address.h"

namespace telnyx_exporter {

class Acceptor {
 public:
  /// Takes the socket over, in every case; false when it could not be served and is closed.
  using HandOver = std::function<bool(int socket, const sockaddr* peer, socklen_t peer_size)>;

  /// Accepts until it goes. `connections` must outlive it.
  Acceptor(std::vector<ListenSocket> listeners, Connections& connections, HandOver hand_over);
  /// Stops the thread and then closes the listening sockets.
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

 private:
  void Run();
  bool WaitForClients();
  void AcceptFrom(int listener);
  void Serve(int socket, const sockaddr* address, socklen_t size);

  std::vector<ListenSocket> listeners_;
  Connections& connections_;
  const HandOver hand_over_;
  int stop_event_;
  std::vector<pollfd> polled_;  // the listeners, then the stop event
  std::thread thread_;
};

}  // namespace telnyx_exporter
