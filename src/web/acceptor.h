#pragma once

// The sockets of web clients: the thread that accepts them, and the lock-protected table through
// which the serving threads report what each client does. libmicrohttpd could accept by itself, but
// at its limit it stops and leaves newcomers outside.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "web/clients.h"
#include "web/listen_address.h"

namespace telnyx_exporter {

/// What clients on one machine have in common, for limits on each peer: the IPv4 address, or the
/// first half of the IPv6 address, since a host usually has all of the other half to itself. Empty
/// for local sockets: their clients are not told apart.
std::string PeerOf(const sockaddr* address);

/// ClientTable for several threads; ids are sockets. Clients that have to leave are shut down at
/// once; the serving thread then sees the end of the stream and closes the socket.
class ClientSockets {
 public:
  using OnLeaving = std::function<void(ClientTable::Reason)>;

  /// `on_leaving` is called, under the lock, for each client that has to leave. May be null.
  ClientSockets(const ClientLimits& limits, const Clock& clock, OnLeaving on_leaving);

  /// Tells the table what a client does: `event` is one of its functions that take the time.
  template <typename Event, typename... Details>
  void Tell(Event event, int socket, Details... details) {
    const std::lock_guard lock(mutex_);
    const auto tell = [&] { return (table_.*event)(socket, std::move(details)..., clock_.Now()); };
    if constexpr (std::is_void_v<decltype(tell())>) {
      tell();
    } else {
      End(tell());
    }
  }
  /// As in ClientTable.
  void Started(int socket);
  /// To be called before the socket is closed; afterwards its number may be another client's.
  void Remove(int socket);

  void EndExpired();
  void EndAll();
  /// If there is one.
  void EndOldest();

  bool empty() const;
  /// Waits, at most `patience`, until clients that have to leave have left. False: there are still
  /// too many for one more.
  bool WaitForRoom(std::chrono::milliseconds patience);

 private:
  // How many may be on their way out.
  static constexpr std::size_t kSlack = 64;

  void End(const std::vector<ClientTable::Leaving>& leaving);

  const std::size_t most_;
  const Clock& clock_;
  const OnLeaving on_leaving_;
  mutable std::mutex mutex_;  // guards the table
  std::condition_variable removed_;
  ClientTable table_;
};

class Acceptor {
 public:
  /// Takes over the socket in every case; false when it could not be served and is closed.
  using HandOver = std::function<bool(int socket, const sockaddr* peer, socklen_t peer_size)>;

  /// Accepts on all listeners, and ends clients whose time is up, until it is destroyed. `clients`
  /// must outlive it.
  Acceptor(std::vector<ListenSocket> listeners, ClientSockets& clients, HandOver hand_over);
  /// Stops the thread and then closes the listening sockets.
  ~Acceptor();

 private:
  void Run();
  bool WaitForClients();
  void AcceptFrom(int listener);
  void Serve(int socket, const sockaddr* address, socklen_t size);

  std::vector<ListenSocket> listeners_;
  ClientSockets& clients_;
  const HandOver hand_over_;
  int stop_event_;
  std::vector<pollfd> polled_;  // the listeners, then the stop event
  std::thread thread_;
};

}  // namespace telnyx_exporter
