#pragma once

// Requests to one account's API that belong together and come one after the other, without I/O:
// their retries and their common deadline. The poller asks what to request, brings the answers and
// is told what comes next. Poll and ListRefresh say what the answers mean.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "polling/answer.h"
#include "telnyx/failure.h"

namespace telnyx_exporter {

class RequestSequence {
 public:
  /// `timeout` for everything, `attempt_timeout` for one request.
  RequestSequence(Instant begun, Duration timeout, Duration attempt_timeout)
      : begun_(begun), timeout_(timeout), attempt_timeout_(attempt_timeout) {}
  virtual ~RequestSequence() = default;
  RequestSequence(const RequestSequence&) = delete;
  RequestSequence& operator=(const RequestSequence&) = delete;

  Instant begun() const { return begun_; }
  Instant deadline() const { return begun_ + timeout_; }
  /// For the next request.
  Duration AttemptTimeout(Instant now) const;

  virtual const std::string& next_target() const = 0;

  enum class Next { kRequest, kRetry, kComplete, kFailed };

  /// Takes in how the newest request ended.
  Next OnAnswer(const Answer& answer, Instant now, double jitter);
  /// Ends the sequence, because its time is over; `failure` says what it was waiting for.
  void OnDeadline(PollFailure failure);

  /// Pages that were read so far.
  std::uint32_t pages_read() const { return pages_read_; }
  /// Optional fields that could not be used, since the last call.
  std::uint64_t TakeIgnoredFields() { return std::exchange(ignored_fields_, 0); }

  /// After kRetry: how long to wait.
  Duration retry_delay() const { return retry_delay_; }
  /// After kRetry and kFailed: what went wrong.
  const PollFailure& failure() const { return failure_; }

 protected:
  enum class Step { kNextPage, kEnd };

  /// Reads the body of an answer with status 200.
  virtual std::expected<Step, PollFailure> OnPage(std::string_view body) = 0;

  /// Whether the sequence goes on when the API has not what was asked for and does not say that
  /// another try would help; else that is a failure.
  virtual bool MayBeLacking() const { return false; }
  /// Goes on behind what the API has not.
  virtual std::expected<Step, PollFailure> OnLacking() { return Step::kEnd; }

  /// A page had so many optional fields that could not be used.
  void CountIgnoredFields(std::uint64_t count) { ignored_fields_ += count; }

 private:
  Next OnFailure(const Answer& answer, Instant now, double jitter);
  Next Fail(PollFailure failure);

  const Instant begun_;
  const Duration timeout_;
  const Duration attempt_timeout_;
  std::uint32_t attempt_ = 1;  // of the present page
  std::uint32_t pages_read_ = 0;
  std::uint64_t ignored_fields_ = 0;
  PollFailure failure_;
  Duration retry_delay_{};
};

}  // namespace telnyx_exporter
