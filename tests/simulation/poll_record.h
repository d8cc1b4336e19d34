#pragma once

// One poll of one connection: what the network brought, page by page, and what must be published.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "calls/call_summary.h"
#include "simulation/sequence_record.h"
#include "telnyx/page_walk.h"

namespace telnyx_exporter::simulation {

class PollRecord final : public SequenceRecord {
 public:
  PollRecord(Instant begun, Duration timeout, PageWalkLimits limits)
      : SequenceRecord(begun, timeout), limits_(limits) {}

  std::uint32_t pages() const { return pages_; }
  Instant served_last() const { return served_last_; }
  std::optional<std::uint64_t> reported() const { return reported_; }
  /// Of every page so far; the same leg may come several times.
  const std::vector<Row>& rows() const { return rows_; }
  bool uses_page_numbers() const { return number_ > 1; }

  /// A Violation when it is not the request that must come next.
  void OnSent(const std::string& target, const PageRequest& request, Instant now);
  void OnOutcome(const Outcome& outcome, Instant now, WallTime wall_now);

 private:
  Expectation JudgePage(const Outcome& outcome);

  const PageWalkLimits limits_;
  std::uint32_t pages_ = 0;
  Instant served_last_{};
  std::vector<Row> rows_;
  std::optional<std::uint64_t> reported_;
  std::vector<Cursor> cursors_;  // every one that was given
  std::uint64_t number_ = 1;     // of the page that comes next
  std::uint64_t size_ = 0;
};

/// The rows' legs, each once with its longest duration, in the order of their numbers.
std::vector<Row> DistinctLegs(std::vector<Row> rows);
/// What the exporter must count.
CallSummary SumUp(const std::vector<Row>& rows, const std::vector<Row>& legs,
                  const std::vector<double>& bounds);

}  // namespace telnyx_exporter::simulation
