// How near the tracker comes to the truth: a simulated day of calls, polled at several intervals,
// against the very calls that the simulation made. docs/accuracy.md tells the figures.

#include <cmath>
#include <map>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "calls/call_summary.h"
#include "calls/call_tracker.h"
#include "simulator/traffic_model.h"
#include "support/call_theory.h"

namespace telnyx_exporter {
namespace {

using simulator::Leg;
using simulator::SimTime;
using simulator::TrafficModel;
using simulator::TrafficSettings;

constexpr SimTime kDay = simulator::kSecondsPerDay;
const auto kBounds = std::make_shared<const std::vector<double>>(std::vector<double>{60, 600});

// What the tracker makes of the polls, beside what the simulation knows of the calls in them.
class Day {
 public:
  explicit Day(const TrafficSettings& settings) : model(settings) {}

  void Poll(const std::vector<ActiveCall>& calls, SimTime time) {
    const CallRows rows(calls);
    summarizer_.Summarize(rows, [&](const IdGrouping& order) {
      const Instant now(std::chrono::nanoseconds(std::llround((time + 3600) * 1e9)));
      const CallChanges changes = tracker_.Update(rows, order, now, kBounds, spare_);
      started += changes.started;
      completed.Add(changes.completed, {});
    });
  }

  ActiveCall Row(const Leg& leg, SimTime time) {
    seen.try_emplace(leg.number, leg.begins, leg.ends);
    return {.leg = {.high = 7, .low = leg.number},
            .session = {},
            .duration_seconds = static_cast<std::uint32_t>(std::floor(time - leg.begins)),
            .has_session = true};
  }

  TrafficModel model;
  std::uint64_t started = 0;
  DurationHistogram completed{kBounds};
  std::map<std::uint64_t, std::pair<SimTime, SimTime>> seen;  // when they began and ended

 private:
  CallSummarizer summarizer_{*kBounds, IdFingerprint(1)};
  CallTracker tracker_;
  SpareLegBlocks spare_;
};

class CallTrackerAccuracy : public ::testing::TestWithParam<double> {};

TEST_P(CallTrackerAccuracy, CountsEveryCallThatAPollSawAndMeasuresHowLongItLasted) {
  const double interval = GetParam();
  const TrafficSettings settings{.mean_active_calls = 200};
  Day day(settings);
  std::uint64_t seen_first = 0;
  std::uint64_t ended = 0;  // at the last poll but one
  SimTime time = 0;
  for (; time <= kDay; time += interval) {
    ended = day.model.ended();
    day.model.AdvanceTo(time);
    std::vector<ActiveCall> rows;
    for (const auto& leg : day.model.legs()) rows.push_back(day.Row(*leg, time));
    if (time == 0) seen_first = rows.size();
    day.Poll(rows, time);
  }

  std::uint64_t completed = 0;
  double total_seconds = 0;
  for (const auto& [number, leg] : day.seen) {
    if (leg.second > time - 2 * interval) continue;  // two polls must have missed it
    ++completed;
    total_seconds += leg.second - leg.first;
  }
  EXPECT_EQ(day.started, day.seen.size() - seen_first);
  EXPECT_EQ(day.completed.count(), completed);

  // What was lost are the short calls, as many as there must be.
  const CallTheory theory({settings}, kDay);
  const double share = theory.ShareSeen(interval);
  const auto count = static_cast<double>(day.model.started());
  const double five_sigma = 5 * std::sqrt(share * (1 - share) / count) + 1e-3;
  const double started_share = static_cast<double>(day.started) / count;
  const double ended_share = static_cast<double>(completed) / static_cast<double>(ended);
  EXPECT_NEAR(started_share, share, five_sigma);
  EXPECT_NEAR(ended_share, share, five_sigma);

  const double mean = total_seconds / static_cast<double>(completed);
  const double error = day.completed.total_seconds() / static_cast<double>(completed) - mean;
  EXPECT_LT(std::abs(error), 0.02 * mean);
  const double spread = interval / std::sqrt(12 * static_cast<double>(completed));
  EXPECT_NEAR(error, theory.MeanError(interval), 5 * spread + 0.02);

  RecordProperty("calls", std::to_string(day.model.started()));
  RecordProperty("share_expected", std::to_string(share));
  RecordProperty("started_share", std::to_string(started_share));
  RecordProperty("ended_share", std::to_string(ended_share));
  RecordProperty("mean_seconds", std::to_string(mean));
  RecordProperty("error_seconds", std::to_string(error));
  RecordProperty("error_expected", std::to_string(theory.MeanError(interval)));
}

INSTANTIATE_TEST_SUITE_P(Intervals, CallTrackerAccuracy, ::testing::Values(5, 15, 60),
                         [](const auto& test) {
                           return std::to_string(static_cast<int>(test.param)) + "s";
                         });

// Pages by number are no snapshot: when a call of an earlier page ends while the walk goes on, all
// others move up by one place, and the first of the next page is in neither.
class PageNumberWalk {
 public:
  static constexpr std::size_t kPageRows = 20;
  static constexpr SimTime kPageSeconds = 0.2;

  explicit PageNumberWalk(Day& day) : day_(day) {}

  void Poll(SimTime begun) {
    std::vector<ActiveCall> rows;
    SimTime time = begun;
    for (std::size_t page = 0;; ++page, time += kPageSeconds) {
      day_.model.AdvanceTo(time);
      const auto& legs = day_.model.legs();
      const std::size_t first = page * kPageRows;
      for (std::size_t i = first; i < std::min(first + kPageRows, legs.size()); ++i) {
        rows.push_back(day_.Row(*legs[i], time));
      }
      if (first + kPageRows >= legs.size()) break;
    }
    CountMissed(rows, begun, time);
    day_.Poll(rows, time);
  }

  std::uint64_t missed = 0;  // were there before the walk and behind it, but not in it

 private:
  void CountMissed(const std::vector<ActiveCall>& found, SimTime begun, SimTime ended) {
    std::map<std::uint64_t, int> numbers;
    for (const ActiveCall& row : found) ++numbers[row.leg.low];
    for (const auto& leg : day_.model.legs()) {
      if (leg->begins < begun && leg->ends > ended && !numbers.contains(leg->number)) ++missed;
    }
  }

  Day& day_;
};

TEST(CallTracker, IsNotMisledByCallsThatAWalkMisses) {
  Day day({.mean_active_calls = 200});
  PageNumberWalk walk(day);
  walk.Poll(0);
  const std::size_t seen_first = day.seen.size();
  for (SimTime time = 15; time < kDay / 4; time += 15) walk.Poll(time);
  const auto appeared = static_cast<double>(day.seen.size() - seen_first);
  // Whoever took each of these for an end and a new call would count this much too much.
  EXPECT_GT(static_cast<double>(walk.missed), 0.03 * appeared);
  EXPECT_NEAR(static_cast<double>(day.started), appeared, 0.002 * appeared);
  RecordProperty("missed_share", std::to_string(static_cast<double>(walk.missed) / appeared));
  RecordProperty("counted_share", std::to_string(static_cast<double>(day.started) / appeared));
}

}  // namespace
}  // namespace telnyx_exporter
