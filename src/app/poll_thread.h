#pragma once

// The thread that polls. The daemon starts it when everything that it needs is there and stops it
// first of all.

#include <thread>

#include "polling/poll_plan.h"
#include "polling/poller.h"

namespace telnyx_exporter {

class PollThread {
 public:
  /// Runs `poller`, which must outlive the thread, until Stop or the end of this object.
  explicit PollThread(Poller& poller);

  /// Puts another plan into force and waits until it is; false when polling has stopped. Any thread
  /// but the polling one.
  bool Apply(PollPlan plan);

  /// Ends polling with whatever is in flight, and waits for it.
  void Stop();

 private:
  Poller& poller_;
  std::jthread thread_;
};

}  // namespace telnyx_exporter
