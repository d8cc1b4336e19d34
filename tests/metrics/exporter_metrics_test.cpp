#include "metrics/exporter_metrics.h"

#include <chrono>
#include <map>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/clock.h"

namespace telnyx_exporter {
namespace {

std::map<std::string, double> Read() {
  std::map<std::string, double> values;
  for (const auto& [name, value] : ReadProcessValues()) values.emplace(name, value);
  return values;
}

TEST(ReadProcessValues, ReadsTheStandardSet) {
  const auto values = Read();
  EXPECT_EQ(values.size(), 8U);
  EXPECT_GE(values.at("process_cpu_seconds_total"), 0);
  EXPECT_GT(values.at("process_max_fds"), 10);
  EXPECT_GE(values.at("process_threads"), 1);
  EXPECT_GT(values.at("process_resident_memory_bytes"), 1e6);
  EXPECT_GT(values.at("process_virtual_memory_bytes"), values.at("process_resident_memory_bytes"));
}

TEST(ReadProcessValues, CountsOpenFiles) {
  const double before = Read().at("process_open_fds");
  const int copy = dup(STDERR_FILENO);
  EXPECT_EQ(Read().at("process_open_fds"), before + 1);
  close(copy);
}

TEST(ReadProcessValues, KnowsWhenTheProcessStarted) {
  const double age =
      ToUnixSeconds(std::chrono::system_clock::now()) - Read().at("process_start_time_seconds");
  EXPECT_GT(age, -2);
  EXPECT_LT(age, 3600);
}

}  // namespace
}  // namespace telnyx_exporter
