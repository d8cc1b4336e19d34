#include "simulator/wire_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdint>
#include <exception>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/time.h>
#include <sys/uio.h>

namespace telnyx_exporter::simulator {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::size_t kMaxHeadBytes = std::size_t{32} * 1024;
constexpr std::size_t kReceiveBytes = std::size_t{16} * 1024;
constexpr int kHeadTooLarge = 431;

void SetSocketTimeout(int socket, int option, Duration timeout) {
  const auto microseconds = std::chrono::ceil<std::chrono::microseconds>(timeout).count();
  const timeval value{.tv_sec = microseconds / 1'000'000, .tv_usec = microseconds % 1'000'000};
  setsockopt(socket, SOL_SOCKET, option, &value, sizeof value);
}

// Sends all bytes of both pieces, as one segment where they fit.
bool SendBoth(int socket, std::string_view first, std::string_view second) {
  while (!first.empty() || !second.empty()) {
    // The system only reads the bytes, but its interface takes them without const.
    std::array<iovec, 2> pieces = {{{const_cast<char*>(first.data()), first.size()},
                                    {const_cast<char*>(second.data()), second.size()}}};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    const ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    const auto bytes = static_cast<std::size_t>(sent);
    const std::size_t of_first = std::min(bytes, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(bytes - of_first);
  }
  return true;
}

WireAnswer AnswerOf(const WireHandler& handler, const HttpRequest& request) {
  try {
    return handler(request);
  } catch (const std::exception&) {
    return HttpResponse{.status = 500};
  }
}

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

Wire::Wire(int socket, Duration idle_timeout) : socket_(socket) {
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  SetSocketTimeout(socket_, SO_RCVTIMEO, idle_timeout);
  SetSocketTimeout(socket_, SO_SNDTIMEO, idle_timeout);
}

void Wire::Serve(const WireHandler& handler) {
  while (ServeOne(handler)) {
  }
}

// False when the connection is to be closed.
bool Wire::ServeOne(const WireHandler& handler) {
  auto head = ReadHead();
  if (!head) return false;
  const auto request = WireRequest::Parse(*head);
  if (!request) return Respond({.status = request.error()}, false, true);
  if (!SkipBody(request->content_length())) return false;
  const WireAnswer answer = AnswerOf(handler, *request);
  if (const auto* script = std::get_if<WireScript>(&answer)) {
    (*script)(*this);
    return false;
  }
  return Respond(std::get<HttpResponse>(answer), request->keep_alive(),
                 request->method() != "HEAD");
}

std::optional<std::string> Wire::ReadHead() {
  std::size_t looked_through = 0;
  std::size_t end = std::string::npos;
  while ((end = received_.find(kEndOfHead, looked_through)) == std::string::npos) {
    if (received_.size() > kMaxHeadBytes) {
      Respond({.status = kHeadTooLarge}, false, true);
      return std::nullopt;
    }
    looked_through = received_.size() - std::min(received_.size(), kEndOfHead.size() - 1);
    if (!Receive()) return std::nullopt;
  }
  std::string head = received_.substr(0, end + kEndOfHead.size());
  received_.erase(0, head.size());
  return head;
}

bool Wire::SkipBody(std::size_t bytes) {
  while (received_.size() < bytes) {
    if (!Receive()) return false;
  }
  received_.erase(0, bytes);
  return true;
}

bool Wire::Receive() {
  std::array<char, kReceiveBytes> buffer;
  ssize_t bytes = -1;
  do {
    bytes = recv(socket_, buffer.data(), buffer.size(), 0);
  } while (bytes < 0 && errno == EINTR);
  if (bytes <= 0) return false;
  received_.append(buffer.data(), static_cast<std::size_t>(bytes));
  return true;
}

bool Wire::Respond(const HttpResponse& response, bool keep_alive, bool with_body) {
  const bool has_body = with_body && response.body != nullptr && StatusHasBody(response.status);
  const std::string_view body = has_body ? std::string_view(*response.body) : std::string_view();
  return SendBoth(socket_, FormatResponseHead(response, keep_alive), body) && keep_alive;
}

bool Wire::Send(std::string_view bytes) { return SendBoth(socket_, bytes, {}); }

bool Wire::Wait(Duration duration) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  pollfd socket{.fd = socket_, .events = POLLRDHUP, .revents = 0};
  int events = -1;
  do {
    events = poll(&socket, 1, static_cast<int>(std::clamp<std::int64_t>(milliseconds, 0, INT_MAX)));
  } while (events < 0 && errno == EINTR);
  return events == 0;
}

void Wire::ResetAtEnd() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

struct WireServer::Client {
  // Gone when the client has left, so that its socket is closed at once.
  std::optional<Wire> connection;
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
  // No acceptor is left that could add a client.
  for (Client& client : clients_) client.thread.join();
}

void WireServer::Accept(int listener) {
  while (WaitForRoom()) {
    if (const auto socket = AcceptOne(listener)) {
      AddClient(*socket);
      continue;
    }
    if (errno == EINVAL) return;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPauseAfterFailure, [this] { return stopping_; });
  }
}

bool WireServer::WaitForRoom() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || open_ < settings_.max_clients; });
  return !stopping_;
}

void WireServer::AddClient(int socket) {
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
