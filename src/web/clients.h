#pragma once

// Which web clients there are, what each is doing, who has to leave and how much may wait to be
// sent: the policy behind the server's limits, without sockets, threads or a clock. The sockets'
// owner calls it under its lock.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace telnyx_exporter {

struct ClientLimits {
  /// At a limit of clients the one that has waited longest for a request has to leave.
  std::size_t total = 1024;
  /// Of one IPv4 address or one IPv6 network of 64 bits. Many scrapers may share one proxy.
  std::size_t of_one_peer = 256;
  /// Answers in flight, from when their body is known; 0: no limit. At the limit the answer that
  /// has been longest without progress ends, and the newcomer is served.
  std::size_t answers = 40;
  /// Bodies that wait to be sent although their handler has a newer one may take this much, or
  /// twice the newest body if that is more; beyond it the answers longest without progress end.
  std::size_t superseded_bytes = std::size_t{64} << 20U;
  /// Within which a request must have come whole, from its first line on or, for the first of a
  /// client, from its connecting on: time for TLS included.
  Duration request = std::chrono::seconds(10);
  Duration idle = std::chrono::minutes(2);    // before the next request
  Duration answer = std::chrono::minutes(2);  // until the client has read it
};

/// A body that is being sent to a client. One shared by several clients counts once.
struct WaitingBody {
  std::string handler;             // bodies of the same handler supersede each other
  const void* identity = nullptr;  // equal for clients that share the body
  std::size_t bytes = 0;
};

class ClientTable {
 public:
  using Id = int;
  /// A number that changes whenever a client accepts bytes of its answer.
  using PositionOf = std::function<std::uint64_t(Id)>;

  enum class Reason { kMakeRoom, kIdle, kSlowRequest, kSlowAnswer };
  /// A client that has to leave.
  struct Leaving {
    Id id = 0;
    Reason reason = Reason::kMakeRoom;

    bool operator==(const Leaving&) const = default;
  };

  ClientTable(const ClientLimits& limits, PositionOf position_of);

  /// A client was accepted. Returns those that have to leave for it: at a limit the one that has
  /// waited longest for a request, and one that is being answered only when there is no other.
  /// The empty peer has no limit of its own.
  std::vector<Leaving> Add(Id id, const std::string& peer, Instant now);
  /// The server has the client. It never leaves before this, for its id may be reused already.
  void Started(Id id);
  /// A request's first line has come.
  void RequestBegan(Id id, Instant now);
  /// The request waits for a check of its password. The time for an answer runs.
  void CheckBegan(Id id, Instant now);
  /// The request is about to be answered.
  void AnswerBegan(Id id, Instant now);
  /// The body of its answer, the newest one of its handler. Returns those that have to leave, first
  /// the one that has been longest without progress: one at the limit of answers, and as many as
  /// needed where superseded bodies take too much.
  std::vector<Leaving> BodyBegan(Id id, WaitingBody body, Instant now);
  /// The answer was sent. Returns the client when it has to leave now.
  std::vector<Leaving> AnswerEnded(Id id, Instant now);
  void Remove(Id id);

  /// Records which answers have made progress. Returns those whose time is up, each once.
  std::vector<Leaving> TakeExpired(Instant now);
  /// All that wait for a request. Those that are being answered leave when they have their answer.
  std::vector<Leaving> TakeAll();
  /// The one that has waited longest, if there is one.
  std::vector<Leaving> TakeOldest();

  std::size_t size() const { return clients_.size(); }
  /// Those that have to leave and have not yet.
  std::size_t leaving() const { return leaving_; }
  /// Answers whose body is being sent, without those of clients that have to leave.
  std::size_t answers() const { return answers_; }
  /// Bytes of bodies that wait to be sent although their handler has made a newer one.
  std::size_t superseded_bytes() const;

 private:
  enum class Phase { kWaiting, kReading, kChecking, kAnswering };

  struct Client {
    std::string peer;
    Phase phase = Phase::kWaiting;
    std::uint64_t turn = 0;  // when it came into this phase: the lower, the longer ago
    Instant deadline{};
    std::optional<WaitingBody> body;
    std::uint64_t position = 0;
    Instant progressed{};
    bool started = false;
    bool leaves_after_answer = false;
    bool leaving = false;
  };
  using Clients = std::map<Id, Client>;

  struct SharedBody {
    std::size_t bytes = 0;
    std::size_t clients = 0;
  };
  // A handler that has bodies waiting. Its newest one may have been sent already. Kept up to date
  // because every answer needs it: going through 250 clients each time takes half as much CPU
  // again.
  struct Handler {
    std::map<const void*, SharedBody> waiting;
    const void* newest = nullptr;
    std::size_t newest_bytes = 0;
  };

  Client* Find(Id id);
  std::size_t CountOf(const std::string& peer) const;
  void Enter(Client& client, Phase phase, Instant deadline);
  void MarkLeaving(Client& client);
  void ReleaseBody(Client& client);
  std::optional<Leaving> TakeOldestOf(const std::string* peer);
  void RecordProgress(Instant now);
  /// Of the clients that `matches` selects, the one longest without progress leaves.
  template <typename Predicate>
  std::optional<Leaving> TakeStalled(Predicate matches);
  bool IsSuperseded(const WaitingBody& body) const;
  std::size_t AllowedSupersededBytes() const;

  const ClientLimits limits_;
  const PositionOf position_of_;
  Clients clients_;
  std::map<std::string, std::size_t> counts_;  // by peer, without those that are leaving
  std::map<std::string, Handler> handlers_;
  std::size_t leaving_ = 0;
  std::size_t answers_ = 0;
  std::uint64_t turns_ = 0;
};

}  // namespace telnyx_exporter
