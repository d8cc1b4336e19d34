#pragma once

// Which connections there are, what each does and how long it may go on: the policy behind the
// server's limits, without sockets, threads or a clock. Room for a newcomer is made by ending the
// connection that has waited longest, so that whoever asks now gets in.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace telnyx_exporter {

struct ConnectionLimits {
  std::size_t total = 1024;
  std::size_t of_one_peer = 256;
  Duration request = std::chrono::seconds(10);  // from the first byte to the last, or from accept
  Duration idle = std::chrono::minutes(2);      // between two requests
  Duration response = std::chrono::minutes(2);
};

class ConnectionTable {
 public:
  using Id = int;

  explicit ConnectionTable(const ConnectionLimits& limits) : limits_(limits) {}

  /// A connection was accepted and is going to be served. Returns those that have to end for it.
  /// Peers are told apart by `peer`; the empty one has no limit of its own.
  std::vector<Id> Add(Id id, const std::string& peer, Instant now);
  /// The server has it. Before this it is never ended, for its id may be somebody else's soon.
  void Started(Id id);
  /// Its request's first line has come.
  void RequestBegan(Id id, Instant now);
  /// Its request is complete.
  void AnswerBegan(Id id, Instant now);
  /// Its answer was sent, so it waits for the next request. True: it has to end instead.
  bool AnswerEnded(Id id, Instant now);
  void Remove(Id id);

  /// Those whose time is up, each once; they have to end.
  std::vector<Id> TakeExpired(Instant now);
  /// All that wait for a request; they have to end. Those that are being answered end when they are
  /// done.
  std::vector<Id> TakeAll();
  /// The one that has waited longest; it has to end. Nothing when there is none.
  std::optional<Id> TakeOldest();

  std::size_t size() const { return connections_.size(); }
  /// Those that have to end and have not yet.
  std::size_t ending() const { return ending_; }

 private:
  enum class Phase { kWaiting, kReading, kAnswering };

  struct Connection {
    std::string peer;
    Phase phase = Phase::kWaiting;
    std::uint64_t turn = 0;  // when it came into this phase: the lower, the longer ago
    Instant deadline{};
    bool started = false;
    bool ends_after_answer = false;
    bool ending = false;
  };
  using Connections = std::map<Id, Connection>;

  std::size_t CountOf(const std::string& peer) const;
  std::optional<Id> TakeOldestOf(const std::string* peer);
  void Enter(Id id, Phase phase, Instant now, Duration limit);
  void End(Connection& connection);

  const ConnectionLimits limits_;
  Connections connections_;
  std::map<std::string, std::size_t> counts_;  // by peer, without those that are ending
  std::size_t ending_ = 0;
  std::uint64_t turns_ = 0;
};

}  // namespace telnyx_exporter
