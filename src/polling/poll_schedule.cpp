#include "polling/poll_schedule.h"

#include <algorithm>

#include "polling/job.h"
#include "polling/request_sequence.h"

namespace telnyx_exporter {
namespace {

/// Polls of many connections begin together at multiples of this time, as long as their intervals
/// are multiples of it: the process wakes once to send their requests and once or twice for the
/// answers, and an idle processor's wake-up costs more than a small poll.
constexpr Duration kTick = std::chrono::milliseconds(500);

Instant EpochOf(Instant now, WallTime wall_now) { return now - wall_now.time_since_epoch(); }

// The grid whose places in time the wall clock's zero at `epoch` gives.
PollGrid GridOf(Duration interval, std::uint64_t hash, Instant epoch) {
  return PollGrid(interval, hash, epoch, WallTime{});
}

Instant Later(Instant time, Duration duration) {
  return duration > kNever - time ? kNever : time + duration;
}

}  // namespace

PollGrid::PollGrid(Duration interval, std::uint64_t hash, Instant now, WallTime wall_now)
    : interval_(interval) {
  const Duration since_epoch = wall_now.time_since_epoch();
  const auto offset =
      Duration(static_cast<Duration::rep>(hash % static_cast<std::uint64_t>(interval.count())));
  anchor_ = now - since_epoch % interval + (offset - offset % kTick);
}

std::int64_t PollGrid::SlotOf(Instant time) const {
  const Duration distance = time - anchor_;
  const std::int64_t slot = distance / interval_;
  return distance % interval_ < Duration::zero() ? slot - 1 : slot;
}

Instant PollGrid::NextAfter(Instant time) const { return anchor_ + (SlotOf(time) + 1) * interval_; }

std::uint64_t PollGrid::CountBetween(Instant begin, Instant end) const {
  return end <= begin ? 0 : static_cast<std::uint64_t>(SlotOf(end) - SlotOf(begin));
}

PollSchedule::PollSchedule(const PollIntervals& intervals, std::uint64_t hash, Instant now,
                           WallTime wall_now, bool at_once)
    : intervals_(intervals),
      hash_(hash),
      epoch_(EpochOf(now, wall_now)),
      grid_(GridOf(intervals.interval, hash, epoch_)),
      in_force_(InForce(intervals, false, {})),
      due_(at_once ? now : FirstAfter(now)),
      newest_(due_),
      pending_since_(due_) {}

Instant PollSchedule::expiry() const {
  switch (pending_) {
    case Pending::kNothing:
      return kNever;
    case Pending::kExpiry:
      return Later(pending_since_, in_force_.stale_after);
    case Pending::kFirstPoll:
      return Later(pending_since_, std::min(Times(in_force_.interval, kOverdueIntervals),
                                            std::max(Times(grid_.interval(), kOverdueIntervals),
                                                     kFirstResultWithin)));
  }
  return kNever;
}

DemandShare PollSchedule::Demand() const {
  const double requests = RequestsPerSecond(pages_, RefusedInterval(grid_.interval(), refusals_));
  if (!idle()) return {.requests = requests};
  return {.requests = requests, .least = requests * LeastIdleShare(intervals_), .idle = true};
}

Instant PollSchedule::FirstAfter(Instant now) const {
  const Duration within = std::min(intervals_.interval, kFirstPollWithin);
  return GridOf(within, hash_, epoch_).NextAfter(now);
}

Instant PollSchedule::NextAfter(Instant now) const {
  if (!stretched()) return grid_.NextAfter(std::max(now, slow_until_));
  const Duration interval = in_force_.interval;
  const Instant next = std::max(newest_, slow_until_) + interval;
  return next > now ? next : next + ((now - next) / interval + 1) * interval;
}

std::uint64_t PollSchedule::OnDue(Instant now) {
  const Instant due = due_;
  was_due_ = true;
  const std::uint64_t missed = stretched()
                                   ? static_cast<std::uint64_t>((now - due) / in_force_.interval)
                                   : grid_.CountBetween(due, now);
  newest_ = due;
  due_ = NextAfter(now);
  if (missed > 0 && pending_ != Pending::kNothing) {
    // The machine slept: the polls that it missed have not failed.
    pending_ = Pending::kFirstPoll;
    pending_since_ = due_;
  }
  return missed;
}

void PollSchedule::OnBegun(Instant now) {
  has_begun_ = true;
  newest_ = now;
  pending_ = Pending::kNothing;
  // A first poll may have waited while the interval became shorter.
  due_ = stretched() ? NextAfter(now) : std::min(due_, NextAfter(now));
}

void PollSchedule::OnComplete(std::uint64_t legs, std::uint32_t pages, Instant now) {
  const bool was_idle = idle();
  quiet_polls_ = legs > 0 ? 0 : std::min(quiet_polls_ + 1, kIdlePolls);
  pages_ = pages;
  refusals_ = 0;
  slow_until_ = Instant::min();
  pending_ = Pending::kExpiry;
  pending_since_ = now;
  complete_ = now;
  const Duration interval = in_force_.interval;
  const bool other_grid = idle() != was_idle && UpdateInForce();
  in_force_ = InForce(intervals_, idle(), stretch_);
  if (other_grid || in_force_.interval != interval) due_ = NextAfter(now);
}

void PollSchedule::OnFailed(bool refused, Instant now) {
  refusals_ = refused ? refusals_ + 1 : 0;
  if (refusals_ < 2) return;
  slow_until_ = now + RefusedInterval(in_force_.interval, refusals_) - in_force_.interval;
  due_ = NextAfter(now);
}

// Values that were kept longer, because the interval was longer when they came, are kept for two
// more polls.
void PollSchedule::OnTried(Instant now) {
  if (!complete_) return;
  const Duration fresh = InForce(intervals_, idle(), stretch_).stale_after;
  const Duration two_more = now - *complete_ + Times(in_force_.interval, 2);
  in_force_.stale_after = std::max(fresh, std::min(in_force_.stale_after, two_more));
}

bool PollSchedule::UpdateInForce() {
  const Duration wanted = WantedInterval(intervals_, idle());
  const IntervalInForce before = in_force_;
  const bool other_grid = wanted != grid_.interval();
  if (other_grid) grid_ = GridOf(wanted, hash_, epoch_);
  in_force_ = InForce(intervals_, idle(), stretch_);
  // A shorter interval must not let values expire for which another poll was not due yet.
  const bool keeps_values = has_begun_ && !intervals_.stale_after;
  if (keeps_values) in_force_.stale_after = std::max(in_force_.stale_after, before.stale_after);
  return other_grid || in_force_ != before;
}

bool PollSchedule::Stretch(const IntervalStretch& stretch, Instant now) {
  const Duration before = in_force_.interval;
  stretch_ = stretch;
  if (!UpdateInForce()) return false;
  if (!has_begun_ || due_ <= now || in_force_.interval == before) return true;
  // While the interval shrinks step by step, none of the steps puts a poll off that is overdue by
  // the shorter one.
  const Instant next = NextAfter(now);
  due_ = in_force_.interval < before ? std::min(due_, next) : next;
  return true;
}

bool PollSchedule::Replan(const PollIntervals& intervals, Instant now, WallTime wall_now) {
  const bool other_times = intervals.interval != intervals_.interval ||
                           intervals.idle_interval != intervals_.idle_interval;
  intervals_ = intervals;
  // It is the plan that ends these values, and no poll that is missing.
  const bool ends = intervals.stale_after && pending_ == Pending::kExpiry &&
                    Later(pending_since_, *intervals.stale_after) <= now;
  if (ends) pending_ = Pending::kNothing;
  if (!other_times) return UpdateInForce();
  epoch_ = EpochOf(now, wall_now);
  grid_ = GridOf(WantedInterval(intervals_, idle()), hash_, epoch_);
  refusals_ = 0;
  slow_until_ = Instant::min();
  UpdateInForce();
  due_ = has_begun_ ? NextAfter(now) : FirstAfter(now);
  return true;
}

void PollSchedule::OnRateRaised(Instant now) {
  if (pending_ == Pending::kFirstPoll) pending_since_ = std::max(pending_since_, now);
}

void PollSchedule::Retry(Instant now) {
  refusals_ = 0;
  slow_until_ = Instant::min();
  due_ = std::min(due_, FirstAfter(now));
}

void PollSchedule::PollSoon(Instant now) {
  if (refusals_ == 0) due_ = std::min(due_, FirstAfter(now));
}

}  // namespace telnyx_exporter
