#pragma once

// The process_* metrics of this process, under the names that all Prometheus clients use. Read from
// /proc by the thread that writes an exposition.

#include <string_view>
#include <vector>

namespace telnyx_exporter {

struct ProcessValue {
  std::string_view name;  // "process_threads"
  double value = 0;
};

/// As of now. What cannot be read is left out.
std::vector<ProcessValue> ReadProcessValues();

}  // namespace telnyx_exporter
