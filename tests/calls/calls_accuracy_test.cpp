// How near the tracker comes to the truth: a simulated day of calls, polled at several intervals,
// against the very calls that the simulation made. docs/accuracy.md has the figures.

#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

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
  explicit Day(const TrafficSettings& settings) : model({settings}, 0) {}

  void Poll(const std::vector<ActiveCall>& calls, SimTime time) {
    legs_.Assign(CallRows(calls));
    const Instant now(std::chrono::nanoseconds(std::llround((time + 3600) * 1e9)));
    const CallChanges changes =
        tracker_.Update(legs_, now, std::chrono::minutes(1), kBounds, spare_);
    started += changes.started;
    started_estimated += changes.started_estimated;
    completed.Add(changes.completed, {});
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
  double started_estimated = 0;
  DurationHistogram completed{kBounds};
  std::map<std::uint64_t, std::pair<SimTime, SimTime>> seen;  // when they began and ended

 private:
  SortedLegs legs_{IdFingerprint(1)};
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

  std::uint64_t missed = 0;  // were there before the walk and after it, but not in it

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
  // To count each of these as an end and a new call would add this much.
  EXPECT_GT(static_cast<double>(walk.missed), 0.03 * appeared);
  EXPECT_NEAR(static_cast<double>(day.started), appeared, 0.002 * appeared);
  RecordProperty("missed_share", std::to_string(static_cast<double>(walk.missed) / appeared));
  RecordProperty("counted_share", std::to_string(static_cast<double>(day.started) / appeared));
}

// The estimate of all legs that started, over days of the kinds that tests/accuracy has.
struct EstimatedDay {
  const char* name;
  std::vector<TrafficSettings> kinds;
};

std::vector<EstimatedDay> EstimatedDays() {
  return {
      {"steady", {{.mean_active_calls = 60, .daily_wave = 0}}},
      {"wave", {{.mean_active_calls = 60, .daily_wave = 0.8}}},
      {"short", {{.mean_active_calls = 20, .mean_duration_seconds = 30, .duration_spread = 1.2}}},
      {"very_short",
       {{.mean_active_calls = 13.3, .mean_duration_seconds = 20, .duration_spread = 1.2}}},
      {"flash_crowd",
       {{.mean_active_calls = 40, .daily_wave = 0, .seed = 1},
        {.mean_active_calls = 800,
         .mean_duration_seconds = 40,
         .duration_spread = 0.6,
         .daily_wave = 0,
         .window = simulator::DayWindow{.from = 7200, .until = 7440},
         .seed = 2}}},
  };
}

struct EstimateErrors {
  double day = 0;   // of the day's sum, relative
  double hour = 0;  // root mean square of the hours'
  double seen = 0;  // share that polls saw
};

EstimateErrors EstimateADay(const std::vector<TrafficSettings>& kinds, int interval) {
  TrafficModel model(kinds, 0);
  SortedLegs legs{IdFingerprint(1)};
  CallTracker tracker;
  SpareLegBlocks spare;
  double estimated = 0;
  double seen = 0;
  double estimated_before = 0;
  std::uint64_t started_before = 0;
  std::uint64_t started_first = 0;
  double squares = 0;
  for (int time = 0; time <= static_cast<int>(kDay); time += interval) {
    model.AdvanceTo(time);
    std::vector<ActiveCall> rows;
    for (const auto& leg : model.legs()) {
      rows.push_back({.leg = {.high = 7, .low = leg->number},
                      .session = {},
                      .duration_seconds = static_cast<std::uint32_t>(time - leg->begins)});
    }
    legs.Assign(CallRows(rows));
    const Instant now(std::chrono::hours(1) + std::chrono::seconds(time));
    const CallChanges changes =
        tracker.Update(legs, now, std::chrono::seconds(interval), kBounds, spare);
    EXPECT_GE(changes.started_estimated, static_cast<double>(changes.started));
    estimated += changes.started_estimated;
    seen += static_cast<double>(changes.started);
    if (time == 0) started_first = started_before = model.started();
    if (time == 0 || time % 3600 != 0) continue;
    const auto truth = static_cast<double>(model.started() - started_before);
    const double error = (estimated - estimated_before) / truth - 1;
    squares += error * error;
    started_before = model.started();
    estimated_before = estimated;
  }
  const auto all = static_cast<double>(model.started() - started_first);
  return {.day = estimated / all - 1, .hour = std::sqrt(squares / 24), .seen = seen / all};
}

TEST(StartEstimator, ComesNearTheTruthWhereMostCallsAreShort) {
  for (const EstimatedDay& day : EstimatedDays()) {
    for (const int interval : {15, 60}) {
      const EstimateErrors errors = EstimateADay(day.kinds, interval);
      EXPECT_LT(std::abs(errors.day), interval == 15 ? 0.04 : 0.08) << day.name << interval;
      EXPECT_LT(errors.hour, interval == 15 ? 0.05 : 0.14) << day.name << interval;
      RecordProperty(std::string(day.name) + "_" + std::to_string(interval) + "_day",
                     std::to_string(errors.day));
      RecordProperty(std::string(day.name) + "_" + std::to_string(interval) + "_hour",
                     std::to_string(errors.hour));
      RecordProperty(std::string(day.name) + "_" + std::to_string(interval) + "_seen",
                     std::to_string(errors.seen));
    }
  }
}

// How many calls a poll misses depends on the time since the one before: an outage says nothing of
// the polls after it, and its length is not that of the calls that ended in it.
TEST(CallTracker, TakesAnOutageForAnOrdinaryGap) {
  using namespace std::chrono_literals;
  CallTracker tracker;
  SpareLegBlocks spare;
  SortedLegs legs{IdFingerprint(1)};
  Instant now(1h);
  std::uint64_t number = 0;
  // At each poll other calls, all of which have just begun.
  const auto poll = [&](Duration gap) {
    now += gap;
    const std::vector<ActiveCall> rows = {
        {.leg = {.high = 7, .low = ++number}, .session = {}, .duration_seconds = 0}};
    legs.Assign(CallRows(rows));
    return tracker.Update(legs, now, 15s, kBounds, spare);
  };
  for (int i = 0; i < 100; ++i) poll(15s);
  const double before = poll(15s).started_estimated;
  EXPECT_EQ(poll(1h).started_estimated, before);
  EXPECT_NEAR(poll(15s).started_estimated, before, 0.1);
  // Two polls after the outage, what it ended has ended.
  EXPECT_EQ(poll(15s).completed.total_seconds(), 7.5);
}

TEST(StartEstimator, AddsNothingWhereEveryCallIsSeen) {
  const EstimateErrors errors = EstimateADay({{.mean_active_calls = 60, .daily_wave = 0}}, 5);
  EXPECT_GT(errors.seen, 0.999);
  EXPECT_LT(std::abs(errors.day), 0.02);
}

TEST(DensityNearZeroOf, ExtendsTheLineThroughTheFirstSecondsToZero) {
  // Each second has one leg less than the one before: at age 0 there would be half a one more.
  double density = 0;
  for (std::uint32_t second = 0; second < 30; ++second) {
    for (std::uint32_t i = second; i < 30; ++i) density += DensityNearZeroOf(second);
  }
  EXPECT_NEAR(density, 30.5, 1e-9);
}

}  // namespace
}  // namespace telnyx_exporter
