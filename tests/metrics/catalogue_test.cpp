#include "metrics/catalogue.h"

#include <algorithm>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "support/read_file.h"

namespace telnyx_exporter {
namespace {

TEST(Catalogue, NamesEveryMetricOnce) {
  std::set<std::string_view> names;
  for (const MetricDescriptor* metric : catalogue::kAll) {
    EXPECT_TRUE(names.insert(metric->name).second) << metric->name;
  }
}

TEST(Catalogue, EndsCountersAndOnlyThemInTotal) {
  for (const MetricDescriptor* metric : catalogue::kAll) {
    EXPECT_EQ(metric->name.ends_with("_total"), metric->type == MetricType::kCounter)
        << metric->name;
  }
}

TEST(Catalogue, NamesHoldTheirUnit) {
  for (const MetricDescriptor* metric : catalogue::kAll) {
    std::string_view name = metric->name;
    if (metric->type == MetricType::kCounter) name.remove_suffix(6);
    if (name.ends_with("_max_bytes")) continue;
    for (const std::string_view unit : {"seconds", "bytes"}) {
      EXPECT_EQ(name.ends_with(unit), metric->unit == unit) << metric->name;
    }
  }
}

TEST(Catalogue, ExplainsEveryMetricInOneLine) {
  for (const MetricDescriptor* metric : catalogue::kAll) {
    EXPECT_GT(metric->help.size(), 10U) << metric->name;
    EXPECT_EQ(metric->help.find('\n'), std::string_view::npos) << metric->name;
    EXPECT_TRUE(metric->help.ends_with('.')) << metric->name;
  }
}

TEST(Catalogue, AgreesWithTheReference) {
  const std::string reference = ReadFile("../docs/metrics.md");
  std::set<std::string> documented;
  std::size_t position = 0;
  // Each metric stands in the first cell of a table row: | `name` | …
  while ((position = reference.find("\n| `", position)) != std::string::npos) {
    position += 4;
    documented.insert(reference.substr(position, reference.find('`', position) - position));
  }
  std::set<std::string> known;
  for (const MetricDescriptor* metric : catalogue::kAll) known.emplace(metric->name);
  EXPECT_EQ(documented, known);
}

}  // namespace
}  // namespace telnyx_exporter
