#include "metrics/process_metrics.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include <sys/resource.h>
#include <unistd.h>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

std::string ReadAll(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The fields of /proc/self/stat from the third on: the second is the program's name in parentheses,
// which may hold any characters. Numbering as in proc(5).
class ProcStat {
 public:
  explicit ProcStat(const std::string& text) {
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) return;
    std::istringstream rest(text.substr(name_end + 1));
    for (std::string field; rest >> field;) fields_.push_back(field);
  }

  std::optional<double> Field(std::size_t number) const {
    if (number < 3 || number - 3 >= fields_.size()) return std::nullopt;
    const auto value = ParseUnsigned(fields_[number - 3]);
    if (!value) return std::nullopt;
    return static_cast<double>(*value);
  }

 private:
  std::vector<std::string> fields_;
};

// "btime 1700000000" of /proc/stat: when the machine started.
std::optional<double> BootTime() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    if (word != "btime") continue;
    double seconds = 0;
    if (file >> seconds) return seconds;
  }
  return std::nullopt;
}

std::optional<double> CountOpenFds() {
  std::error_code error;
  const std::filesystem::directory_iterator directory("/proc/self/fd", error);
  if (error) return std::nullopt;
  // The directory itself is open while it is being counted.
  return static_cast<double>(std::distance(begin(directory), end(directory)) - 1);
}

std::optional<double> SoftLimit(__rlimit_resource resource) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0) return std::nullopt;
  return limit.rlim_cur == RLIM_INFINITY ? -1 : static_cast<double>(limit.rlim_cur);
}

}  // namespace

std::vector<ProcessValue> ReadProcessValues() {
  const ProcStat stat(ReadAll("/proc/self/stat"));
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  std::vector<ProcessValue> values;
  const auto add = [&](std::string_view name, std::optional<double> value) {
    if (value) values.push_back({name, *value});
  };
  const auto user = stat.Field(14);
  const auto system = stat.Field(15);
  if (user && system) add("process_cpu_seconds_total", (*user + *system) / ticks_per_second);
  add("process_open_fds", CountOpenFds());
  add("process_max_fds", SoftLimit(RLIMIT_NOFILE));
  add("process_virtual_memory_bytes", stat.Field(23));
  add("process_virtual_memory_max_bytes", SoftLimit(RLIMIT_AS));
  if (const auto pages = stat.Field(24)) {
    add("process_resident_memory_bytes", *pages * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
  const auto boot = BootTime();
  const auto started = stat.Field(22);
  if (boot && started) add("process_start_time_seconds", *boot + *started / ticks_per_second);
  add("process_threads", stat.Field(20));
  return values;
}

}  // namespace telnyx_exporter
