#pragma once

// A state store filled by hand, with a clock that stands still, so that the status pages are known
// byte for byte.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "calls/duration_histogram.h"
#include "pages/status_page.h"
#include "state/state_store.h"
#include "support/manual_clock.h"

namespace telnyx_exporter {

class PagesFixture : public ::testing::Test {
 protected:
  ConnectionKey Add(AccountKey account, ConnectionPlan plan) {
    const auto key = static_cast<ConnectionKey>(connection_count_++);
    if (plan.interval == Duration::zero()) plan.interval = std::chrono::seconds(15);
    if (plan.timeout == Duration::zero()) plan.timeout = std::chrono::seconds(10);
    if (!plan.stale_after) plan.stale_after = std::chrono::seconds(45);
    store_.OnConnectionAdded(key, account, plan);
    return key;
  }

  AccountKey AddAccount(std::string name, RateLimit limit = {}) {
    const auto key = static_cast<AccountKey>(account_count_++);
    store_.OnAccountAdded(key, {.name = std::move(name), .rate_limit = limit});
    return key;
  }

  /// A complete poll of calls that have lasted so many seconds each.
  void Complete(ConnectionKey key, const std::vector<std::uint32_t>& durations) {
    CompletePoll poll{.summary = {.sessions = durations.size()},
                      .duration_bounds = bounds_,
                      .reported_legs = durations.size(),
                      .pages = 1};
    poll.summary.bucket_counts.resize(bounds_->size() + 1);
    for (const std::uint32_t duration : durations) {
      const auto bucket = std::ranges::lower_bound(*bounds_, duration) - bounds_->begin();
      ++poll.summary.bucket_counts[static_cast<std::size_t>(bucket)];
      poll.summary.longest_seconds = std::max(poll.summary.longest_seconds, duration);
      poll.summary.total_seconds += duration;
      ++poll.summary.legs;
    }
    CompleteWith(key, std::move(poll));
  }

  void CompleteWith(ConnectionKey key, CompletePoll poll) {
    Report(key, {.elapsed = std::chrono::milliseconds(210), .result = std::move(poll)});
  }

  void Fail(ConnectionKey key, PollFailure failure) {
    Report(key,
           {.elapsed = std::chrono::seconds(10), .result = std::unexpected(std::move(failure))});
  }

  void Report(ConnectionKey key, PollReport report) {
    report.ended = clock_.Now();
    report.ended_wall = clock_.WallNow();
    report.next_due = clock_.Now() + std::chrono::seconds(15);
    store_.OnPollBegun(key, Duration::zero());
    store_.OnPollEnded(key, report);
  }

  Moment Now() const { return {.now = clock_.Now(), .wall = clock_.WallNow()}; }

  std::string StatusPage(const StatusQuery& query = {}) const {
    const StatusData data = CollectStatus(store_.Read(), query, clock_.Now());
    return RenderStatusPage(data, facts_, Now());
  }

  std::string ConnectionPage(std::string_view account, std::string_view id) const {
    const auto connection = FindConnection(store_.Read(), account, id);
    return connection ? RenderConnectionPage(*connection, facts_, Now())
                      : RenderNoConnectionPage(account, id, facts_, Now());
  }

  ManualClock clock_;
  StateStore store_{clock_};
  DurationBounds bounds_ =
      std::make_shared<const std::vector<double>>(std::vector<double>{5, 60, 600, 3600});
  ExporterFacts facts_{
      .build = {.version = "1.2.3", .revision = "abcdef012345", .compiler = "GNU 12.2.0"},
      .uptime = std::chrono::hours(3),
      .config = {.file = "/etc/telnyx_exporter.yml",
                 .loaded = clock_.WallNow() - std::chrono::hours(3)},
      .telemetry_path = "/metrics"};

 private:
  std::uint32_t connection_count_ = 0;
  std::uint32_t account_count_ = 0;
};

}  // namespace telnyx_exporter
