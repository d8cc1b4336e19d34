// How near the exporter's numbers come to the truth over a whole day, for several kinds of traffic
// and intervals. docs/accuracy.md has the figures.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "simulated_day.h"
#include "support/call_theory.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using simulator::DayWindow;
using simulator::TrafficSettings;

// Under a sanitizer the day is shorter, and everything comes early in it.
constexpr std::chrono::hours kDay{TELNYX_EXPORTER_ACCURACY_HOURS};

struct Traffic {
  std::string name;
  std::vector<TrafficSettings> kinds;
};

const std::vector<Traffic> kTraffic = {
    {"steady", {{.mean_active_calls = 60, .daily_wave = 0}}},
    {"wave", {{.mean_active_calls = 60, .daily_wave = 0.8}}},
    {"short", {{.mean_active_calls = 20, .mean_duration_seconds = 30, .duration_spread = 1.2}}},
    {"busy_hour",
     {{.mean_active_calls = 40, .daily_wave = 0, .seed = 1},
      {.mean_active_calls = 400,
       .daily_wave = 0,
       .window = DayWindow{.from = 3600, .until = 7200},
       .seed = 2}}},
    {"flash_crowd",
     {{.mean_active_calls = 40, .daily_wave = 0, .seed = 1},
      {.mean_active_calls = 800,
       .mean_duration_seconds = 40,
       .duration_spread = 0.6,
       .daily_wave = 0,
       .window = DayWindow{.from = 7200, .until = 7440},
       .seed = 2}}},
};

// What the exporter made of a day, beside what the simulation knows of it.
struct Outcome {
  SimulatedDay::Counted counted;
  // Of the calls that were on a page: begun after the first poll, and missing from two polls.
  std::uint64_t seen_started = 0;
  std::uint64_t seen_ended = 0;
  double mean_seconds = 0;  // of the latter, in truth
  // Of all calls: begun between the first poll and the last, ended between the first and the last
  // but one.
  double all_started = 0;
  double all_ended = 0;
  double polls = 0;

  double started_share() const { return static_cast<double>(counted.started) / all_started; }
  double ended_share() const { return static_cast<double>(counted.ended) / all_ended; }
  double error() const {
    return counted.ended_seconds / static_cast<double>(counted.ended) - mean_seconds;
  }
};

Outcome PollADay(const std::vector<TrafficSettings>& kinds, int interval_seconds,
                 std::optional<Duration> idle_interval = std::nullopt) {
  SimulatedDay day(kinds, std::chrono::seconds(interval_seconds), idle_interval);
  day.Run(kDay);
  const auto& polls = day.polls();
  Outcome outcome{.counted = day.counted(), .polls = static_cast<double>(polls.size())};
  double seconds = 0;
  for (const auto& [id, call] : day.calls()) {
    if (call.first_poll > 1) ++outcome.seen_started;
    if (call.first_poll == 0 || call.last_poll + 2 > polls.size()) continue;
    ++outcome.seen_ended;
    seconds += call.ends - call.begins;
  }
  outcome.mean_seconds = seconds / static_cast<double>(outcome.seen_ended);
  outcome.all_started = static_cast<double>(polls.back().started - polls.front().started);
  outcome.all_ended = static_cast<double>(polls[polls.size() - 2].ended - polls.front().ended);
  return outcome;
}

// Standard deviations of what chance does to the shares and to the mean.
double ShareSpread(double share, double calls) { return std::sqrt(share * (1 - share) / calls); }
double MeanSpread(int interval_seconds, std::uint64_t calls) {
  return interval_seconds / std::sqrt(12 * static_cast<double>(calls));
}

using Parameters = std::tuple<std::size_t, int>;  // of kTraffic, and the interval in seconds

class DayAccuracy : public ::testing::TestWithParam<Parameters> {};

TEST_P(DayAccuracy, CountsAndMeasuresWhatPollsCanSee) {
  const auto [traffic, seconds] = GetParam();
  const std::vector<TrafficSettings>& kinds = kTraffic[traffic].kinds;
  const Outcome day = PollADay(kinds, seconds);

  // Of the calls that were on its pages the exporter misses none and invents none.
  EXPECT_EQ(day.counted.failures, 0U);
  EXPECT_EQ(day.counted.started, day.seen_started);
  EXPECT_EQ(day.counted.ended, day.seen_ended);

  // What it cannot see are the short calls, as many as there must be.
  const CallTheory theory(kinds, ToSeconds(kDay));
  const double share = theory.ShareSeen(seconds);
  EXPECT_NEAR(day.started_share(), share, 5 * ShareSpread(share, day.all_started));
  EXPECT_NEAR(day.ended_share(), share, 5 * ShareSpread(share, day.all_ended));

  // How long they lasted, on average.
  const double expected_error = theory.MeanError(seconds);
  EXPECT_NEAR(day.error(), expected_error, 5 * MeanSpread(seconds, day.seen_ended));
  const double mean_of_all = theory.MeanOverCalls([](double d) { return d; });
  // Of a whole day: in a shorter one a crowd's short calls are most of all calls.
  if (kDay == 24h && seconds <= mean_of_all) {
    EXPECT_LT(std::abs(day.error()), 0.02 * day.mean_seconds);
  }

  RecordProperty("calls", std::to_string(day.all_started));
  RecordProperty("share_expected", std::to_string(share));
  RecordProperty("started_share", std::to_string(day.started_share()));
  RecordProperty("ended_share", std::to_string(day.ended_share()));
  RecordProperty("mean_seconds", std::to_string(day.mean_seconds));
  RecordProperty("error_seconds", std::to_string(day.error()));
  RecordProperty("error_expected", std::to_string(expected_error));
}

