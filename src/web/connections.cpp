#include "web/connections.h"

#include <sys/socket.h>

namespace telnyx_exporter {
namespace {

// The serving thread sees the end of the stream, whatever the client does, and closes the socket.
void End(int socket) { shutdown(socket, SHUT_RDWR); }

}  // namespace

void Connections::Add(int socket, const std::string& peer) {
  const std::lock_guard lock(mutex_);
  for (const int ended : table_.Add(socket, peer, clock_.Now())) End(ended);
}

void Connections::Started(int socket) {
  const std::lock_guard lock(mutex_);
  table_.Started(socket);
}

void Connections::RequestBegan(int socket) {
  const std::lock_guard lock(mutex_);
  table_.RequestBegan(socket, clock_.Now());
}

void Connections::AnswerBegan(int socket) {
  const std::lock_guard lock(mutex_);
  table_.AnswerBegan(socket, clock_.Now());
}

void Connections::AnswerEnded(int socket) {
  const std::lock_guard lock(mutex_);
  if (table_.AnswerEnded(socket, clock_.Now())) End(socket);
}

void Connections::Remove(int socket) {
  {
    const std::lock_guard lock(mutex_);
    table_.Remove(socket);
  }
  removed_.notify_all();
}

void Connections::EndExpired() {
  const std::lock_guard lock(mutex_);
  for (const int ended : table_.TakeExpired(clock_.Now())) End(ended);
}

void Connections::EndAll() {
  const std::lock_guard lock(mutex_);
  for (const int ended : table_.TakeAll()) End(ended);
}

bool Connections::EndOldest() {
  const std::lock_guard lock(mutex_);
  const auto oldest = table_.TakeOldest();
  if (oldest) End(*oldest);
  return oldest.has_value();
}

bool Connections::empty() const {
  const std::lock_guard lock(mutex_);
  return table_.size() == 0;
}

bool Connections::WaitForRoom(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return removed_.wait_for(lock, patience, [this] { return table_.size() < most_; });
}

}  // namespace telnyx_exporter
