#include "calls/longest_calls.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace telnyx_exporter {
namespace {

// The kept calls in no order. The shortest of them is what a further call must exceed; most do not,
// and cost one comparison.
class Keeper {
 public:
  Keeper() { kept_.reserve(kLongestCallsKept); }

  void Offer(const ActiveCall& call) {
    if (full() && call.duration_seconds <= shortest_->duration_seconds) return;
    const auto known = std::ranges::find(kept_, call.leg, &ActiveCall::leg);
    if (known != kept_.end()) {
      if (call.duration_seconds > known->duration_seconds) *known = call;
    } else if (full()) {
      *shortest_ = call;
    } else {
      kept_.push_back(call);
    }
    if (full()) shortest_ = std::ranges::min_element(kept_, {}, &ActiveCall::duration_seconds);
  }

  std::vector<ActiveCall> Take() {
    std::ranges::sort(kept_, [](const ActiveCall& left, const ActiveCall& right) {
      return left.duration_seconds != right.duration_seconds
                 ? left.duration_seconds > right.duration_seconds
                 : left.leg < right.leg;
    });
    return std::move(kept_);
  }

 private:
  bool full() const { return kept_.size() == kLongestCallsKept; }

  std::vector<ActiveCall> kept_;
  std::vector<ActiveCall>::iterator shortest_;  // when full
};

}  // namespace

std::vector<ActiveCall> LongestCalls(std::span<const ActiveCall> calls) {
  Keeper keeper;
  const auto offer = [&](const ActiveCall& call) { keeper.Offer(call); };
  // Pages come in the order of time. From the oldest on, hardly any further call is kept.
  const bool newest_first =
      !calls.empty() && calls.front().duration_seconds < calls.back().duration_seconds;
  if (newest_first) {
    std::ranges::for_each(calls | std::views::reverse, offer);
  } else {
    std::ranges::for_each(calls, offer);
  }
  return keeper.Take();
}

}  // namespace telnyx_exporter
