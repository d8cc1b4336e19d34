#include "web/clients.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace telnyx_exporter {

ClientTable::ClientTable(const ClientLimits& limits, PositionOf position_of)
    : limits_(limits), position_of_(std::move(position_of)) {}

std::vector<ClientTable::Leaving> ClientTable::Add(Id id, const std::string& peer, Instant now) {
  Remove(id);
  std::vector<Leaving> leaving;
  const auto make_room = [&](const auto& full, const std::string* whose) {
    while (full()) {
      const auto oldest = TakeOldestOf(whose);
      if (!oldest) return;
      leaving.push_back(*oldest);
    }
  };
  if (!peer.empty()) make_room([&] { return CountOf(peer) >= limits_.of_one_peer; }, &peer);
  make_room([&] { return clients_.size() - leaving_ >= limits_.total; }, nullptr);
  Client& client = clients_[id];
  client.peer = peer;
  Enter(client, Phase::kReading, now + limits_.request);
  ++counts_[peer];
  return leaving;
}

void ClientTable::Started(Id id) {
  if (Client* client = Find(id)) client->started = true;
}

void ClientTable::RequestBegan(Id id, Instant now) {
  Client* client = Find(id);
  // The first request's time began when the client was accepted.
  if (client == nullptr || client->phase != Phase::kWaiting) return;
  Enter(*client, Phase::kReading, now + limits_.request);
}

void ClientTable::CheckBegan(Id id, Instant now) {
  if (Client* client = Find(id)) Enter(*client, Phase::kChecking, now + limits_.answer);
}

void ClientTable::AnswerBegan(Id id, Instant now) {
  Client* client = Find(id);
  if (client == nullptr || client->leaving) return;
  Enter(*client, Phase::kAnswering, now + limits_.answer);
}

std::vector<ClientTable::Leaving> ClientTable::BodyBegan(Id id, WaitingBody body, Instant now) {
  Client* client = Find(id);
  if (client == nullptr || client->leaving || client->phase != Phase::kAnswering) return {};
  ReleaseBody(*client);
  std::vector<Leaving> leaving;
  if (limits_.answers > 0 && answers_ >= limits_.answers) {
    RecordProgress(now);
    const auto stalled = TakeStalled([](const Client&) { return true; });
    if (stalled) leaving.push_back(*stalled);
  }
  Handler& handler = handlers_[body.handler];
  SharedBody& shared = handler.waiting[body.identity];
  shared.bytes = body.bytes;
  ++shared.clients;
  handler.newest = body.identity;
  handler.newest_bytes = body.bytes;
  client->body = std::move(body);
  client->position = position_of_(id);
  client->progressed = now;
  ++answers_;
  if (superseded_bytes() <= AllowedSupersededBytes()) return leaving;
  RecordProgress(now);
  while (superseded_bytes() > AllowedSupersededBytes()) {
    const auto stalled = TakeStalled(
        [this](const Client& other) { return other.body && IsSuperseded(*other.body); });
    if (!stalled) break;
    leaving.push_back(*stalled);
  }
  return leaving;
}

std::vector<ClientTable::Leaving> ClientTable::AnswerEnded(Id id, Instant now) {
  Client* client = Find(id);
  if (client == nullptr) return {};
  ReleaseBody(*client);
  Enter(*client, Phase::kWaiting, now + limits_.idle);
  if (!client->leaves_after_answer || client->leaving) return {};
  MarkLeaving(*client);
  return {{.id = id}};
}

void ClientTable::Remove(Id id) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;
  if (!found->second.leaving) MarkLeaving(found->second);
  --leaving_;
  clients_.erase(found);
}

std::vector<ClientTable::Leaving> ClientTable::TakeExpired(Instant now) {
  RecordProgress(now);
  std::vector<Leaving> expired;
  std::vector<Id> lost;
  for (auto& [id, client] : clients_) {
    if (client.leaving || now < client.deadline) continue;
    if (!client.started) {
      lost.push_back(id);
      continue;
    }
    const Reason reason = client.phase == Phase::kWaiting   ? Reason::kIdle
                          : client.phase == Phase::kReading ? Reason::kSlowRequest
                                                            : Reason::kSlowAnswer;
    MarkLeaving(client);
    expired.push_back({.id = id, .reason = reason});
  }
  for (const Id id : lost) Remove(id);
  return expired;
}

