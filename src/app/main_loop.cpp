#include "app/main_loop.h"

#include <algorithm>
#include <utility>

namespace telnyx_exporter {
namespace {

MainLoop::ReloadErrors Stopping() { return {"the exporter is stopping"}; }

}  // namespace

void MainLoop::RequestReload(OnReloaded done) {
  {
    const std::lock_guard lock(mutex_);
    if (signal_ == 0) {
      reload_wanted_ = true;
      if (done) waiting_.push_back(std::move(done));
      changed_.notify_one();
      return;
    }
  }
  if (done) done(Stopping());
}

void MainLoop::Stop(int signal) {
  const std::lock_guard lock(mutex_);
  signal_ = signal;
  changed_.notify_one();
}

int MainLoop::Run(const Work& work) {
  SteadyTime next_look{};
  std::unique_lock lock(mutex_);
  while (signal_ == 0) {
    const SteadyTime now = std::chrono::steady_clock::now();
    if (reload_wanted_ && now >= next_reload_) {
      lock.unlock();
      Reload(work);
      lock.lock();
    } else if (now >= next_look) {
      next_look = now + work.interval;
      lock.unlock();
      work.look();
      lock.lock();
    } else {
      changed_.wait_until(lock, reload_wanted_ ? std::min(next_look, next_reload_) : next_look);
    }
  }
  const int signal = signal_;
  std::vector<OnReloaded> waiting = std::exchange(waiting_, {});
  lock.unlock();
  for (OnReloaded& done : waiting) done(Stopping());
  return signal;
}

void MainLoop::Reload(const Work& work) {
  std::vector<OnReloaded> waiting;
  {
    const std::lock_guard lock(mutex_);
    reload_wanted_ = false;
    waiting = std::exchange(waiting_, {});
  }
  const ReloadErrors errors = work.reload();
  next_reload_ = std::chrono::steady_clock::now() + kReloadPause;
  for (OnReloaded& done : waiting) done(errors);
}

}  // namespace telnyx_exporter
