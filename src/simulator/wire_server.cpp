#include "simulator/wire_server.h"

#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

#include "simulator/wire_connection.h"

namespace telnyx_exporter::simulator {
namespace {

// After a failure that only time mends, such as too many open files.
constexpr std::chrono::milliseconds kPauseAfterFailure{100};

// Waits for the next client. Nothing and errno when there is none: EINVAL once the listener was
// shut down.
std::optional<int> AcceptOne(int listener) {
  pollfd waiting{.fd = listener, .events = POLLIN, .revents = 0};
  poll(&waiting, 1, -1);
  const int socket = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (socket < 0) return std::nullopt;
  return socket;
}

}  // namespace

struct WireServer::Client {
  // Gone when the client has left, so that its socket is closed at once.
  std::optional<WireConnection> connection;
  std::thread thread;
};

Result<std::unique_ptr<WireServer>> WireServer::Start(WireServerSettings settings,
                                                      WireHandler handler) {
  std::unique_ptr<WireServer> server(new WireServer(std::move(settings), std::move(handler)));
  for (const std::string& address : server->settings_.listen_addresses) {
    auto listener = ListenSocket::Open(address);
    if (!listener) return std::unexpected(listener.error());
    server->bound_addresses_.push_back(listener->bound_address());
    server->listeners_.push_back(std::move(*listener));
  }
  for (const ListenSocket& listener : server->listeners_) {
    server->acceptors_.emplace_back([&server = *server, fd = listener.fd()] { server.Accept(fd); });
  }
  return server;
}

WireServer::WireServer(WireServerSettings settings, WireHandler handler)
    : settings_(std::move(settings)), handler_(std::move(handler)) {}

WireServer::~WireServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (Client& client : clients_) {
      if (client.connection) client.connection->Interrupt();
    }
    changed_.notify_all();
  }
  for (const ListenSocket& listener : listeners_) shutdown(listener.fd(), SHUT_RDWR);
  for (std::thread& acceptor : acceptors_) acceptor.join();
  // From here on nobody adds a client any more.
  for (Client& client : clients_) client.thread.join();
}

void WireServer::Accept(int listener) {
  while (WaitForRoom()) {
    if (const auto socket = AcceptOne(listener)) {
      Welcome(*socket);
      continue;
    }
    if (errno == EINVAL) return;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPauseAfterFailure, [this] { return stopping_; });
  }
}

bool WireServer::WaitForRoom() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || open_ < settings_.max_connections; });
  return !stopping_;
}

void WireServer::Welcome(int socket) {
  const std::lock_guard lock(mutex_);
  std::erase_if(clients_, [](Client& client) {
    if (client.connection) return false;
    client.thread.join();
    return true;
  });
  Client& client = clients_.emplace_back();
  client.connection.emplace(socket, settings_.idle_timeout);
  ++open_;
  if (stopping_) client.connection->Interrupt();
  client.thread = std::thread([this, &client] { Serve(client); });
}

void WireServer::Serve(Client& client) {
  client.connection->Serve(handler_);
  const std::lock_guard lock(mutex_);
  client.connection.reset();
  --open_;
  changed_.notify_all();
}

}  // namespace telnyx_exporter::simulator
