#pragma once

// The connection table for several threads, with the power to end connections: the accepting thread
// adds them and sweeps, the serving threads report what each does.

#include <condition_variable>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "web/connection_table.h"

namespace telnyx_exporter {

class Connections {
 public:
  Connections(const ConnectionLimits& limits, const Clock& clock)
      : most_(limits.total + kSlack), table_(limits), clock_(clock) {}

  /// As in ConnectionTable; the id is the socket. Whoever has to end for it is being ended.
  void Add(int socket, const std::string& peer);
  void Started(int socket);
  void RequestBegan(int socket);
  void AnswerBegan(int socket);
  void AnswerEnded(int socket);
  /// Before the socket is closed, and never later: its number may be another one's then.
  void Remove(int socket);

  void EndExpired();
  void EndAll();
  /// False: there was none to end.
  bool EndOldest();

  bool empty() const;
  /// Waits until connections that are being ended are gone, at most `patience`. False: there are
  /// still too many for one more.
  bool WaitForRoom(std::chrono::milliseconds patience);

 private:
  // How many may be on their way out.
  static constexpr std::size_t kSlack = 64;

  const std::size_t most_;
  mutable std::mutex mutex_;  // guards the table
  std::condition_variable removed_;
  ConnectionTable table_;
  const Clock& clock_;
};

}  // namespace telnyx_exporter
