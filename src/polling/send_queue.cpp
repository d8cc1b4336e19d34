#include "polling/send_queue.h"

#include <algorithm>
#include <utility>

namespace telnyx_exporter {

void SendQueue::AddNewPoll(ConnectionKey connection, Instant now) {
  to_begin_.push_back({connection, now});
}

void SendQueue::AddNextRequest(Sender sender, Instant now) {
  to_continue_.push_back({sender, now});
}

void SendQueue::Remove(Sender sender) {
  for (auto* queue : {&to_continue_, &to_begin_}) {
    std::erase_if(*queue, [&](const Waiting& waiting) { return waiting.sender == sender; });
  }
}

std::deque<ConnectionKey> SendQueue::TakeNewPolls() {
  std::deque<ConnectionKey> taken;
  for (const Waiting& waiting : std::exchange(to_begin_, {})) taken.push_back(*waiting.sender);
  return taken;
}

std::optional<Instant> SendQueue::NextTurn(Instant now) const {
  if (empty()) return std::nullopt;
  return now + limiter_.WaitTime(now);
}

std::optional<SendQueue::Turn> SendQueue::TakeTurn(Instant now) {
  if (empty()) {
    held_back_since_.reset();
    return std::nullopt;
  }
  if (limiter_.WaitTime(now) > Duration::zero()) {
    if (!held_back_since_) held_back_since_ = now;
    return std::nullopt;
  }
  auto& queue = to_continue_.empty() ? to_begin_ : to_continue_;
  const Waiting waiting = queue.front();
  queue.pop_front();
  limiter_.Take(now);
  const Turn turn{.sender = waiting.sender, .held_back_by_limit = HeldBack(waiting.since, now)};
  if (empty()) held_back_since_.reset();
  return turn;
}

Duration SendQueue::HeldBack(Instant since, Instant now) const {
  if (!held_back_since_) return Duration::zero();
  return now - std::max(since, *held_back_since_);
}

}  // namespace telnyx_exporter
