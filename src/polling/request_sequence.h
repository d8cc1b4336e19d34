#pragma once

// Requests to one account's API that belong together and come one after the other, without I/O:
// their retries and their common deadline. The poller asks what to request, brings the answers and
// is told what comes next. Poll and ListRefresh say what the answers mean.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "polling/answer.h"
#include "telnyx/failure.h"

namespace telnyx_exporter {

/// Requests for one page in one poll, the first included.
inline constexpr std::uint32_t kMaxAttempts = 5;
inline constexpr Duration kFirstRetryDelay = std::chrono::milliseconds(500);
inline constexpr Duration kLongestRetryDelay = std::chrono::seconds(8);

/// How far apart the polls of something that is refused for good may get.
inline constexpr Duration kLongestRefusedInterval = std::chrono::minutes(5);

struct FailedAttempt {
  std::uint32_t attempt = 1;  // 1: the first request for this page failed
  FailureReason reason = FailureReason::kConnect;
  RetryAdvice advice;
  Duration remaining;   // until the poll's time-out
  double jitter = 0.5;  // random, from 0 up to 1
};

/// The wait before the next attempt, or nothing when there is to be none: the failure is permanent,
/// the attempts are used up, or the wait would reach the poll's time-out.
std::optional<Duration> RetryDelay(const FailedAttempt& failed);

/// The interval between polls after `refusals` of them in a row were refused: as configured after
/// the first, then twice as long each time, up to kLongestRefusedInterval (or the configured one,
/// where that is longer).
Duration RefusedInterval(Duration interval, std::uint32_t refusals);

/// The requests of one poll or of one refresh of the lists.
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
  /// Goes on after a list that the API does not have.
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
