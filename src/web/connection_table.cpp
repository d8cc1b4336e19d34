#include "web/connection_table.h"

#include <algorithm>
#include <utility>

namespace telnyx_exporter {

std::vector<ConnectionTable::Id> ConnectionTable::Add(Id id, const std::string& peer, Instant now) {
  Remove(id);
  std::vector<Id> ended;
  const auto end_while = [&](const auto& full, const std::string* whose) {
    while (full()) {
      const auto oldest = TakeOldestOf(whose);
      if (!oldest) return;
      ended.push_back(*oldest);
    }
  };
  if (!peer.empty()) end_while([&] { return CountOf(peer) >= limits_.of_one_peer; }, &peer);
  end_while([&] { return connections_.size() - ending_ >= limits_.total; }, nullptr);
  connections_.emplace(id, Connection{.peer = peer});
  Enter(id, Phase::kReading, now, limits_.request);
  ++counts_[peer];
  return ended;
}

void ConnectionTable::Started(Id id) {
  if (const auto found = connections_.find(id); found != connections_.end()) {
    found->second.started = true;
  }
}

void ConnectionTable::RequestBegan(Id id, Instant now) {
  const auto found = connections_.find(id);
  // The first request's time began when the connection did.
  if (found == connections_.end() || found->second.phase != Phase::kWaiting) return;
  Enter(id, Phase::kReading, now, limits_.request);
}

void ConnectionTable::AnswerBegan(Id id, Instant now) {
  Enter(id, Phase::kAnswering, now, limits_.response);
}

bool ConnectionTable::AnswerEnded(Id id, Instant now) {
  Enter(id, Phase::kWaiting, now, limits_.idle);
  const auto found = connections_.find(id);
  if (found == connections_.end() || !found->second.ends_after_answer) return false;
  End(found->second);
  return true;
}

void ConnectionTable::Remove(Id id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  if (found->second.ending) {
    --ending_;
  } else if (--counts_[found->second.peer] == 0) {
    counts_.erase(found->second.peer);
  }
  connections_.erase(found);
}

std::vector<ConnectionTable::Id> ConnectionTable::TakeExpired(Instant now) {
  std::vector<Id> expired;
  std::vector<Id> lost;
  for (auto& [id, connection] : connections_) {
    if (connection.ending || now < connection.deadline) continue;
    if (connection.started) {
      End(connection);
      expired.push_back(id);
    } else {
      lost.push_back(id);
    }
  }
  for (const Id id : lost) Remove(id);
  return expired;
}

std::vector<ConnectionTable::Id> ConnectionTable::TakeAll() {
  std::vector<Id> waiting;
  for (auto& [id, connection] : connections_) {
    if (connection.ending) continue;
    if (connection.started && connection.phase != Phase::kAnswering) {
      End(connection);
      waiting.push_back(id);
    } else {
      connection.ends_after_answer = true;
    }
  }
  return waiting;
}

std::optional<ConnectionTable::Id> ConnectionTable::TakeOldest() { return TakeOldestOf(nullptr); }

std::size_t ConnectionTable::CountOf(const std::string& peer) const {
  const auto found = counts_.find(peer);
  return found == counts_.end() ? 0 : found->second;
}

// Of all, or of one peer. One that is being answered goes only when no other is left.
std::optional<ConnectionTable::Id> ConnectionTable::TakeOldestOf(const std::string* peer) {
  const auto rank = [](const Connection& connection) {
    return std::pair(connection.phase == Phase::kAnswering, connection.turn);
  };
  auto oldest = connections_.end();
  for (auto at = connections_.begin(); at != connections_.end(); ++at) {
    const Connection& connection = at->second;
    if (!connection.started || connection.ending) continue;
    if (peer != nullptr && connection.peer != *peer) continue;
    if (oldest == connections_.end() || rank(connection) < rank(oldest->second)) oldest = at;
  }
  if (oldest == connections_.end()) return std::nullopt;
  End(oldest->second);
  return oldest->first;
}

void ConnectionTable::Enter(Id id, Phase phase, Instant now, Duration limit) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  found->second.phase = phase;
  found->second.turn = ++turns_;
  found->second.deadline = now + limit;
}

void ConnectionTable::End(Connection& connection) {
  connection.ending = true;
  ++ending_;
  if (--counts_[connection.peer] == 0) counts_.erase(connection.peer);
}

}  // namespace telnyx_exporter
