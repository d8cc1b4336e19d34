#include "polling/job.h"

#include <algorithm>
#include <utility>

namespace telnyx_exporter {

Instant Job::Wake() const {
  const Instant deadline = sequence ? sequence->deadline() : kNever;
  return std::min({due, retry, deadline, check});
}

WakeSet::Entry WakeSet::EntryOf(Job& job) {
  const std::uint64_t connection =
      job.connection ? static_cast<std::uint64_t>(*job.connection) + 1 : 0;
  return {.when = job.listed,
          .order = (static_cast<std::uint64_t>(job.account) << 32U) + connection,
          .job = &job};
}

void WakeSet::Update(Job& job) {
  const Instant wake = job.Wake();
  if (wake == job.listed) return;
  auto node =
      job.listed == kNever ? decltype(entries_)::node_type() : entries_.extract(EntryOf(job));
  job.listed = wake;
  if (wake == kNever) return;
  if (node.empty()) {
    entries_.insert(EntryOf(job));
  } else {
    node.value() = EntryOf(job);
    entries_.insert(std::move(node));
  }
}

void WakeSet::Remove(Job& job) {
  if (job.listed == kNever) return;
  entries_.erase(EntryOf(job));
  job.listed = kNever;
}

Job* WakeSet::FirstAt(Instant now) const {
  return entries_.empty() || entries_.begin()->when > now ? nullptr : entries_.begin()->job;
}

void SendQueue::AddNewPoll(Job& job, Instant now) {
  to_begin_.push_back({.job = &job, .held_back_before = HeldBackAt(now)});
}

void SendQueue::AddNextRequest(Job& job, Instant now) {
  const Waiting next{.job = &job, .held_back_before = HeldBackAt(now)};
  if (!job.connection) {
    lists_ = next;
    return;
  }
  // Polls may have begun in the same step: one of them goes first each time.
  const auto order = [](const Job& poll) {
    return std::pair(poll.sequence->begun(), poll.connection);
  };
  const auto place = std::ranges::upper_bound(
      to_continue_, order(job), {}, [&](const Waiting& waiting) { return order(*waiting.job); });
  to_continue_.insert(place, next);
}

void SendQueue::Remove(const Job& job) {
  for (auto* queue : {&to_continue_, &to_begin_}) {
    std::erase_if(*queue, [&](const Waiting& waiting) { return waiting.job == &job; });
  }
  if (lists_ && lists_->job == &job) lists_.reset();
}

const SendQueue::Waiting* SendQueue::Find(const Job& job) const {
  for (const auto* queue : {&to_continue_, &to_begin_}) {
    const auto waiting = std::ranges::find(*queue, &job, &Waiting::job);
    if (waiting != queue->end()) return &*waiting;
  }
  return lists_ && lists_->job == &job ? &*lists_ : nullptr;
}

bool SendQueue::IsHeldBackByLimit(const Job& job, Instant now) {
  const Duration held_back = HeldBackAt(now);
  const Waiting* waiting = Find(job);
  return waiting != nullptr && held_back > waiting->held_back_before;
}

std::vector<Job*> SendQueue::TakeNewPolls() {
  std::vector<Job*> taken;
  for (const Waiting& waiting : std::exchange(to_begin_, {})) taken.push_back(waiting.job);
  return taken;
}

std::optional<Instant> SendQueue::NextTurn(Instant now) const {
  if (empty()) return std::nullopt;
  return now + limiter_.WaitTime(now);
}

std::optional<SendQueue::Turn> SendQueue::TakeTurn(Instant now) {
  if (empty() || limiter_.WaitTime(now) > Duration::zero()) return std::nullopt;
  const Waiting waiting = TakeFirst();
  limiter_.CountRequest(now);
  return Turn{.job = waiting.job, .held_back_by_limit = HeldBackAt(now) - waiting.held_back_before};
}

SendQueue::Waiting SendQueue::TakeFirst() {
  auto& polls = to_continue_.empty() ? to_begin_ : to_continue_;
  lists_went_last_ = lists_ && (polls.empty() || !lists_went_last_);
  if (lists_went_last_) {
    const Waiting lists = *lists_;
    lists_.reset();
    return lists;
  }
  const Waiting poll = polls.front();
  polls.pop_front();
  return poll;
}

void SendQueue::NoteWaiting(Instant now, bool free_slots) {
  HeldBackAt(now);
  grows_from_ = std::max(now, limiter_.ApiLimitEnds());
  grows_until_ = free_slots && !empty() ? limiter_.OwnLimitEnds() : grows_from_;
}

Duration SendQueue::HeldBackAt(Instant now) {
  const Instant until = std::min(now, grows_until_);
  if (until > grows_from_) {
    held_back_ += until - grows_from_;
    grows_from_ = until;
  }
  return held_back_;
}

}  // namespace telnyx_exporter
