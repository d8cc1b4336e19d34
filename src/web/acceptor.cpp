#include "web/acceptor.h"

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace telnyx_exporter {
namespace {

constexpr int kSweepMilliseconds = 500;
constexpr int kMostAtOnce = 64;  // from one listener, before the others get their turn
constexpr std::chrono::milliseconds kPatience(100);
constexpr int kMaxUnsentBytes = 128 << 10;
constexpr std::size_t kV6PrefixBytes = 8;
constexpr std::size_t kMappedV4Offset = 12;

bool IsShortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

std::string Bytes(const void* data, std::size_t size) {
  return {static_cast<const char*>(data), size};
}

// How much the client's machine has acknowledged; for a local socket, how much it has yet to read.
std::uint64_t PositionOf(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
      size >= offsetof(tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked) {
    return info.tcpi_bytes_acked;
  }
  int unread = 0;
  ioctl(socket, SIOCOUTQ, &unread);
  return static_cast<std::uint64_t>(unread);
}

// The rest of an answer waits in its body, which clients share, is counted and is bounded. The
// kernel would keep 4 MiB or less of it for each client that does not read.
void BoundUnsentBytes(int socket) {
  setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kMaxUnsentBytes, sizeof kMaxUnsentBytes);
}

}  // namespace

std::string PeerOf(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return Bytes(&v4.sin_addr, sizeof v4.sin_addr);
  }
  if (address->sa_family != AF_INET6) return {};
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    return Bytes(&v6.sin6_addr.s6_addr[kMappedV4Offset], sizeof(in_addr));
  }
  return Bytes(&v6.sin6_addr, kV6PrefixBytes);
}

ClientSockets::ClientSockets(const ClientLimits& limits, const Clock& clock, OnLeaving on_leaving)
    : most_(limits.total + kSlack),
      clock_(clock),
      on_leaving_(std::move(on_leaving)),
      table_(limits, PositionOf) {}

void ClientSockets::Started(int socket) {
  const std::lock_guard lock(mutex_);
  table_.Started(socket);
}

void ClientSockets::Remove(int socket) {
  {
    const std::lock_guard lock(mutex_);
    table_.Remove(socket);
  }
  removed_.notify_all();
}

void ClientSockets::EndExpired() {
  const std::lock_guard lock(mutex_);
  End(table_.TakeExpired(clock_.Now()));
}

void ClientSockets::EndAll() {
  const std::lock_guard lock(mutex_);
  End(table_.TakeAll());
}

void ClientSockets::EndOldest() {
  const std::lock_guard lock(mutex_);
  End(table_.TakeOldest());
}

bool ClientSockets::empty() const {
  const std::lock_guard lock(mutex_);
  return table_.size() == 0;
}

bool ClientSockets::WaitForRoom(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return removed_.wait_for(lock, patience, [this] { return table_.size() < most_; });
}

void ClientSockets::End(const std::vector<ClientTable::Leaving>& leaving) {
  for (const ClientTable::Leaving& client : leaving) {
    shutdown(client.id, SHUT_RDWR);
    if (on_leaving_) on_leaving_(client.reason);
  }
}

Acceptor::Acceptor(std::vector<ListenSocket> listeners, ClientSockets& clients, HandOver hand_over)
    : listeners_(std::move(listeners)),
      clients_(clients),
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
    clients_.EndExpired();
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      if ((polled_[i].revents & POLLIN) != 0) AcceptFrom(polled_[i].fd);
    }
  }
}

// Or for the next sweep. False: it has to stop.
bool Acceptor::WaitForClients() {
  const int timeout = clients_.empty() ? -1 : kSweepMilliseconds;
  if (poll(polled_.data(), polled_.size(), timeout) < 0) {
    for (pollfd& polled : polled_) polled.revents = 0;
  }
  return polled_.back().revents == 0;
}

void Acceptor::AcceptFrom(int listener) {
  for (int i = 0; i < kMostAtOnce && clients_.WaitForRoom(kPatience); ++i) {
    sockaddr_storage storage{};
    auto* const address = reinterpret_cast<sockaddr*>(&storage);
    socklen_t size = sizeof storage;
    const int socket = accept4(listener, address, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket >= 0) {
      Serve(socket, address, size);
      continue;
    }
    // Without a descriptor accept does not even say whether a client waits: for the first one, poll
    // has said it.
    if (!IsShortage(errno) || i > 0) return;
    // It stays in the queue until another one, and no more than one at a time, has given its
    // descriptor back.
    clients_.EndOldest();
    poll(&polled_.back(), 1, static_cast<int>(kPatience.count()));
    return;
  }
}

void Acceptor::Serve(int socket, const sockaddr* address, socklen_t size) {
  BoundUnsentBytes(socket);
  clients_.Tell(&ClientTable::Add, socket, PeerOf(address));
  if (!hand_over_(socket, address, size)) clients_.Remove(socket);
}

}  // namespace telnyx_exporter
