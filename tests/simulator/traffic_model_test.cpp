#include "simulator/traffic_model.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace telnyx_exporter::simulator {
namespace {

constexpr double kDay = 86'400;

TrafficSettings Steady(std::uint64_t seed = 1) {
  return {.mean_active_calls = 500, .mean_duration_seconds = 180, .daily_wave = 0, .seed = seed};
}

std::vector<std::string> Rows(const TrafficModel& model) {
  std::vector<std::string> rows;
  for (const auto& leg : model.legs()) rows.push_back(leg->row);
  return rows;
}

TEST(TrafficModel, RepeatsWithItsSeedWhateverTheSteps) {
  TrafficModel once({Steady()}, 0);
  once.AdvanceTo(600);
  TrafficModel steps({Steady()}, 0);
  for (int i = 0; i <= 6; ++i) steps.AdvanceTo(i * 100);
  EXPECT_EQ(Rows(once), Rows(steps));
  TrafficModel other({Steady(2)}, 0);
  other.AdvanceTo(600);
  EXPECT_NE(Rows(once), Rows(other));
}

TEST(TrafficModel, BeginsInItsSteadyState) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    TrafficModel model({Steady(seed)}, 0);
    model.AdvanceTo(0);
    // Poisson: within five standard deviations of the mean.
    EXPECT_NEAR(static_cast<double>(model.legs().size()), 500, 5 * std::sqrt(500.0)) << seed;
  }
}

TEST(TrafficModel, HoldsItsMeanOverADay) {
  TrafficModel model({Steady()}, 0);
  double sum = 0;
  int looks = 0;
  for (double time = 0; time < kDay; time += 300) {
    model.AdvanceTo(time);
    sum += static_cast<double>(model.legs().size());
    ++looks;
  }
  EXPECT_NEAR(sum / looks, 500, 15);
}

TEST(TrafficModel, FollowsTheDailyWave) {
  TrafficSettings settings = Steady();
  settings.daily_wave = 0.5;
  TrafficModel model({settings}, 0);
  model.AdvanceTo(kDay / 4);
  const auto busiest = static_cast<double>(model.legs().size());
  model.AdvanceTo(kDay * 3 / 4);
  const auto quietest = static_cast<double>(model.legs().size());
  EXPECT_NEAR(busiest / quietest, 3, 0.8);
}

TEST(TrafficModel, GivesTransfersASecondLegInTheSameSession) {
  TrafficSettings settings = Steady();
  settings.transfer_share = 0.5;
  TrafficModel model({settings}, 0);
  model.AdvanceTo(0);
  std::map<std::string, int> legs_of;
  std::set<std::string> ids;
  for (const auto& leg : model.legs()) {
    ++legs_of[leg->session_id];
    EXPECT_TRUE(ids.insert(leg->id).second);
  }
  const auto most =
      std::ranges::max_element(legs_of, {}, [](const auto& entry) { return entry.second; });
  EXPECT_EQ(most->second, 2);
  EXPECT_LT(legs_of.size(), model.legs().size());
}

TEST(TrafficModel, CountsWhatBeginsAndEnds) {
  TrafficModel model({Steady()}, 0);
  model.AdvanceTo(0);
  const std::size_t at_start = model.legs().size();
  const std::uint64_t ended_at_start = model.ended();
  for (double time = 1; time < 3600; time += 7) {
    model.AdvanceTo(time);
    EXPECT_EQ(at_start + model.started(), model.legs().size() + model.ended() - ended_at_start);
  }
  EXPECT_GT(model.started(), 5000U);
}

TEST(TrafficModel, EndsEveryLegAfterFourHours) {
  TrafficSettings settings = Steady();
  settings.mean_duration_seconds = 7200;
  settings.duration_spread = 2;
  TrafficModel model({settings}, 0);
  model.AdvanceTo(1000);
  for (const auto& leg : model.legs()) EXPECT_LE(leg->ends - leg->begins, kLongestCallSeconds);
}

TEST(TrafficModel, KeepsLegsInTheOrderOfTheirBeginning) {
  TrafficModel model({Steady()}, 0);
  for (double time = 0; time < 600; time += 1) model.AdvanceTo(time);
  EXPECT_TRUE(
      std::ranges::is_sorted(model.legs(), {}, [](const auto& leg) { return leg->number; }));
  EXPECT_TRUE(
      std::ranges::is_sorted(model.legs(), {}, [](const auto& leg) { return leg->begins; }));
}

TEST(TrafficModel, AddsUpSeveralKindsOfCalls) {
  const std::vector<TrafficSettings> kinds = {
      {.mean_active_calls = 300, .daily_wave = 0, .seed = 1},
      {.mean_active_calls = 200, .mean_duration_seconds = 20, .daily_wave = 0, .seed = 2}};
  TrafficModel model(kinds, 0);
  model.AdvanceTo(600);
  EXPECT_NEAR(static_cast<double>(model.legs().size()), 500, 5 * std::sqrt(500.0));
  EXPECT_TRUE(
      std::ranges::is_sorted(model.legs(), {}, [](const auto& leg) { return leg->begins; }));
  TrafficModel steps(kinds, 0);
  for (int i = 0; i <= 6; ++i) steps.AdvanceTo(i * 100);
  EXPECT_EQ(Rows(model), Rows(steps));
}

TEST(TrafficModel, BeginsCallsInTheirWindowOnly) {
  const DayWindow window{.from = 3600, .until = 7200};
  TrafficSettings settings = Steady();
  settings.transfer_share = 0;  // the second legs of its last sessions may begin after it
  settings.window = window;
  TrafficModel model({settings}, 0);
  std::size_t most = 0;
  for (double time = 0; time < 2 * kDay; time += 60) {
    model.AdvanceTo(time);
    for (const auto& leg : model.legs()) EXPECT_TRUE(window.Contains(leg->begins));
    most = std::max(most, model.legs().size());
  }
  EXPECT_GT(most, 400U);
  // As many as in an hour of a day that is all alike, on both days.
  const double expected = 2 * 500 / 180.0 * 3600;
  EXPECT_NEAR(static_cast<double>(model.started()), expected, 6 * std::sqrt(expected));
}

TEST(TrafficModel, MayBeginInTheMiddleOfADay) {
  TrafficSettings settings = Steady();
  settings.window = DayWindow{.from = 3600, .until = 7200};
  TrafficModel model({settings}, 5400);
  model.AdvanceTo(5400);
  EXPECT_NEAR(static_cast<double>(model.legs().size()), 500, 5 * std::sqrt(500.0));
  EXPECT_EQ(model.started(), 0U);
}

TEST(TrafficModel, EndsCallsWhenTheSettingsSay) {
  TrafficSettings settings = Steady();
  settings.mean_duration_seconds = 30'000;
  settings.longest_seconds = 60'000;
  TrafficModel model({settings}, 0);
  model.AdvanceTo(0);
  double longest = 0;
  for (const auto& leg : model.legs()) longest = std::max(longest, leg->ends - leg->begins);
  EXPECT_GT(longest, kLongestCallSeconds);
  EXPECT_LE(longest, 60'000 + 1e-6);
}

TEST(TrafficModel, CanBeEmpty) {
  TrafficModel model({{.mean_active_calls = 0}}, 0);
  model.AdvanceTo(kDay);
  EXPECT_TRUE(model.legs().empty());
}

}  // namespace
}  // namespace telnyx_exporter::simulator
