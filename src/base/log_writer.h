#pragma once

// Writes log lines on a thread of its own, so that a reader who does not read (a full pipe, a
// stopped terminal) delays nobody who logs. main() makes one for standard error.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace telnyx_exporter {

class LogWriter {
 public:
  /// The line, its newline included, that says how many lines were lost.
  using DescribeLoss = std::function<std::string(std::uint64_t lines)>;

  static constexpr std::size_t kMaxWaitingBytes = std::size_t{1} << 20U;

  /// Writes to `descriptor`, which stays the caller's. Lines that do not fit into
  /// `max_waiting_bytes` together with those that wait are lost, and so is what cannot be written;
  /// `describe_loss` is written as soon as lines flow again.
  LogWriter(int descriptor, DescribeLoss describe_loss,
            std::size_t max_waiting_bytes = kMaxWaitingBytes);
  /// Writes what still waits, but for a quarter of a second at most.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// Takes a line, its newline included. Any thread; never waits for the reader.
  void Write(std::string_view line);

  /// Since the start. Any thread.
  std::uint64_t lines_lost() const;

 private:
  struct Queue;

  // Shared with the thread, which stays behind when the system does not let it go.
  const std::shared_ptr<Queue> queue_;
  std::thread thread_;
};

}  // namespace telnyx_exporter
