#include "metrics/metric_table.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(MetricTable, NamesEveryMetricOnce) {
  std::set<std::string_view> names;
  for (const auto& [metric, read] : MetricTable()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
  }
}

TEST(MetricTable, EndsCountersAndOnlyThemInTotal) {
  for (const auto& [metric, read] : MetricTable()) {
    EXPECT_EQ(metric.name.ends_with("_total"), metric.type == MetricType::kCounter) << metric.name;
  }
}

TEST(MetricTable, NamesHoldTheirUnit) {
  for (const auto& [metric, read] : MetricTable()) {
    std::string_view name = metric.name;
    if (metric.type == MetricType::kCounter) name.remove_suffix(6);
    if (name.ends_with("_max_bytes")) continue;
    for (const std::string_view unit : {"seconds", "bytes"}) {
      EXPECT_EQ(name.ends_with(unit), metric.unit == unit) << metric.name;
    }
  }
}

TEST(MetricTable, ExplainsEveryMetricInOneLine) {
  for (const auto& [metric, read] : MetricTable()) {
    EXPECT_GT(metric.help.size(), 10U) << metric.name;
    EXPECT_EQ(metric.help.find('\n'), std::string_view::npos) << metric.name;
    EXPECT_TRUE(metric.help.ends_with('.')) << metric.name;
  }
}

TEST(MetricTable, AgreesWithTheReference) {
  const std::string reference = ReadFile("../docs/metrics.md");
  std::set<std::string> documented;
  std::size_t position = 0;
  // Each metric is in the first cell of a table row: | `name` | …
  while ((position = reference.find("\n| `", position)) != std::string::npos) {
    position += 4;
    documented.insert(reference.substr(position, reference.find('`', position) - position));
  }
  std::set<std::string> known;
  for (const auto& [metric, read] : MetricTable()) known.emplace(metric.name);
  EXPECT_EQ(documented, known);
}

}  // namespace
}  // namespace telnyx_exporter
