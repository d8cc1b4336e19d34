#pragma once

// The series of connections that stand beside each other on a page, row by row: a page is put
// together from few large pieces, whatever the number of connections, and a connection that changed
// costs the copying of its group.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/connection_metrics.h"

namespace telnyx_exporter {

class SeriesGroup {
 public:
  static constexpr std::size_t kMembers = 64;

  struct Change {
    std::size_t member;  // below kMembers
    RenderedConnection series;
  };
  /// Puts in what changed, one entry a member by ascending member. The others stay as they are, at
  /// first without series.
  void Apply(std::span<const Change> changes);

  /// Of ConnectionMetrics(); all members' series, one after the other.
  std::string_view SeriesOf(std::size_t row) const;
  std::string_view SeriesOf(std::size_t row, std::size_t member) const;

 private:
  std::string bytes_;
  std::vector<std::uint32_t> ends_;  // in bytes_: row by row, of each member
};

}  // namespace telnyx_exporter
