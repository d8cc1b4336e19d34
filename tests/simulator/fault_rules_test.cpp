#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_request.h"
#include "simulator/faults.h"

namespace telnyx_exporter::simulator {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

FaultRule Parsed(std::string_view text) {
  auto rule = ParseFaultRule(text);
  if (!rule) throw std::runtime_error(rule.error().message);
  return std::move(*rule);
}

std::string ErrorOf(std::string_view text) {
  const auto rule = ParseFaultRule(text);
  return rule ? "no error" : rule.error().message;
}

FaultTarget Calls(std::string_view id, bool later = false) {
  return {.connection_id = id, .later_page = later};
}

TEST(Faults, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const Fault& fault : AllFaults()) {
    EXPECT_TRUE(names.insert(fault.name).second) << fault.name;
    EXPECT_EQ(FindFault(fault.name), &fault);
  }
  EXPECT_EQ(FindFault("nothing"), nullptr);
}

TEST(FaultRule, ReadsWhatItWrites) {
  for (const char* text : {"reset", "reset:0.25", "reset:later", "reset@1:2@3",
                           "blackhole:0.5:later@1293384261075731461"}) {
    EXPECT_EQ(Parsed(text).ToText(), text);
  }
  const FaultRule rule = Parsed("reset:later:0.5@7");
  EXPECT_EQ(rule.fault, FindFault("reset"));
  EXPECT_EQ(rule.probability, 0.5);
  EXPECT_TRUE(rule.later_pages_only);
  EXPECT_EQ(rule.connection_id, "7");
}

TEST(FaultRule, AnswersAWrongNameWithTheRightOnes) {
  EXPECT_THAT(ErrorOf("rset"), StartsWith("\"rset\" is not a fault: use one of reset, "));
  EXPECT_THAT(ErrorOf(""), EndsWith(", ignored_limit"));
}

TEST(FaultRule, RefusesWrongOptions) {
  for (const char* option : {"0", "-1", "1.5", "nan", "x", "0.5x", ""}) {
    EXPECT_EQ(ErrorOf(std::string("reset:") + option),
              std::string("\"") + option +
                  "\" is neither a probability above 0 and up to 1 nor the word later");
  }
  EXPECT_EQ(ErrorOf("reset@"), "@ must be followed by a connection's id");
}

TEST(FaultRules, StrikeTheirConnectionAlone) {
  FaultRules rules(1);
  rules.Add(Parsed("reset@1"));
  EXPECT_EQ(rules.Draw(Calls("1"))->fault, FindFault("reset"));
  EXPECT_FALSE(rules.Draw(Calls("2")));
  EXPECT_FALSE(rules.Draw({}));
}

TEST(FaultRules, StrikeEveryRequestWithoutAConnection) {
  FaultRules rules(1);
  rules.Add(Parsed("reset"));
  EXPECT_TRUE(rules.Draw(Calls("1")));
  EXPECT_TRUE(rules.Draw({}));
}

TEST(FaultRules, StrikeTheirAccountAlone) {
  FaultRules rules(1);
  FaultRule rule = Parsed("reset");
  rule.account = "main";
  rules.Add(rule);
  FaultTarget target = Calls("1");
  EXPECT_FALSE(rules.Draw(target));
  target.account = "other";
  EXPECT_FALSE(rules.Draw(target));
  target.account = "main";
  EXPECT_TRUE(rules.Draw(target));
}

TEST(FaultRules, StrikeAtTheirTimeOfEveryDay) {
  FaultRules rules(1);
  FaultRule rule = Parsed("reset");
  rule.window = DayWindow{.from = 100, .until = 200};
  rules.Add(rule);
  FaultTarget target = Calls("1");
  for (const double day : {0.0, kSecondsPerDay}) {
    target.now = day + 99;
    EXPECT_FALSE(rules.Draw(target));
    target.now = day + 100;
    EXPECT_TRUE(rules.Draw(target));
    target.now = day + 200;
    EXPECT_FALSE(rules.Draw(target));
  }
  rules.Add(Parsed("reset"));
  EXPECT_THAT(rules.Texts(), ElementsAre("reset from 00:01:40 until 00:03:20", "reset"));
}

TEST(FaultRules, SpareTheFirstPageWhenAsked) {
  FaultRules rules(1);
  rules.Add(Parsed("reset:later"));
  EXPECT_FALSE(rules.Draw(Calls("1")));
  EXPECT_TRUE(rules.Draw(Calls("1", true)));
}

TEST(FaultRules, StrikeAsOftenAsTheirProbabilityAndRepeatWithTheSeed) {
  std::vector<bool> first;
  for (const std::uint64_t seed : {std::uint64_t{1}, std::uint64_t{1}, std::uint64_t{2}}) {
    FaultRules rules(seed);
    rules.Add(Parsed("reset:0.3"));
    std::vector<bool> struck;
    for (int i = 0; i < 10'000; ++i) struck.push_back(rules.Draw({}).has_value());
    // Binomial: within five standard deviations of the mean.
    EXPECT_NEAR(static_cast<double>(std::ranges::count(struck, true)), 3000, 5 * 46);
    if (first.empty()) first = struck;
    EXPECT_EQ(struck == first, seed == 1);
  }
}

TEST(FaultRules, KeepOneRuleForEachTarget) {
  FaultRules rules(1);
  for (const char* text : {"reset:0.5", "reset@1", "reset:later", "reset:0.25"}) {
    rules.Add(Parsed(text));
  }
  EXPECT_THAT(rules.Texts(), ElementsAre("reset:0.25", "reset@1", "reset:later"));
  EXPECT_TRUE(rules.Remove(Parsed("reset")));
  EXPECT_FALSE(rules.Remove(Parsed("reset")));
  EXPECT_FALSE(rules.Remove(Parsed("blackhole@1")));
  EXPECT_THAT(rules.Texts(), ElementsAre("reset@1", "reset:later"));
  rules.Clear();
  EXPECT_THAT(rules.Texts(), ElementsAre());
}

TEST(FaultTarget, KnowsConnectionsAndLaterPages) {
  const std::string path = "/v2/connections/17/active_calls";
  const auto target_of = [](const std::string& of, std::map<std::string, std::string> query) {
    return TargetOf(FakeRequest(of, std::move(query)));
  };
  // The id is a view into the request's path, so it is looked at while the request lives.
  const FakeRequest request(path, {});
  EXPECT_EQ(TargetOf(request).connection_id, "17");
  EXPECT_FALSE(TargetOf(request).later_page);
  EXPECT_FALSE(target_of(path, {{"page[after]", ""}}).later_page);
  EXPECT_FALSE(target_of(path, {{"page[number]", "1"}}).later_page);
  EXPECT_TRUE(target_of(path, {{"page[number]", "2"}}).later_page);
  EXPECT_TRUE(target_of(path, {{"page[after]", "x"}}).later_page);
  EXPECT_EQ(target_of("/v2/connections", {}).connection_id, std::nullopt);
}

}  // namespace
}  // namespace telnyx_exporter::simulator
