#include "simulation/call_history.h"

#include <algorithm>

namespace telnyx_exporter::simulation {
namespace {

// After this many mean durations none of the present calls is left.
constexpr int kLongSilence = 8;

}  // namespace

CallHistory::CallHistory(const CallProfile& profile, std::uint64_t seed, Instant start)
    : profile_(profile), random_(seed), now_(start - profile.mean_duration * kLongSilence) {
  BeginMany(start);
  now_ = start;
}

void CallHistory::AdvanceTo(Instant time) {
  if (time <= now_) return;
  if (time - now_ > profile_.mean_duration * kLongSilence) {
    EndAll();
    BeginMany(time);
  } else {
    while (next_begins_ <= time) {
      Begin(next_begins_);
      next_begins_ += NextGap();
    }
  }
  now_ = time;
  if (legs_.size() >= forget_at_) Forget(time);
}

Duration CallHistory::NextGap() {
  return random_.Exponential(std::chrono::duration_cast<Duration>(
      std::chrono::duration<double, Duration::period>(profile_.mean_duration) /
      profile_.mean_calls));
}

void CallHistory::Begin(Instant begins) {
  if (last_session_ == 0 || random_.Chance(profile_.new_session_share)) ++last_session_;
  legs_.push_back({.number = ++last_number_,
                   .session = last_session_,
                   .begins = begins,
                   .ends = begins + random_.Exponential(profile_.mean_duration) +
                           std::chrono::milliseconds(1)});
}

void CallHistory::EndAll() {
  const Instant soon = now_ + std::chrono::nanoseconds(1);
  for (Leg& leg : legs_) leg.ends = std::min(leg.ends, soon);
}

// What a long silence leads to, without all the calls that came and went in it.
void CallHistory::BeginMany(Instant time) {
  if (profile_.mean_calls <= 0) return;
  const auto calls =
      static_cast<std::size_t>(profile_.mean_calls * (0.5 + random_.Real()) + random_.Real());
  std::vector<Instant> begins;
  for (std::size_t i = 0; i < calls; ++i) {
    const Instant begin = time - random_.Exponential(profile_.mean_duration);
    begins.push_back(std::max(begin, now_ + std::chrono::nanoseconds(1)));
  }
  std::ranges::sort(begins);
  for (const Instant begin : begins) {
    Begin(begin);
    legs_.back().ends += time - begin;
  }
  next_begins_ = time + NextGap();
}

void CallHistory::Forget(Instant time) {
  const Instant since = std::min(time, keep_since_.value_or(time));
  std::erase_if(legs_, [since](const Leg& leg) { return leg.ends <= since; });
  forget_at_ = 64 + 2 * legs_.size();
}

}  // namespace telnyx_exporter::simulation
