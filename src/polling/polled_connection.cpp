#include "polling/polled_connection.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

namespace telnyx_exporter {
namespace {

// Room is made at once for so many rows: 11 MB at most, which are kept for later polls.
constexpr std::size_t kMostReservedRows = 300'000;
// The memory of a page with more rows is not kept; the API's have 250.
constexpr std::size_t kMostKeptPageRows = 1000;

}  // namespace

Poll::Poll(std::string_view connection_id, PageWalkLimits limits, Instant begun, Duration timeout,
           PollWorkspace& workspace)
    // Half of the whole time, so that a request which hangs leaves time for another.
    : RequestSequence(begun, timeout, timeout / 2),
      workspace_(workspace),
      walk_(connection_id, limits) {}

Poll::~Poll() {
  // Room that was made for calls that never came is not worth keeping.
  const bool needed = rows_.size() >= rows_.capacity() / 2;
  if (!needed || rows_.capacity() > kMostReservedRows ||
      rows_.capacity() <= workspace_.spare_rows.capacity()) {
    return;
  }
  rows_.Clear();
  workspace_.spare_rows = std::move(rows_);
}

// So that they are not moved again and again. The number is the server's, so only up to a bound.
void Poll::MakeRoomFor(std::uint64_t rows) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(rows, kMostReservedRows));
  const std::size_t spare = workspace_.spare_rows.capacity();
  if (wanted <= spare && wanted >= spare / 2) rows_ = std::exchange(workspace_.spare_rows, {});
  rows_.Reserve(wanted);
}

std::expected<RequestSequence::Step, PollFailure> Poll::OnPage(std::string_view body) {
  std::vector<ActiveCall>& rows = workspace_.page;
  rows.clear();
  auto page = workspace_.parser.Parse(body, rows);
  if (!page) {
    return ContentFailure(FailureReason::kMalformedResponse,
                          fmt::format("page {}: {}", walk_.pages() + 1, page.error().message));
  }
  CountIgnoredFields(page->ignored_fields);
  if (page->total_items) {
    reported_legs_ = page->total_items;
    if (rows_.size() == 0) MakeRoomFor(*page->total_items);
  }
  rows_.Add(rows);
  longest_calls_.Add(rows);
  if (rows.capacity() > kMostKeptPageRows) rows = std::vector<ActiveCall>();
  auto step = walk_.Advance(*page);
  if (!step) return std::unexpected(std::move(step.error()));
  return *step == PageWalk::Step::kNextPage ? Step::kNextPage : Step::kEnd;
}

PolledConnection::PolledConnection(PollingContext& context, AccountKey of,
                                   const ConnectionPlan& plan, std::uint64_t hash, Instant now)
    : Job{.account = of, .connection = context.connection_keys.Acquire()},
      context_(context),
      key_(*connection),
      plan_(plan),
      schedule_(IntervalsOf(plan), hash, now, context.clock.WallNow(),
                context.first_polls_at_once) {}

void PolledConnection::CountDemand(BudgetReview& budget, bool was_cleared) {
  if (was_cleared) counted_demand_ = {};
  budget.Replace(counted_demand_, schedule_.Demand());
}

void PolledConnection::Change(const ConnectionPlan& plan, Instant now) {
  if (plan_ == plan) return;
  plan_ = plan;
  context_.observers.Tell(&PollObserver::OnConnectionChanged, key_, plan);
  if (schedule_.Replan(IntervalsOf(plan), now, context_.clock.WallNow())) {
    context_.observers.Tell(&PollObserver::OnIntervalChanged, key_, schedule_.in_force());
  }
  Reschedule();
}

void PolledConnection::Stretch(const IntervalStretch& stretch, Instant now) {
  if (!schedule_.Stretch(stretch, now)) return;
  Reschedule();
  context_.observers.Tell(&PollObserver::OnIntervalChanged, key_, schedule_.in_force());
}

void PolledConnection::RetryAfterKeyRefusal(Instant now) {
  const bool is_under_way = sequence || waiting_since;
  if (std::exchange(failed_by_key_, false) && !is_under_way) {
    Reschedule(&PollSchedule::PollSoon, now);
  }
}

bool PolledConnection::NoteKeyRefused(std::optional<Instant> accepted_at, Instant now) {
  const auto before = std::exchange(key_refused_at_, now);
  refused_alone_ = before && accepted_at && *accepted_at > *before;
  return refused_alone_;
}

void PolledConnection::Reschedule() {
  const bool round_over = context_.single_round && schedule_.was_due();
  due = round_over ? kNever : schedule_.due();
  check = round_over ? kNever : schedule_.expiry();
  context_.wakes.Update(*this);
}

