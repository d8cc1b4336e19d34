#include "polling/job.h"

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

}  // namespace
}  // namespace telnyx_exporter
