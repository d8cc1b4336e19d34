#include "polling/job.h"

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "now.h"

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

Job JobOf(std::uint32_t account, std::optional<std::uint32_t> connection, Instant due) {
  Job job{.account = AccountKey{account}, .due = due};
  if (connection) job.connection = ConnectionKey{*connection};
  return job;
}

TEST(Job, WakesForTheEarliestThingThatItWaitsFor) {
  Job job;
  EXPECT_EQ(job.Wake(), kNever);
  job.due = kNow + 3s;
  EXPECT_EQ(job.Wake(), kNow + 3s);
  job.check = kNow + 2s;
  EXPECT_EQ(job.Wake(), kNow + 2s);
  job.retry = kNow + 1s;
  EXPECT_EQ(job.Wake(), kNow + 1s);
}

TEST(WakeSet, NamesJobsInTheOrderOfTheirTimes) {
  WakeSet wakes;
  Job late = JobOf(0, 0, kNow + 2s);
  Job early = JobOf(0, 1, kNow + 1s);
  wakes.Update(late);
  wakes.Update(early);
  EXPECT_EQ(wakes.next(), kNow + 1s);
  EXPECT_EQ(wakes.FirstAt(kNow), nullptr);
  EXPECT_EQ(wakes.FirstAt(kNow + 5s), &early);
  early.due = kNow + 3s;
  wakes.Update(early);
  EXPECT_EQ(wakes.FirstAt(kNow + 5s), &late);
}

TEST(WakeSet, NamesJobsOfTheSameTimeByTheirKeys) {
  WakeSet wakes;
  Job second = JobOf(1, std::nullopt, kNow);
  Job first = JobOf(0, 7, kNow);
  wakes.Update(second);
  wakes.Update(first);
  EXPECT_EQ(wakes.FirstAt(kNow), &first);
}

TEST(WakeSet, ForgetsWhatWaitsForNothing) {
  WakeSet wakes;
  Job job = JobOf(0, 0, kNow);
  wakes.Update(job);
  job.due = kNever;
  wakes.Update(job);
  EXPECT_EQ(wakes.next(), kNever);
  job.due = kNow;
  wakes.Update(job);
  wakes.Remove(job);
  wakes.Remove(job);
  EXPECT_EQ(wakes.next(), kNever);
}

using namespace std::chrono_literals;
using ::testing::ElementsAre;

// A poll that is never asked what comes next.
class SomePoll final : public RequestSequence {
 public:
  explicit SomePoll(Instant begun) : RequestSequence(begun, 10s, 5s) {}
  const std::string& next_target() const override { return target_; }

 protected:
  std::expected<Step, PollFailure> OnPage(std::string_view /*body*/) override { return Step::kEnd; }

 private:
  std::string target_;
};

class SendQueueTest : public ::testing::Test {
 protected:
  static void BeginAt(Instant begun, Job& job) { job.sequence = std::make_unique<SomePoll>(begun); }

  Job first_ = JobOf(0, 1, kNever);
  Job second_ = JobOf(0, 2, kNever);
  Job lists_;
};

TEST_F(SendQueueTest, TakesNewPollsInTheirOrder) {
  SendQueue queue({.requests_per_second = 10, .burst = 10}, kNow);
  EXPECT_FALSE(queue.TakeTurn(kNow).has_value());
  queue.AddNewPoll(second_, kNow);
  queue.AddNewPoll(first_, kNow);
  EXPECT_EQ(queue.TakeTurn(kNow)->job, &second_);
  EXPECT_EQ(queue.TakeTurn(kNow)->job, &first_);
  EXPECT_TRUE(queue.empty());
}

TEST_F(SendQueueTest, LetsWhatIsUnderWayGoFirst) {
  SendQueue queue({.requests_per_second = 10, .burst = 10}, kNow);
  BeginAt(kNow, second_);
  queue.AddNewPoll(first_, kNow);
  queue.AddNextRequest(second_, kNow);
  EXPECT_EQ(queue.TakeTurn(kNow)->job, &second_);
  EXPECT_EQ(queue.TakeTurn(kNow)->job, &first_);
}

TEST_F(SendQueueTest, LetsThePollGoOnThatBeganFirst) {
  SendQueue queue({.requests_per_second = 10, .burst = 10}, kNow);
  Job third = JobOf(0, 1, kNever);
  BeginAt(kNow + 1s, first_);
  BeginAt(kNow, second_);
  BeginAt(kNow, third);
  for (Job* job : {&first_, &second_, &third}) queue.AddNextRequest(*job, kNow + 1s);
  EXPECT_EQ(queue.TakeTurn(kNow + 1s)->job, &third);
  EXPECT_EQ(queue.TakeTurn(kNow + 1s)->job, &second_);
  EXPECT_EQ(queue.TakeTurn(kNow + 1s)->job, &first_);
}

