// How the poller keeps the accounts' lists of connections fresh.

#include <algorithm>
#include <utility>

#include "polling/poller.h"
#include "polling/poller_parts.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

// After failures the list is read again earlier than planned, but not in a hurry.
constexpr Duration kFirstRepeatDelay = 15s;

Duration RepeatDelay(std::uint32_t failures, Duration refresh_interval) {
  Duration delay = kFirstRepeatDelay;
  for (std::uint32_t i = 1; i < failures && delay < refresh_interval; ++i) delay *= 2;
  return std::min(delay, refresh_interval);
}

}  // namespace

void Poller::ScheduleRefresh(Account& account, Instant when) {
  account.next_refresh = {.serial = ++last_serial_, .when = when};
  SetTimer(when, Timer::Kind::kDue, account.next_refresh.serial, account.key, std::nullopt);
}

void Poller::OnRefreshDue(Account& account, Instant now) {
  if (account.refresh) return;
  // It may wait there already, from an earlier due time.
  account.queue.Remove(std::nullopt);
  account.queue.AddNextRequest(std::nullopt, now);
}

void Poller::BeginRefresh(Account& account, Instant now) {
  account.refresh = std::make_unique<ListRefresh>(SelectionOf(account.plan, account.discovered), now);
  BeginSequence(account, std::nullopt);
}

void Poller::CancelRefresh(Account& account) {
  CancelRequest(account, account.in_flight);
  account.queue.Remove(std::nullopt);
  account.refresh.reset();
  account.next_refresh = {};
}

void Poller::EndRefresh(Account& account, Instant now, const PollFailure* failure) {
  DiscoveryReport report{
      .ended_wall = clock_.WallNow(), .result = std::size_t{0}, .known = account.discovered};
  const auto refresh = std::move(account.refresh);
  const Duration interval = account.plan.discovery->refresh_interval;
  Duration wait = interval;
  if (failure == nullptr) {
    account.failed_refreshes = 0;
    account.discovered.Take(refresh->TakeLists());
    ApplyConnections(account, now);
    report.result =
        static_cast<std::size_t>(std::ranges::count_if(connections_, [&](const auto& connection) {
          return connection != nullptr && connection->account == account.key &&
                 connection->plan.discovered;
        }));
  } else {
    report.result = std::unexpected(*failure);
    wait = RepeatDelay(++account.failed_refreshes, interval);
  }
  if (mode_ == PollMode::kOnce) {
    --left_;
  } else {
    // Exporters that were started together should not ask together for ever.
    const double spread = std::uniform_real_distribution<double>(0.9, 1.0)(account.random);
    ScheduleRefresh(account, now + std::chrono::duration_cast<Duration>(wait * spread));
  }
  observer_.OnDiscoveryEnded(account.key, report);
}

}  // namespace telnyx_exporter
