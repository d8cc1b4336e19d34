// A TCP proxy that makes a server seem far away: every byte arrives later, in both directions, and
// as fast one after the other as it was sent. The benchmarks put it in front of nginx.
//
//   delaying_proxy PORT MILLISECONDS
//
// Forwards to 127.0.0.1:PORT. MILLISECONDS is the round trip that it adds, half of it in each
// direction. Prints the port of 127.0.0.1 on which it listens, and runs until it is killed.

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = std::size_t{64} * 1024;

struct Chunk {
  Clock::time_point due;
  std::string bytes;  // none: the sender has closed
};

// One end of a proxied connection, with what is on its way to it.
struct Socket {
  int descriptor = -1;
  Socket* other = nullptr;
  std::deque<Chunk> arriving;
  std::size_t sent = 0;  // of the first chunk
  bool blocked = false;  // the kernel takes no more at present
  bool closed = false;
};

class Proxy {
 public:
  Proxy(int port, Clock::duration delay)
      : target_(Loopback(port)), delay_(delay), epoll_(epoll_create1(0)), listener_(Listen()) {}

  int port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

  [[noreturn]] void Run() {
    std::array<epoll_event, 64> events{};
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), events.size(), MillisecondsUntilDue());
      for (const auto& event :
           std::span(events).first(static_cast<std::size_t>(std::max(count, 0)))) {
        Handle(event);
      }
      for (const auto& [descriptor, socket] : sockets_) Deliver(*socket);
      std::erase_if(sockets_, [](const auto& entry) { return IsOver(*entry.second); });
    }
  }

 private:
  static sockaddr_in Loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  int Listen() const {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Loopback(0);
    if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener, SOMAXCONN) != 0) {
      std::perror("delaying_proxy");
      std::exit(1);
    }
    epoll_event event{.events = EPOLLIN, .data = {.fd = listener}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, listener, &event);
    return listener;
  }

  void Accept() {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client < 0) return;
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(server, reinterpret_cast<const sockaddr*>(&target_), sizeof target_) != 0) {
      close(client);
      close(server);
      return;
    }
    Socket& first = Add(client);
    Socket& second = Add(server);
    first.other = &second;
    second.other = &first;
  }

  Socket& Add(int descriptor) {
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.fd = descriptor}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
    auto& socket = sockets_[descriptor] = std::make_unique<Socket>();
    socket->descriptor = descriptor;
    return *socket;
  }

  void Handle(const epoll_event& event) {
    if (event.data.fd == listener_) return Accept();
    Socket& socket = *sockets_.at(event.data.fd);
    if ((event.events & EPOLLOUT) != 0) socket.blocked = false;
    if ((event.events & ~EPOLLOUT) != 0) Receive(socket);
  }

  // Everything that is there: the proxy delays and never slows down.
  void Receive(Socket& socket) {
    const Clock::time_point due = Clock::now() + delay_;
    for (;;) {
      const ssize_t count = recv(socket.descriptor, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      if (count < 0 && errno == EAGAIN) return;
      const std::size_t bytes = count > 0 ? static_cast<std::size_t>(count) : 0;
      socket.other->arriving.push_back({due, std::string(buffer_.data(), bytes)});
      if (bytes == 0) return;
    }
  }

  static void Deliver(Socket& socket) {
    const Clock::time_point now = Clock::now();
    while (!socket.blocked && !socket.arriving.empty() && socket.arriving.front().due <= now) {
      const std::string& bytes = socket.arriving.front().bytes;
      const ssize_t count = send(socket.descriptor, bytes.data() + socket.sent,
                                 bytes.size() - socket.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count < 0 && errno == EAGAIN) {
        socket.blocked = true;
      } else if (count < 0 || bytes.empty()) {
        Close(socket);
      } else {
        socket.sent += static_cast<std::size_t>(count);
        if (socket.sent < bytes.size()) continue;
        socket.sent = 0;
        socket.arriving.pop_front();
      }
    }
  }

  // Both ends: who stops sending wants no answer here.
  static void Close(Socket& socket) {
    for (Socket* const end : {&socket, socket.other}) {
      if (!end->closed) shutdown(end->descriptor, SHUT_RDWR);
      end->closed = true;
      end->arriving.clear();
    }
  }

  static bool IsOver(const Socket& socket) {
    if (socket.closed) close(socket.descriptor);
    return socket.closed;
  }

  int MillisecondsUntilDue() const {
    Clock::time_point next = Clock::time_point::max();
    for (const auto& [descriptor, socket] : sockets_) {
      if (!socket->blocked && !socket->arriving.empty()) {
        next = std::min(next, socket->arriving.front().due);
      }
    }
    if (next == Clock::time_point::max()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
    return static_cast<int>(std::max<std::int64_t>(left, 0));
  }

  const sockaddr_in target_;
  const Clock::duration delay_;
  const int epoll_;
  const int listener_;
  std::unordered_map<int, std::unique_ptr<Socket>> sockets_;
  std::vector<char> buffer_ = std::vector<char>(kReadBytes);
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: delaying_proxy PORT MILLISECONDS\n");
    return 2;
  }
  const std::chrono::microseconds round_trip = std::chrono::milliseconds(std::atoi(argv[2]));
  Proxy proxy(std::atoi(argv[1]), round_trip / 2);
  std::printf("%d\n", proxy.port());
  std::fflush(stdout);
  proxy.Run();
}