std::vector<ClientTable::Leaving> ClientTable::TakeAll() {
  std::vector<Leaving> waiting;
  for (auto& [id, client] : clients_) {
    if (client.leaving) continue;
    const bool answered = client.phase == Phase::kChecking || client.phase == Phase::kAnswering;
    if (client.started && !answered) {
      MarkLeaving(client);
      waiting.push_back({.id = id, .reason = Reason::kMakeRoom});
    } else {
      client.leaves_after_answer = true;
    }
  }
  return waiting;
}

std::vector<ClientTable::Leaving> ClientTable::TakeOldest() {
  const auto oldest = TakeOldestOf(nullptr);
  return oldest ? std::vector{*oldest} : std::vector<Leaving>();
}

std::size_t ClientTable::superseded_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [name, handler] : handlers_) {
    for (const auto& [identity, body] : handler.waiting) {
      if (identity != handler.newest) bytes += body.bytes;
    }
  }
  return bytes;
}

ClientTable::Client* ClientTable::Find(Id id) {
  const auto found = clients_.find(id);
  return found == clients_.end() ? nullptr : &found->second;
}

std::size_t ClientTable::CountOf(const std::string& peer) const {
  const auto found = counts_.find(peer);
  return found == counts_.end() ? 0 : found->second;
}

void ClientTable::Enter(Client& client, Phase phase, Instant deadline) {
  client.phase = phase;
  client.turn = ++turns_;
  client.deadline = deadline;
}

void ClientTable::MarkLeaving(Client& client) {
  ReleaseBody(client);
  client.leaving = true;
  ++leaving_;
  if (--counts_[client.peer] == 0) counts_.erase(client.peer);
}

void ClientTable::ReleaseBody(Client& client) {
  if (!client.body) return;
  const auto handler = handlers_.find(client.body->handler);
  auto& waiting = handler->second.waiting;
  const auto body = waiting.find(client.body->identity);
  if (--body->second.clients == 0) waiting.erase(body);
  if (waiting.empty()) handlers_.erase(handler);
  client.body.reset();
  --answers_;
}

// Of all, or of one peer. One that is being answered goes only when no other is left.
std::optional<ClientTable::Leaving> ClientTable::TakeOldestOf(const std::string* peer) {
  const auto rank = [](const Client& client) {
    const bool answered = client.phase == Phase::kChecking || client.phase == Phase::kAnswering;
    return std::pair(answered, client.turn);
  };
  auto oldest = clients_.end();
  for (auto at = clients_.begin(); at != clients_.end(); ++at) {
    const Client& client = at->second;
    if (!client.started || client.leaving) continue;
    if (peer != nullptr && client.peer != *peer) continue;
    if (oldest == clients_.end() || rank(client) < rank(oldest->second)) oldest = at;
  }
  if (oldest == clients_.end()) return std::nullopt;
  MarkLeaving(oldest->second);
  return Leaving{.id = oldest->first, .reason = Reason::kMakeRoom};
}

void ClientTable::RecordProgress(Instant now) {
  for (auto& [id, client] : clients_) {
    if (client.leaving || !client.started || !client.body) continue;
    const std::uint64_t position = position_of_(id);
    if (position == client.position) continue;
    client.position = position;
    client.progressed = now;
  }
}

template <typename Predicate>
std::optional<ClientTable::Leaving> ClientTable::TakeStalled(Predicate matches) {
  const auto rank = [](const Client& client) { return std::tie(client.progressed, client.turn); };
  auto stalled = clients_.end();
  for (auto at = clients_.begin(); at != clients_.end(); ++at) {
    const Client& client = at->second;
    // Without a body it is the handler that takes its time, not the client, or the answer is so
    // short that nothing of it waits.
    if (client.leaving || !client.started || !client.body || !matches(client)) continue;
    if (stalled == clients_.end() || rank(client) < rank(stalled->second)) stalled = at;
  }
  if (stalled == clients_.end()) return std::nullopt;
  MarkLeaving(stalled->second);
  return Leaving{.id = stalled->first, .reason = Reason::kSlowAnswer};
}

bool ClientTable::IsSuperseded(const WaitingBody& body) const {
  const auto handler = handlers_.find(body.handler);
  return handler != handlers_.end() && handler->second.newest != body.identity;
}

std::size_t ClientTable::AllowedSupersededBytes() const {
  std::size_t newest = 0;
  for (const auto& [name, handler] : handlers_) newest = std::max(newest, handler.newest_bytes);
  return std::max(limits_.superseded_bytes, 2 * newest);
}

}  // namespace telnyx_exporter
