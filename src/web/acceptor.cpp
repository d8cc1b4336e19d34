#include "web/acceptor.h"

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "web/peer.h"

namespace telnyx_exporter {
namespace {

constexpr int kSweepMilliseconds = 500;
constexpr int kMostAtOnce = 64;  // from one address, before the others get their turn
constexpr std::chrono::milliseconds kPatience(100);

bool IsShortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

Acceptor::Acceptor(std::vector<ListenSocket> listeners, Connections& connections,
                   HandOver hand_over)
    : listeners_(std::move(listeners)),
      connections_(connections),
      hand_over_(std::move(hand_over)),
      stop_event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (stop_event_ < 0) throw std::runtime_error("no event descriptor for the web server");
  for (const ListenSocket& listener : listeners_) {
    polled_.push_back({.fd = listener.fd(), .events = POLLIN, .revents = 0});
  }
  polled_.push_back({.fd = stop_event_, .events = POLLIN, .revents = 0});
  thread_ = std::thread([this] { Run(); });
}

Acceptor::~Acceptor() {
  eventfd_write(stop_event_, 1);
  thread_.join();
  close(stop_event_);
}

void Acceptor::Run() {
  while (WaitForClients()) {
    connections_.EndExpired();
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      if ((polled_[i].revents & POLLIN) != 0) AcceptFrom(polled_[i].fd);
    }
  }
}

// Or for the next sweep. False: it has to stop.
bool Acceptor::WaitForClients() {
  const int timeout = connections_.empty() ? -1 : kSweepMilliseconds;
  if (poll(polled_.data(), polled_.size(), timeout) < 0) {
    for (pollfd& polled : polled_) polled.revents = 0;
  }
  return polled_.back().revents == 0;
}

void Acceptor::AcceptFrom(int listener) {
  for (int i = 0; i < kMostAtOnce && connections_.WaitForRoom(kPatience); ++i) {
    sockaddr_storage storage{};
    auto* const address = reinterpret_cast<sockaddr*>(&storage);
    socklen_t size = sizeof storage;
    const int socket = accept4(listener, address, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket >= 0) {
      Serve(socket, address, size);
      continue;
    }
    // The client stays in the queue until another connection has given its descriptor back.
    if (IsShortage(errno) && !connections_.EndOldest()) {
      poll(&polled_.back(), 1, static_cast<int>(kPatience.count()));
    }
    return;
  }
}

void Acceptor::Serve(int socket, const sockaddr* address, socklen_t size) {
  connections_.Add(socket, PeerOf(address));
  if (!hand_over_(socket, address, size)) connections_.Remove(socket);
}

}  // namespace telnyx_exporter
