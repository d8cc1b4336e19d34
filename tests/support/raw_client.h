#pragma once

// A client that does what no HTTP library would: sends bytes when it likes and reads as it likes.

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace telnyx_exporter {

class RawClient {
 public:
  /// Connects to "127.0.0.1:PORT", from `source` when that is given. Throws when something takes a
  /// minute.
  /// Its socket buffers little, and so does the server's for it: on loopback a client that does not
  /// read would otherwise hold 5 MB, and sixty of them all of a small machine's TCP memory.
  explicit RawClient(const std::string& address, const std::string& source = {})
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (socket_ < 0) throw std::runtime_error("no socket");
    const timeval patience{.tv_sec = 60, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const int received_bytes = 64 << 10;
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &received_bytes, sizeof received_bytes);
    const int segment_bytes = 1448;  // as on Ethernet; the sender's buffer grows with it
    setsockopt(socket_, IPPROTO_TCP, TCP_MAXSEG, &segment_bytes, sizeof segment_bytes);
    if (!source.empty()) {
      const sockaddr_in from = AddressOf(source, 0);
      bind(socket_, reinterpret_cast<const sockaddr*>(&from), sizeof from);
    }
    const std::size_t colon = address.rfind(':');
    const sockaddr_in to =
        AddressOf(address.substr(0, colon), std::stoi(address.substr(colon + 1)));
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
      throw std::runtime_error("cannot connect");
    }
  }
  RawClient(RawClient&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  RawClient& operator=(RawClient&& other) noexcept {
    std::swap(socket_, other.socket_);
    return *this;
  }
  ~RawClient() {
    if (socket_ >= 0) close(socket_);
  }

  /// False when the server has closed.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        throw std::runtime_error("the server does not read");
      }
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Each piece that is sent travels on its own from now on.
  void SendWithoutDelay() {
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  /// Drops what comes from now on, as a peer does whose network has gone. What came before is
  /// acknowledged at once; the sender makes no progress after that.
  void StopReceiving() {
    sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    const sock_fprog program{.len = 1, .filter = &drop};
    const int now = 1;
    if (setsockopt(socket_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0 ||
        setsockopt(socket_, IPPROTO_TCP, TCP_QUICKACK, &now, sizeof now) != 0) {
      throw std::runtime_error("cannot stop receiving");
    }
  }

  void FinishSending() { shutdown(socket_, SHUT_WR); }

  /// Reads until `text` has come or the server closes; returns all that came.
  std::string ReadUntil(std::string_view text) {
    std::string answer;
    while (answer.find(text) == std::string::npos) {
      const std::string piece = Read(4096);
      if (piece.empty()) break;
      answer += piece;
    }
    return answer;
  }

  /// Reads until the server closes.
  std::string ReadToEnd() {
    std::string answer;
    char buffer[65536];
    while (true) {
      const ssize_t size = ReceiveSome(buffer, sizeof buffer);
      if (size <= 0) return answer;
      answer.append(buffer, static_cast<std::size_t>(size));
    }
  }

  enum class End { kClosed, kReset, kEnough };
  struct Received {
    std::string bytes;
    End end = End::kEnough;
  };
  /// Reads until the server ends the connection or there are `enough` bytes, and says which.
  Received Receive(std::size_t enough = std::string::npos) {
    Received received;
    char buffer[4096];
    while (received.bytes.size() < enough) {
      const ssize_t bytes = ReceiveSome(buffer, sizeof buffer);
      if (bytes <= 0) {
        received.end = bytes < 0 && errno == ECONNRESET ? End::kReset : End::kClosed;
        break;
      }
      received.bytes.append(buffer, static_cast<std::size_t>(bytes));
    }
    return received;
  }

  /// At most so many bytes; empty when the server has closed.
  std::string Read(std::size_t most) {
    std::string piece(most, '\0');
    const ssize_t size = ReceiveSome(piece.data(), piece.size());
    piece.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return piece;
  }

 private:
  ssize_t ReceiveSome(char* buffer, std::size_t size) {
    const ssize_t bytes = recv(socket_, buffer, size, 0);
    if (bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      throw std::runtime_error("the server neither sends nor closes");
    }
    return bytes;
  }
  static sockaddr_in AddressOf(const std::string& host, int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    return address;
  }

  int socket_;
};

}  // namespace telnyx_exporter
