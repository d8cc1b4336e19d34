#include "calls/longest_calls.h"

#include <algorithm>
#include <functional>

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
  for (const ActiveCall& call : calls) keeper.Offer(call);
  return keeper.Take();
}

}  // namespace telnyx_exporter
