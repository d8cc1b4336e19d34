#pragma once

// What the network did to one poll, and what the exporter must therefore make of it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "calls/call_summary.h"
#include "http/transport.h"
#include "simulation/advice.h"
#include "simulation/wire.h"
#include "telnyx/failure.h"
#include "telnyx/page_walk.h"

namespace telnyx_exporter::simulation {

/// How one request ended, as the network knows it.
struct Outcome {
  std::optional<TransportError::Kind> error;
  int status = 200;
  Advice advice;
  const Page* page = nullptr;  // null: the body was none
  Instant served{};
};

/// What must follow.
struct Expectation {
  enum class Kind { kNothing, kNextPage, kComplete, kFailure, kRetry };
  Kind kind = Kind::kNothing;
  FailureReason reason = FailureReason::kConnect;  // of kFailure, and of kRetry when it gives up
  // Of kRetry: bounds of the wait. Giving up is right where the longest does not fit in any more.
  Duration least_wait{};
  Duration most_wait{};
};

class PollRecord {
 public:
  enum class Stage { kReady, kInFlight, kWaitsToRetry };

  PollRecord(Instant begun, Duration timeout, PageWalkLimits limits)
      : begun_(begun), timeout_(timeout), limits_(limits) {}

  Instant begun() const { return begun_; }
  Instant deadline() const { return begun_ + timeout_; }
  Duration timeout() const { return timeout_; }
  Stage stage() const { return stage_; }
  std::uint32_t requests() const { return requests_; }
  std::uint32_t pages() const { return pages_; }
  Instant served_last() const { return served_last_; }
  std::optional<std::uint64_t> reported() const { return reported_; }
  Instant retry_at() const { return retry_at_; }
  const Expectation& expectation() const { return expectation_; }
  /// Of every page so far; the same leg may come several times.
  std::vector<Row>& rows() { return rows_; }
  bool uses_page_numbers() const { return number_ > 1; }

  /// A Violation when it is not the request that must come next.
  void OnSent(const std::string& target, const PageRequest& request, Instant now);
  void OnOutcome(const Outcome& outcome, Instant now, WallTime wall_now);
  void OnRetry(Duration delay, Instant now);
  void OnRetryWaitOver() { stage_ = Stage::kReady; }
  /// A Violation when a poll that ends now must not end for that reason.
  void RequireFailure(FailureReason reason, Instant now, bool at_an_answer) const;

 private:
  Expectation Judge(const Outcome& outcome, WallTime wall_now);
  Expectation JudgePage(const Page& page);
  Expectation JudgeFailure(FailureReason reason, const Advice& advice, WallTime wall_now) const;

  const Instant begun_;
  const Duration timeout_;
  const PageWalkLimits limits_;
  Stage stage_ = Stage::kReady;
  std::uint32_t requests_ = 0;
  std::uint32_t attempts_ = 0;  // failed ones for the present page
  std::uint32_t pages_ = 0;
  Instant served_last_{};
  Instant retry_at_{};
  std::vector<Row> rows_;
  std::optional<std::uint64_t> reported_;
  std::string target_;
  std::vector<Cursor> cursors_;  // every one that was given
  std::uint64_t number_ = 1;     // of the page that comes next
  std::uint64_t size_ = 0;
  std::optional<FailureReason> failed_attempt_;  // the newest, for the present page
  Expectation expectation_;
};

/// The rows' legs, each once with its longest duration, in the order of their numbers.
std::vector<Row> DistinctLegs(std::vector<Row> rows);
/// What the exporter must count.
CallSummary SumUp(const std::vector<Row>& rows, const std::vector<Row>& legs,
                  const std::vector<double>& bounds);

}  // namespace telnyx_exporter::simulation
