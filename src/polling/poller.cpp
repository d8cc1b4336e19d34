#include "polling/poller.h"

#include <algorithm>
#include <future>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <pthread.h>

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

// With nothing to do the loop still looks around now and then.
constexpr Duration kLongestSleep = 1min;

}  // namespace

Poller::Poller(const PollPlan& plan, const Clock& clock, Transport& transport,
               PollObservers observers, std::uint64_t seed)
    : context_{.clock = clock,
               .transport = transport,
               .observers = std::move(observers),
               .legs = SortedLegs(IdFingerprint(std::mt19937_64(seed)()))},
      random_(seed + 1) {
  Apply(plan);
}

void Poller::Run(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] { context_.transport.Wake(); });
  while (!stop.stop_requested()) {
    RunTasks();
    Step();
    if (stop.stop_requested()) break;
    const Instant now = context_.clock.Now();
    const Instant wake_time = NextWake().value_or(now + kLongestSleep);
    context_.transport.Run(std::clamp(wake_time - now, Duration::zero(), kLongestSleep));
  }
  const std::lock_guard lock(tasks_mutex_);
  ended_ = true;
  tasks_.clear();
}

void Poller::Post(std::move_only_function<void(Poller&)> task) {
  {
    const std::lock_guard lock(tasks_mutex_);
    if (ended_) return;
    tasks_.push_back(std::move(task));
  }
  context_.transport.Wake();
}

void Poller::RunTasks() {
  std::vector<std::move_only_function<void(Poller&)>> tasks;
  {
    const std::lock_guard lock(tasks_mutex_);
    tasks.swap(tasks_);
  }
  for (auto& task : tasks) task(*this);
}

void Poller::Step() {
  const Instant now = context_.clock.Now();
  while (Job* job = context_.wakes.FirstAt(now)) {
    accounts_[static_cast<std::size_t>(job->account)]->OnWake(*job, now);
  }
  while (context_.has_free_slot() && SendOne(now)) {
  }
  for (const auto& account : accounts_) {
    if (account != nullptr) account->EndStep(now);
  }
}

bool Poller::SendOne(Instant now) {
  // The one with the fewest requests under way, and of several such one after the other: neither
  // many connections nor an API that does not answer may take all requests from other accounts.
  Account* next = nullptr;
  for (std::size_t i = 0; i < accounts_.size(); ++i) {
    const auto& account = accounts_[(next_account_ + i) % accounts_.size()];
    if (account == nullptr || !account->MaySend(now)) continue;
    const bool is_first = next == nullptr;
    if (is_first || account->requests_in_flight() < next->requests_in_flight()) {
      next = account.get();
    }
  }
  if (next == nullptr) return false;
  next_account_ = static_cast<std::size_t>(next->key()) + 1;
  next->SendNext(now);
  return true;
}

std::optional<Instant> Poller::NextWake() const {
  Instant wake = context_.wakes.next();
  if (context_.has_free_slot()) {
    const Instant now = context_.clock.Now();
    for (const auto& account : accounts_) {
      if (account != nullptr) wake = std::min(wake, account->NextTurn(now).value_or(kNever));
    }
  }
  return wake == kNever ? std::nullopt : std::optional(wake);
}

void Poller::Apply(const PollPlan& plan) {
  const Instant now = context_.clock.Now();
  const bool other_buckets = ApplySettings(plan);
  RemoveAccounts(plan);
  for (const AccountPlan& account_plan : plan.accounts) {
    Account& account = KeepOrAddAccount(account_plan, now);
    account.ApplyConnections(now);
    account.ReviewBudget(now);
    if (other_buckets) account.PollSoon(now);
  }
  context_.observers.Tell(&PollObserver::OnPlanApplied);
}

bool Poller::ApplySettings(const PollPlan& plan) {
  context_.walk = plan.walk;
  context_.max_in_flight = plan.max_concurrent_requests;
  context_.max_response_bytes = plan.max_response_bytes;
  context_.shard = plan.shard;
  context_.first_polls_at_once = plan.first_polls_at_once;
  context_.single_round = plan.single_round;
  context_.transport.SetMaxConnections(plan.max_concurrent_requests);
  auto& summarizer = context_.summarizer;
  if (summarizer && *summarizer->duration_bounds() == plan.duration_bounds &&
      *summarizer->long_call_thresholds() == plan.long_call_thresholds) {
    return false;
  }
  summarizer.emplace(plan.duration_bounds, plan.long_call_thresholds);
  return true;
}

void Poller::RemoveAccounts(const PollPlan& plan) {
  std::unordered_map<std::string_view, const AccountPlan*> plans;
  for (const AccountPlan& account : plan.accounts) plans.emplace(account.name, &account);
  for (auto& account : accounts_) {
    if (account == nullptr) continue;
    const auto next = plans.find(account->plan().name);
    const bool stays = next != plans.end() &&
                       next->second->endpoint->base_url == account->plan().endpoint->base_url;
    if (stays) continue;
    account->RemoveConnections();
    const AccountKey key = account->key();
    account.reset();
    context_.observers.Tell(&PollObserver::OnAccountRemoved, key);
    account_keys_.Release(key);
  }
}

Account& Poller::KeepOrAddAccount(const AccountPlan& plan, Instant now) {
  const auto kept = std::ranges::find_if(accounts_, [&](const auto& account) {
    return account != nullptr && account->plan().name == plan.name;
  });
  if (kept != accounts_.end()) {
    (*kept)->Change(plan, now);
    return **kept;
  }
  const AccountKey key = account_keys_.Acquire();
  const auto index = static_cast<std::size_t>(key);
  if (accounts_.size() <= index) accounts_.resize(index + 1);
  accounts_[index] = std::make_unique<Account>(key, plan, context_, random_(), now);
  context_.observers.Tell(&PollObserver::OnAccountAdded, key, plan);
  return *accounts_[index];
}

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
