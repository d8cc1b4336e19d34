#pragma once

// What the network did to requests that belong together (a poll, or a refresh of an account's
// lists), and what the exporter must therefore make of it.

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "http/transport.h"
#include "simulation/advice.h"
#include "simulation/list_wire.h"
#include "simulation/wire.h"
#include "telnyx/failure.h"

namespace telnyx_exporter::simulation {

/// How one request ended, as the network knows it.
struct Outcome {
  std::optional<TransportError::Kind> error;       // before any status
  std::optional<TransportError::Kind> body_error;  // after it
  int status = 200;
  Advice advice;
  // Both null: the body was no page.
  const Page* page = nullptr;
  const ListPage* list = nullptr;
  Instant served{};

  bool has_page() const { return page != nullptr || list != nullptr; }
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

Expectation Failure(FailureReason reason);

class SequenceRecord {
 public:
  enum class Stage { kReady, kInFlight, kWaitsToRetry };

  SequenceRecord(Instant begun, Duration timeout) : begun_(begun), timeout_(timeout) {}

  Instant begun() const { return begun_; }
  Instant deadline() const { return begun_ + timeout_; }
  Duration timeout() const { return timeout_; }
  Stage stage() const { return stage_; }
  std::uint32_t requests() const { return requests_; }
  Instant retry_at() const { return retry_at_; }
  const Expectation& expectation() const { return expectation_; }

  void OnRetry(Duration delay, Instant now);
  void OnRetryWaitOver() { stage_ = Stage::kReady; }
  /// A Violation when what ends now must not end for that reason.
  void RequireFailure(FailureReason reason, Instant now, bool at_an_answer) const;

 protected:
  /// True when the request must be another one than the one before: the next page's.
  bool TakeRequest(const std::string& target, Instant now);
  /// The answer's consequences; `page_expectation` says what a page leads to.
  template <typename JudgePage>
  void TakeOutcome(const Outcome& outcome, Instant now, WallTime wall_now, JudgePage judge_page) {
    BeginOutcome(outcome, wall_now);
    if (expectation_.kind == Expectation::Kind::kNothing) expectation_ = judge_page();
    EndOutcome(outcome, now);
  }

 private:
  void BeginOutcome(const Outcome& outcome, WallTime wall_now);
  void EndOutcome(const Outcome& outcome, Instant now);
  Expectation JudgeFailure(FailureReason reason, const Advice& advice, WallTime wall_now) const;

  const Instant begun_;
  const Duration timeout_;
  Stage stage_ = Stage::kReady;
  std::uint32_t requests_ = 0;
  std::uint32_t attempts_ = 0;  // failed ones for the present page
  Instant retry_at_{};
  std::string target_;
  std::optional<FailureReason> failed_attempt_;  // the newest, for the present page
  bool timed_out_ = false;                       // the newest request
  Expectation expectation_;
};

}  // namespace telnyx_exporter::simulation