INSTANTIATE_TEST_SUITE_P(Days, DayAccuracy,
                         ::testing::Combine(::testing::Range(std::size_t{0}, kTraffic.size()),
                                            ::testing::Values(5, 15, 60)),
                         [](const auto& test) {
                           return fmt::format("{}_{}s", kTraffic[std::get<0>(test.param)].name,
                                              std::get<1>(test.param));
                         });

// The error of the estimate of all starts of a day, as a share of the truth.
double EstimateError(std::vector<TrafficSettings> kinds, int interval_seconds, std::uint64_t seed) {
  for (TrafficSettings& settings : kinds) settings.seed += 1000 * seed;
  const Outcome day = PollADay(kinds, interval_seconds);
  return day.counted.started_estimated / day.all_started - 1;
}

// docs/accuracy.md has its bounds. They were chosen with one day of each traffic: these are
// others.
TEST_P(DayAccuracy, EstimatesAllStartsOfOtherDaysToo) {
  if (kDay < 24h) GTEST_SKIP() << "the bounds are for whole days";
  const auto [traffic, seconds] = GetParam();
  const double most = seconds <= 15 ? 0.04 : 0.08;
  double worst = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const double error = EstimateError(kTraffic[traffic].kinds, seconds, seed);
    EXPECT_LT(std::abs(error), most) << "seed " << seed;
    if (std::abs(error) > std::abs(worst)) worst = error;
  }
  RecordProperty("worst_error", std::to_string(worst));
}

// Days with little traffic, with and without an idle interval, all together.
struct IdleOutcome {
  double calls = 0;
  double counted = 0;
  double estimated = 0;
  double ended = 0;
  double error = 0;  // of the mean duration
  double polls = 0;
};

IdleOutcome PollIdleDays(double active, std::optional<Duration> idle_interval) {
  constexpr int kDays = 20;
  IdleOutcome sum;
  double error_seconds = 0;
  for (std::uint64_t seed = 1; seed <= kDays; ++seed) {
    const Outcome day = PollADay(
        {{.mean_active_calls = active, .daily_wave = 0, .seed = 1000 * seed}}, 15, idle_interval);
    // Of the calls that were on its pages the exporter misses none and invents none.
    EXPECT_EQ(day.counted.started, day.seen_started);
    EXPECT_EQ(day.counted.ended, day.seen_ended);
    sum.calls += day.all_started;
    sum.counted += static_cast<double>(day.counted.started);
    sum.estimated += day.counted.started_estimated;
    sum.ended += static_cast<double>(day.counted.ended);
    error_seconds +=
        day.counted.ended_seconds - day.mean_seconds * static_cast<double>(day.seen_ended);
    sum.polls += day.polls / kDays;
  }
  sum.error = error_seconds / sum.ended;
  return sum;
}

// What calls that begin while the connection is idle lose is no more than a minute between all
// polls would.
TEST(Accuracy, LosesNoMoreByAnIdleIntervalThanByThatIntervalAlways) {
  if (kDay < 24h) GTEST_SKIP() << "there are too few calls in less";
  for (const double active : {0.1, 0.5, 2.0}) {
    const CallTheory theory({{.mean_active_calls = active, .daily_wave = 0}}, ToSeconds(kDay));
    const IdleOutcome always = PollIdleDays(active, std::nullopt);
    const IdleOutcome idle = PollIdleDays(active, 60s);
    const double share = idle.counted / idle.calls;
    EXPECT_GT(share, theory.ShareSeen(60) - 5 * ShareSpread(theory.ShareSeen(60), idle.calls));
    EXPECT_LT(share, theory.ShareSeen(15) + 5 * ShareSpread(theory.ShareSeen(15), idle.calls));
    EXPECT_LE(idle.polls, always.polls);
    for (const auto& [name, outcome] : {std::pair{"always", always}, std::pair{"idle", idle}}) {
      RecordProperty(
          fmt::format("{}_{}", name, active),
          fmt::format("calls {} counted {:.4f} estimated {:.4f} error {:.2f} polls {:.0f}",
                      outcome.calls, outcome.counted / outcome.calls,
                      outcome.estimated / outcome.calls, outcome.error, outcome.polls));
    }
  }
}

// A bias that is too small to be seen in one day adds up over many.
TEST(Accuracy, HasNoBiasOverManyDays) {
  constexpr int kDays = 20;
  constexpr int kInterval = 60;
  double started = 0;
  double ended = 0;
  double error = 0;
  for (std::uint64_t seed = 1; seed <= kDays; ++seed) {
    TrafficSettings settings = kTraffic[1].kinds[0];
    settings.seed = 1000 * seed;
    const std::vector<TrafficSettings> kinds = {settings};
    const Outcome day = PollADay(kinds, kInterval);
    const CallTheory theory(kinds, ToSeconds(kDay));
    const double share = theory.ShareSeen(kInterval);
    // Each in standard deviations of its own day.
    started += (day.started_share() - share) / ShareSpread(share, day.all_started);
    ended += (day.ended_share() - share) / ShareSpread(share, day.all_ended);
    error += (day.error() - theory.MeanError(kInterval)) / MeanSpread(kInterval, day.seen_ended);
  }
  const double most = 3 * std::sqrt(kDays);
  EXPECT_LT(std::abs(started), most);
  EXPECT_LT(std::abs(ended), most);
  EXPECT_LT(std::abs(error), most);
  RecordProperty("started_sigma", std::to_string(started / std::sqrt(kDays)));
  RecordProperty("ended_sigma", std::to_string(ended / std::sqrt(kDays)));
  RecordProperty("error_sigma", std::to_string(error / std::sqrt(kDays)));
}

}  // namespace
}  // namespace telnyx_exporter
