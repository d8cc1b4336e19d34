#pragma once

#include <cerrno>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace telnyx_exporter::simulator {

/// A client that sends and shows bytes as they are.
class RawClient {
 public:
  /// `address` is "127.0.0.1:PORT".
  explicit RawClient(const std::string& address)
      : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in target{};
    target.sin_family = AF_INET;
    target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    target.sin_port =
        htons(static_cast<in_port_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    if (connect(socket_, reinterpret_cast<sockaddr*>(&target), sizeof target) != 0) {
      throw std::runtime_error("cannot connect to " + address);
    }
  }
  ~RawClient() { close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  enum class End { kClosed, kReset, kEnough };
  struct Received {
    std::string bytes;
    End end = End::kEnough;
  };
  /// Reads until the server ends the connection or there are `enough` bytes.
  Received Receive(std::size_t enough = std::string::npos) {
    Received received;
    char buffer[4096];
    while (received.bytes.size() < enough) {
      const ssize_t bytes = recv(socket_, buffer, sizeof buffer, 0);
      if (bytes <= 0) {
        received.end = bytes < 0 && errno == ECONNRESET ? End::kReset : End::kClosed;
        break;
      }
      received.bytes.append(buffer, static_cast<std::size_t>(bytes));
    }
    return received;
  }

 private:
  int socket_;
};

}  // namespace telnyx_exporter::simulator
