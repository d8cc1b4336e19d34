#include "support/scripted_server.h"

#include <array>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace telnyx_exporter {
namespace {

sockaddr_in LoopbackAddress(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

LoopbackSocket BindToLoopback() {
  const int bound = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = LoopbackAddress(0);
  socklen_t size = sizeof address;
  if (bind(bound, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(bound, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no loopback port");
  }
  return {.socket = bound, .port = ntohs(address.sin_port)};
}

bool SendAll(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// Passes on what can be read; false at the end.
bool PassOn(int from, int to) {
  std::array<char, 16384> buffer{};
  const ssize_t got = recv(from, buffer.data(), buffer.size(), 0);
  return got > 0 && SendAll(to, {buffer.data(), static_cast<std::size_t>(got)});
}

}  // namespace

LoopbackSocket ListenOnLoopback() {
  const LoopbackSocket bound = BindToLoopback();
  if (listen(bound.socket, 128) != 0) throw std::runtime_error("cannot listen");
  return bound;
}

RefusingPort::RefusingPort() : bound_(BindToLoopback()) {}
RefusingPort::~RefusingPort() { close(bound_.socket); }

std::string OkResponse(std::string_view body, std::string_view headers) {
  std::string response = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size());
  response.append("\r\n").append(headers).append("\r\n").append(body);
  return response;
}

std::optional<std::string> ScriptedServer::Connection::ReadRequest() {
  constexpr std::string_view kEnd = "\r\n\r\n";
  std::array<char, 4096> buffer{};
  std::size_t end = 0;
  while ((end = unread_.find(kEnd)) == std::string::npos) {
    const ssize_t got = recv(socket_, buffer.data(), buffer.size(), 0);
    if (got <= 0) return std::nullopt;
    unread_.append(buffer.data(), static_cast<std::size_t>(got));
  }
  std::string head = unread_.substr(0, end + kEnd.size());
  unread_.erase(0, head.size());
  server_.Record(head);
  return head;
}

bool ScriptedServer::Connection::Send(std::string_view bytes) { return SendAll(socket_, bytes); }

void ScriptedServer::Connection::WaitForClose() {
  std::array<char, 4096> buffer{};
  while (recv(socket_, buffer.data(), buffer.size(), 0) > 0) {
  }
}

void ScriptedServer::Connection::ResetOnClose() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void ScriptedServer::Connection::Tunnel(std::uint16_t port) {
  const int upstream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = LoopbackAddress(port);
  bool open = connect(upstream, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
              SendAll(upstream, unread_);
  unread_.clear();
  while (open) {
    std::array<pollfd, 2> ends{pollfd{.fd = socket_, .events = POLLIN, .revents = 0},
                               pollfd{.fd = upstream, .events = POLLIN, .revents = 0}};
    if (poll(ends.data(), ends.size(), -1) < 0) break;
    if (ends[0].revents != 0) open = PassOn(socket_, upstream);
    if (open && ends[1].revents != 0) open = PassOn(upstream, socket_);
  }
  close(upstream);
}

ScriptedServer::ScriptedServer(Script script) : script_(std::move(script)) {
  const LoopbackSocket listener = ListenOnLoopback();
  listener_ = listener.socket;
  port_ = listener.port;
  acceptor_ = std::thread([this] { Accept(); });
}

ScriptedServer::~ScriptedServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
  }
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  // Only the acceptor starts threads, so the list is final.
  for (std::thread& thread : threads_) thread.join();
}

std::string ScriptedServer::url() const { return "http://127.0.0.1:" + std::to_string(port_); }

void ScriptedServer::Accept() {
  for (;;) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      close(socket);
      return;
    }
    ++accepted_;
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] { Serve(socket); });
    changed_.notify_all();
  }
}

void ScriptedServer::Serve(int socket) {
  Connection connection(*this, socket);
  script_(connection);
  const std::lock_guard lock(mutex_);
  std::erase(sockets_, socket);
  close(socket);
  changed_.notify_all();
}

void ScriptedServer::Record(std::string head) {
  std::function<void()> on_request;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(head));
    on_request = on_request_;
    changed_.notify_all();
  }
  if (on_request) on_request();
}

void ScriptedServer::OnRequest(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  on_request_ = std::move(callback);
}

std::vector<std::string> ScriptedServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t ScriptedServer::accepted() const {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

std::size_t ScriptedServer::open_connections() const {
  const std::lock_guard lock(mutex_);
  return sockets_.size();
}

void ScriptedServer::WaitForRequests(std::size_t count) const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return requests_.size() >= count; });
}

void ScriptedServer::WaitForNoConnections() const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return sockets_.empty(); });
}

ScriptedServer::Script ScriptedServer::Always(std::string response) {
  return [response = std::move(response)](Connection& connection) {
    while (connection.ReadRequest() && connection.Send(response)) {
    }
  };
}

ScriptedServer::Script ScriptedServer::Once(std::string response) {
  return [response = std::move(response)](Connection& connection) {
    if (connection.ReadRequest()) connection.Send(response);
  };
}

ScriptedServer::Script ScriptedServer::Never() {
  return [](Connection& connection) {
    if (connection.ReadRequest()) connection.WaitForClose();
  };
}

}  // namespace telnyx_exporter