TEST_F(SendQueueTest, GivesListsEverySecondTurnWhilePollsWait) {
  SendQueue queue({.requests_per_second = 10, .burst = 10}, kNow);
  queue.AddNewPoll(first_, kNow);
  queue.AddNewPoll(second_, kNow);
  queue.AddNextRequest(lists_, kNow);
  EXPECT_EQ(queue.TakeTurn(kNow)->job, &lists_);
  queue.AddNextRequest(lists_, kNow);
  EXPECT_EQ(queue.TakeTurn(kNow)->job, &first_);
  EXPECT_EQ(queue.TakeTurn(kNow)->job, &lists_);
  queue.AddNextRequest(lists_, kNow);
  queue.Remove(second_);
  EXPECT_EQ(queue.TakeTurn(kNow)->job, &lists_);
  EXPECT_TRUE(queue.empty());
  queue.AddNextRequest(lists_, kNow);
  queue.Remove(lists_);
  EXPECT_TRUE(queue.empty());
}

class SendQueueWaitTest : public SendQueueTest {
 protected:
  void SetUp() override {
    queue_.AddNewPoll(first_, kNow);
    EXPECT_EQ(queue_.TakeTurn(kNow)->held_back_by_limit, Duration(0s));
    queue_.AddNewPoll(second_, kNow);
  }
  Duration WaitedAt(Duration later) { return queue_.TakeTurn(kNow + later)->held_back_by_limit; }

  SendQueue queue_{{.requests_per_second = 1, .burst = 1}, kNow};
};

TEST_F(SendQueueWaitTest, CountsTheTimeForWhichTheLimitHeldItBack) {
  queue_.NoteWaiting(kNow, true);
  EXPECT_EQ(queue_.NextTurn(kNow), kNow + 1s);
  EXPECT_EQ(WaitedAt(1s), Duration(1s));
}

TEST_F(SendQueueWaitTest, DoesNotCountThatNobodyCameForIt) {
  queue_.NoteWaiting(kNow, true);
  EXPECT_EQ(WaitedAt(5s), Duration(1s));
}

TEST_F(SendQueueWaitTest, DoesNotCountTheWaitForAFreeSlot) {
  queue_.NoteWaiting(kNow, false);
  queue_.NoteWaiting(kNow + 400ms, true);
  EXPECT_EQ(WaitedAt(1s), Duration(600ms));
}

TEST_F(SendQueueWaitTest, DoesNotCountTheWaitThatTheApiAsksFor) {
  queue_.limiter().OnQuota(kNow, 0, 700ms, kNow);
  queue_.NoteWaiting(kNow, true);
  EXPECT_EQ(WaitedAt(1s), Duration(300ms));
}

TEST_F(SendQueueWaitTest, CountsForEachWhatItWaitedItself) {
  Job late;
  queue_.NoteWaiting(kNow, true);
  queue_.AddNewPoll(late, kNow + 900ms);
  EXPECT_EQ(WaitedAt(1s), Duration(1s));
  queue_.NoteWaiting(kNow + 1s, true);
  EXPECT_EQ(WaitedAt(2s), Duration(1100ms));
}

TEST_F(SendQueueTest, ForgetsWhoIsRemoved) {
  SendQueue queue({.requests_per_second = 10, .burst = 10}, kNow);
  BeginAt(kNow, first_);
  BeginAt(kNow, second_);
  queue.AddNewPoll(first_, kNow);
  queue.AddNextRequest(first_, kNow);
  queue.AddNextRequest(second_, kNow);
  queue.Remove(first_);
  EXPECT_EQ(queue.TakeTurn(kNow)->job, &second_);
  EXPECT_FALSE(queue.NextTurn(kNow).has_value());
}

TEST_F(SendQueueTest, GivesUpTheNewPollsAlone) {
  SendQueue queue({.requests_per_second = 10, .burst = 10}, kNow);
  BeginAt(kNow, second_);
  queue.AddNewPoll(first_, kNow);
  queue.AddNextRequest(second_, kNow);
  EXPECT_THAT(queue.TakeNewPolls(), ElementsAre(&first_));
  EXPECT_EQ(queue.TakeTurn(kNow)->job, &second_);
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace telnyx_exporter
