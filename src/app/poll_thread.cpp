#include "app/poll_thread.h"

#include <future>
#include <utility>

#include <pthread.h>

namespace telnyx_exporter {

PollThread::PollThread(Poller& poller)
    : poller_(poller), thread_([&poller](const std::stop_token& stop) {
        pthread_setname_np(pthread_self(), "polling");  // for people who look at threads
        poller.Run(stop);
      }) {}

bool PollThread::Apply(PollPlan plan) {
  std::promise<void> in_force;
  std::future<void> waiting = in_force.get_future();
  poller_.Post([plan = std::move(plan), done = std::move(in_force)](Poller& poller) mutable {
    poller.Apply(plan);
    done.set_value();
  });
  try {
    waiting.get();
    return true;
  } catch (const std::future_error&) {
    return false;  // the task was dropped
  }
}

void PollThread::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace telnyx_exporter
