#include <condition_variable>
#include <memory>
#include <mutex>

#include <gtest/gtest.h>

#include "polling/poll_observer.h"
#include "polling/poller.h"
#include "support/fake_transport.h"
#include "support/manual_clock.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

// A network on which nothing happens until somebody wakes it up.
class QuietTransport final : public Transport {
 public:
  RequestId Send(Request, ExchangeCallback) override { return ++last_id_; }
  void Cancel(RequestId) override {}
  void Run(Duration) override {
    std::unique_lock lock(mutex_);
    woken_up_.wait(lock, [this] { return woken_; });
    woken_ = false;
  }
  void Wake() override {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    woken_up_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable woken_up_;
  bool woken_ = false;
  RequestId last_id_ = 0;
};

PollPlan PlanOf(const std::string& account) {
  return {.duration_bounds = {60},
          .accounts = {
              {.name = account,
               .endpoint = std::make_shared<Endpoint>(),
               .connections = {{.id = "1", .interval = 15s, .timeout = 10s, .stale_after = 45s}}}}};
}

class PollThreadTest : public ::testing::Test {
 protected:
  ManualClock clock_;
  QuietTransport transport_;
  Poller poller_{PlanOf("main"), clock_, transport_, PollObservers({}), 1};
  PollThread thread_{poller_};
};

TEST_F(PollThreadTest, PutsAPlanIntoForce) {
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(thread_.Apply(PlanOf("a" + std::to_string(i))));
}

TEST_F(PollThreadTest, RefusesAPlanAfterItHasStopped) {
  thread_.Stop();
  EXPECT_FALSE(thread_.Apply(PlanOf("next")));
}

}  // namespace
}  // namespace telnyx_exporter
