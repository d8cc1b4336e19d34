#pragma once

// The simulator's own HTTP/1.1 server: plain blocking sockets, a thread for each client, so that
// one handler can also send bytes that no proper server would. The exporter's server cannot and
// should not do that.

#include <condition_variable>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "simulator/wire_http.h"
#include "web/listen_address.h"

namespace telnyx_exporter::simulator {

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
  WireServer(const WireServer&) = delete;
  WireServer& operator=(const WireServer&) = delete;

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