bool PolledConnection::OnDue(Instant now) {
  const Instant was_due = due;
  const bool busy = sequence || waiting_since;
  std::uint64_t missed = schedule_.OnDue(now);
  if (context_.single_round) missed = 0;  // there is no other place in time to go on at
  Reschedule();
  // Whole intervals have passed unseen: the machine slept. To poll now, as all connections would,
  // were a burst; each goes on at its own next place in time.
  const std::uint64_t skipped = missed + (busy || missed > 0 ? 1 : 0);
  if (skipped > 0) {
    context_.observers.Tell(&PollObserver::OnPollsSkipped, key_, skipped);
    return false;
  }
  waiting_since = was_due;
  return true;
}

void PolledConnection::Begin(Instant now) {
  const Duration lag = now - std::exchange(waiting_since, std::nullopt).value_or(now);
  sequence =
      std::make_unique<Poll>(plan_.id, context_.walk, now, plan_.timeout, context_.workspace);
  refused_alone_ = false;
  schedule_.OnBegun(now);
  Reschedule();
  context_.observers.Tell(&PollObserver::OnPollBegun, key_, lag);
}

CompletePoll PolledConnection::Summarize(Poll& poll, PollReport& report) {
  CallSummarizer& summarizer = *context_.summarizer;
  SortedLegs& legs = context_.legs;
  legs.Assign(std::move(poll.rows()));
  CompletePoll complete{.summary = summarizer.Summarize(legs),
                        .duration_bounds = summarizer.duration_bounds(),
                        .long_call_thresholds = summarizer.long_call_thresholds(),
                        .reported_legs = poll.reported_legs(),
                        .pages = poll.pages(),
                        .longest_calls = poll.longest_calls()};
  if (!context_.single_round) {
    report.changes = tracker_.Update(legs, report.ended, schedule_.in_force().interval,
                                     summarizer.duration_bounds(), context_.spare_leg_blocks);
  }
  poll.rows() = legs.Release();
  return complete;
}

void PolledConnection::End(const Outcome& outcome, Instant now) {
  const auto poll = std::move(sequence);
  PollReport report{.ended = now,
                    .ended_wall = context_.clock.WallNow(),
                    .elapsed = now - poll->begun(),
                    .result = std::unexpected(PollFailure{})};
  if (outcome) {
    failed_by_key_ = false;
    report.result = Summarize(static_cast<Poll&>(*poll), report);
    schedule_.OnComplete(report.result->summary.legs, report.result->pages, now);
  } else {
    report.result = std::unexpected(outcome.error());
    NoteFailure(outcome.error().reason, *poll, now);
  }
  Reschedule();
  report.in_force = schedule_.in_force();
  report.next_due = due;
  context_.observers.Tell(&PollObserver::OnPollEnded, key_, report);
}

void PolledConnection::NoteFailure(FailureReason reason, const RequestSequence& poll, Instant now) {
  schedule_.OnTried(now);
  failed_by_key_ = reason == FailureReason::kUnauthorized;
  if (reason == FailureReason::kRequestBudget) schedule_.OnTooLarge(poll.pages_read() + 1);
  // A refused key says nothing about the connection, and where there was a page before, something
  // else was refused than the connection.
  const bool refused = refused_alone_ || (RefusesConnection(reason) && poll.pages_read() == 0);
  if (refused || !failed_by_key_) schedule_.OnFailed(refused, now);
}

void PolledConnection::FailWithoutRequest(PollFailure failure, Instant now) {
  failure.detail = "not asked: the account's key was refused a moment before";
  const Instant was_due = std::exchange(waiting_since, std::nullopt).value_or(now);
  schedule_.OnBegun(now);
  schedule_.OnTried(now);
  Reschedule();
  ReportHeldBack(std::move(failure), now - was_due, now);
}

void PolledConnection::FailExpired(PollFailure failure, Instant now) {
  schedule_.OnExpired();
  ReportHeldBack(std::move(failure), now - waiting_since.value_or(now), now);
}

void PolledConnection::ReportHeldBack(PollFailure failure, Duration lag, Instant now) {
  failed_by_key_ = failure.reason == FailureReason::kUnauthorized;
  context_.observers.Tell(&PollObserver::OnPollBegun, key_, lag);
  context_.observers.Tell(&PollObserver::OnPollEnded, key_,
                          PollReport{.ended = now,
                                     .ended_wall = context_.clock.WallNow(),
                                     .elapsed = Duration::zero(),
                                     .result = std::unexpected(std::move(failure)),
                                     .held_back = true,
                                     .in_force = schedule_.in_force(),
                                     .next_due = due});
}

}  // namespace telnyx_exporter
