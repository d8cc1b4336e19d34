#include "simulation/poll_record.h"

#include <algorithm>

#include "simulation/violation.h"

namespace telnyx_exporter::simulation {

void PollRecord::OnSent(const std::string& target, const PageRequest& request, Instant now) {
  if (!TakeRequest(target, now)) return;
  if (number_ > 1) {
    Require(request.number == number_ && request.limit == size_,
            "page {} of {} rows was asked for instead of page {} of {}", request.number.value_or(0),
            request.limit, number_, size_);
    return;
  }
  Require(request.limit == limits_.page_limit && !request.number, "{} rows were asked for",
          request.limit);
  if (cursors_.empty()) {
    Require(!request.after, "a walk begins in its middle");
  } else {
    Require(request.after == cursors_.back(), "another cursor than the page before gave");
  }
}

void PollRecord::OnOutcome(const Outcome& outcome, Instant now, WallTime wall_now) {
  TakeOutcome(outcome, now, wall_now, [&] { return JudgePage(outcome); });
}

Expectation PollRecord::JudgePage(const Outcome& outcome) {
  const Page& page = *outcome.page;
  ++pages_;
  served_last_ = outcome.served;
  rows_.insert(rows_.end(), page.rows.begin(), page.rows.end());
  if (page.total_items) reported_ = page.total_items;
  const Expectation complete{.kind = Expectation::Kind::kComplete};
  const bool is_known = page.next && std::ranges::count(cursors_, *page.next) > 0;
  if (page.rows.empty()) {
    // The last one, unless it says twice that it is not.
    const bool lacks_rows = page.total_items.value_or(0) > rows_.size();
    const bool names_more = (page.next && !is_known && lacks_rows) ||
                            (page.numbers && page.numbers->total_pages > number_);
    if (!names_more) return complete;
  }
  if (page.next) {
    if (is_known) return Failure(FailureReason::kCursorLoop);
    if (pages_ >= limits_.max_pages) return Failure(FailureReason::kTooManyPages);
    cursors_.push_back(*page.next);
    return {.kind = Expectation::Kind::kNextPage};
  }
  if (!page.numbers) return complete;
  if (page.numbers->number != number_) return Failure(FailureReason::kCursorLoop);
  if (number_ >= page.numbers->total_pages) return complete;
  if (page.numbers->total_pages > limits_.max_pages) {
    return Failure(FailureReason::kTooManyPages);
  }
  ++number_;
  if (size_ == 0) size_ = page.numbers->size;
  return {.kind = Expectation::Kind::kNextPage};
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
