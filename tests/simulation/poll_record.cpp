#include "simulation/poll_record.h"

#include <algorithm>

#include "simulation/violation.h"

namespace telnyx_exporter::simulation {
namespace {

using namespace std::chrono_literals;

// What docs/metrics.md and the headers promise.
constexpr std::uint32_t kMostAttempts = 5;
constexpr Duration kFirstBackoff = 500ms;
constexpr Duration kLongestBackoff = 8s;

// Dates and fractions are read through floating point.
constexpr Duration kTimeSlack = 1us;

FailureReason ReasonOf(TransportError::Kind kind) {
  switch (kind) {
    case TransportError::Kind::kTimeout:
      return FailureReason::kTimeout;
    case TransportError::Kind::kConnect:
      return FailureReason::kConnect;
    case TransportError::Kind::kTls:
      return FailureReason::kTls;
    case TransportError::Kind::kMalformed:
      return FailureReason::kMalformedResponse;
    case TransportError::Kind::kResponseTooLarge:
      return FailureReason::kResponseTooLarge;
  }
  Violate("an unknown transport error");
}

FailureReason ReasonOf(int status) {
  if (status == 401) return FailureReason::kUnauthorized;
  if (status == 403) return FailureReason::kForbidden;
  if (status == 404) return FailureReason::kNotFound;
  if (status == 408) return FailureReason::kTimeout;
  if (status == 422) return FailureReason::kUnprocessable;
  if (status == 429) return FailureReason::kRateLimited;
  return status >= 500 && status < 600 ? FailureReason::kServerError
                                       : FailureReason::kUnexpectedStatus;
}

bool MayPass(FailureReason reason) {
  return reason == FailureReason::kTimeout || reason == FailureReason::kConnect ||
         reason == FailureReason::kRateLimited || reason == FailureReason::kServerError;
}

Expectation Failure(FailureReason reason) {
  return {.kind = Expectation::Kind::kFailure, .reason = reason};
}

}  // namespace

void PollRecord::OnSent(const std::string& target, const PageRequest& request, Instant now) {
  Require(stage_ != Stage::kInFlight, "a second request while the poll's first is not over");
  Require(stage_ != Stage::kWaitsToRetry || now >= retry_at_, "a request is sent again too early");
  Require(now < deadline(), "a request behind the poll's time-out");
  if (failed_attempt_) {
    Require(target == target_, "another page was asked for after a failed request");
  } else if (cursors_.empty() && number_ == 1) {
    Require(pages_ == 0 && !request.after && !request.number, "a walk begins in its middle");
    Require(request.limit == limits_.page_limit, "{} rows were asked for", request.limit);
  } else if (!cursors_.empty()) {
    Require(request.after == cursors_.back(), "another cursor than the page before gave");
    Require(request.limit == limits_.page_limit, "{} rows were asked for", request.limit);
  } else {
    Require(request.number == number_ && request.limit == size_,
            "page {} of {} rows was asked for instead of page {} of {}", request.number.value_or(0),
            request.limit, number_, size_);
  }
  target_ = target;
  ++requests_;
  stage_ = Stage::kInFlight;
  expectation_ = {};
}

void PollRecord::OnOutcome(const Outcome& outcome, Instant now, WallTime wall_now) {
  Require(stage_ == Stage::kInFlight, "an answer to no request");
  stage_ = Stage::kReady;
  expectation_ = Judge(outcome, wall_now);
  if (now > deadline() && outcome.page != nullptr) {
    // Too late: nobody knows what has become of these calls since.
    expectation_ = Failure(failed_attempt_.value_or(FailureReason::kTimeout));
  }
  if (expectation_.kind == Expectation::Kind::kRetry) {
    failed_attempt_ = expectation_.reason;
    ++attempts_;
  } else if (expectation_.kind != Expectation::Kind::kFailure) {
    failed_attempt_.reset();
    attempts_ = 0;
    served_last_ = outcome.served;
  }
}

Expectation PollRecord::Judge(const Outcome& outcome, WallTime wall_now) {
  if (outcome.error) return JudgeFailure(ReasonOf(*outcome.error), {}, wall_now);
  if (outcome.status != 200) {
    return JudgeFailure(ReasonOf(outcome.status), outcome.advice, wall_now);
  }
  if (outcome.page == nullptr) return Failure(FailureReason::kMalformedResponse);
  return JudgePage(*outcome.page);
}

Expectation PollRecord::JudgePage(const Page& page) {
  ++pages_;
  rows_.insert(rows_.end(), page.rows.begin(), page.rows.end());
  if (page.total_items) reported_ = page.total_items;
  const Expectation complete{.kind = Expectation::Kind::kComplete};
  if (page.rows.empty()) return complete;
  if (page.next) {
    if (std::ranges::count(cursors_, *page.next) > 0) return Failure(FailureReason::kCursorLoop);
    if (pages_ >= limits_.max_pages) return Failure(FailureReason::kTooManyPages);
    cursors_.push_back(*page.next);
    return {.kind = Expectation::Kind::kNextPage};
  }
  if (!page.numbers) return complete;
  if (page.numbers->number != number_) return Failure(FailureReason::kCursorLoop);
  if (number_ >= page.numbers->total_pages) return complete;
  if (pages_ >= limits_.max_pages) return Failure(FailureReason::kTooManyPages);
  ++number_;
  if (size_ == 0) size_ = page.numbers->size;
  return {.kind = Expectation::Kind::kNextPage};
}

Expectation PollRecord::JudgeFailure(FailureReason reason, const Advice& advice,
                                     WallTime wall_now) const {
  if (!advice.should_retry.value_or(MayPass(reason))) return Failure(reason);
  if (attempts_ + 1 >= kMostAttempts) return Failure(reason);
  const Duration backoff = std::min(kFirstBackoff * (1U << attempts_), kLongestBackoff);
  Duration asked{};
  if (const auto retry_after = advice.RetryAfter(wall_now)) {
    asked = *retry_after;
  } else if (reason == FailureReason::kRateLimited) {
    asked = advice.reset.value_or(Duration{});
  }
  return {.kind = Expectation::Kind::kRetry,
          .reason = reason,
          .least_wait = std::max(backoff / 2, asked) - kTimeSlack,
          .most_wait = std::max(backoff, asked) + kTimeSlack};
}

void PollRecord::OnRetry(Duration delay, Instant now) {
  Require(expectation_.kind == Expectation::Kind::kRetry, "a request is sent again without need");
  Require(delay >= expectation_.least_wait && delay <= expectation_.most_wait,
          "a request is sent again after {} s instead of {} to {} s", ToSeconds(delay),
          ToSeconds(expectation_.least_wait), ToSeconds(expectation_.most_wait));
  Require(now + delay < deadline(), "a request is to be sent again behind the poll's time-out");
  stage_ = Stage::kWaitsToRetry;
  retry_at_ = now + delay;
}

void PollRecord::RequireFailure(FailureReason reason, Instant now, bool at_an_answer) const {
  const std::string_view label = ReasonLabel(reason);
  if (!at_an_answer) {
    Require(now >= deadline(), "a poll failed with {}, {} s before its time-out", label,
            ToSeconds(deadline() - now));
    const FailureReason right = failed_attempt_.value_or(FailureReason::kTimeout);
    Require(reason == right, "a poll failed with {} instead of {}", label, ReasonLabel(right));
    return;
  }
  const bool gives_up =
      expectation_.kind == Expectation::Kind::kRetry && now + expectation_.most_wait >= deadline();
  Require(gives_up || expectation_.kind == Expectation::Kind::kFailure,
          "a poll failed with {} although it need not", label);
  Require(reason == expectation_.reason, "a poll failed with {} instead of {}", label,
          ReasonLabel(expectation_.reason));
}

std::vector<Row> DistinctLegs(std::vector<Row> rows) {
  std::ranges::sort(rows, [](const Row& left, const Row& right) {
    return left.leg != right.leg ? left.leg < right.leg : left.seconds > right.seconds;
  });
  const auto rest = std::ranges::unique(rows, {}, &Row::leg);
  rows.erase(rest.begin(), rest.end());
  return rows;
}

CallSummary SumUp(const std::vector<Row>& rows, const std::vector<Row>& legs,
                  const std::vector<double>& bounds) {
  CallSummary sum;
  sum.legs = legs.size();
  sum.bucket_counts.assign(bounds.size() + 1, 0);
  for (const Row& leg : legs) {
    std::size_t bucket = 0;
    while (bucket < bounds.size() && leg.seconds > bounds[bucket]) ++bucket;
    ++sum.bucket_counts[bucket];
    sum.total_seconds += leg.seconds;
    sum.longest_seconds = std::max(sum.longest_seconds, leg.seconds);
  }
  std::vector<std::uint64_t> sessions;
  for (const Row& row : rows) sessions.push_back(row.session);
  std::ranges::sort(sessions);
  const auto rest = std::ranges::unique(sessions);
  sessions.erase(rest.begin(), rest.end());
  sum.sessions = sessions.size();
  if (!sessions.empty() && sessions.front() == 0) sum.sessions.reset();
  return sum;
}

}  // namespace telnyx_exporter::simulation
