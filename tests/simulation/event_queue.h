#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <tuple>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace telnyx_exporter::simulation {

/// What happens when; events of the same moment in the order in which they were added.
template <typename Event>
class EventQueue {
 public:
  void Add(Instant when, Event event) { events_.push({when, ++last_order_, std::move(event)}); }
  bool empty() const { return events_.empty(); }
  Instant next_time() const { return events_.empty() ? Instant::max() : events_.top().when; }
  /// The next event and when it happens.
  std::pair<Instant, Event> Take() {
    std::pair<Instant, Event> next(events_.top().when, events_.top().event);
    events_.pop();
    return next;
  }

 private:
  struct Entry {
    Instant when;
    std::uint64_t order;
    Event event;

    bool operator>(const Entry& other) const {
      return std::tie(when, order) > std::tie(other.when, other.order);
    }
  };

  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> events_;
  std::uint64_t last_order_ = 0;
};

}  // namespace telnyx_exporter::simulation
