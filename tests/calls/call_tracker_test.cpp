#include "calls/call_tracker.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Every half second up to 1,000 seconds.
const auto kHalfSeconds = std::make_shared<const std::vector<double>>([] {
  std::vector<double> bounds;
  for (int i = 1; i <= 2000; ++i) bounds.push_back(i / 2.0);
  return bounds;
}());

ActiveCall Leg(std::uint64_t id, std::uint32_t duration) {
  return {.leg = {.high = 7, .low = id},
          .session = {},
          .duration_seconds = duration,
          .has_session = true};
}

// The durations that a histogram of kHalfSeconds has counted.
std::vector<double> DurationsOf(const DurationHistogram& histogram) {
  std::vector<double> durations;
  for (std::size_t i = 0; i < kHalfSeconds->size(); ++i) {
    durations.insert(durations.end(), histogram.buckets()[i].count, (*kHalfSeconds)[i]);
  }
  EXPECT_EQ(durations.size(), histogram.count());
  return durations;
}

class CallTrackerTest : public ::testing::Test {
 protected:
  CallChanges Poll(const std::vector<ActiveCall>& calls, Duration later = 10s,
                   Duration interval = 10s) {
    legs_.Assign(CallRows(calls));
    return tracker_.Update(legs_, now_ += later, interval, kHalfSeconds, spare_);
  }

  SortedLegs legs_{IdFingerprint(1)};
  CallTracker tracker_;
  SpareLegBlocks spare_;
  Instant now_{1h};
};

TEST_F(CallTrackerTest, CountsNothingInTheFirstPoll) {
  const CallChanges changes = Poll({Leg(1, 30), Leg(2, 40)});
  EXPECT_EQ(changes.started, 0U);
  EXPECT_EQ(changes.completed.count(), 0U);
  EXPECT_EQ(changes.tracked, 2U);
}

TEST_F(CallTrackerTest, CountsALegThatAppearsAsStartedOnce) {
  Poll({Leg(1, 30)});
  EXPECT_EQ(Poll({Leg(1, 40), Leg(2, 3)}).started, 1U);
  EXPECT_EQ(Poll({Leg(1, 50), Leg(2, 13)}).started, 0U);
}

TEST_F(CallTrackerTest, CountsALegAsEndedInTheSecondPollWithoutIt) {
  Poll({Leg(1, 30), Leg(2, 5)});
  Poll({Leg(1, 40), Leg(2, 15)});
  EXPECT_THAT(DurationsOf(Poll({Leg(2, 25)}).completed), IsEmpty());
  // It ended between the second poll and the third, ten seconds later.
  const CallChanges changes = Poll({Leg(2, 35)});
  EXPECT_THAT(DurationsOf(changes.completed), ElementsAre(45));
  EXPECT_EQ(changes.completed.total_seconds(), 45);
  EXPECT_EQ(changes.tracked, 1U);
  EXPECT_THAT(DurationsOf(Poll({Leg(2, 45)}).completed), IsEmpty());
}

TEST_F(CallTrackerTest, CountsNothingForALegThatOnePollMissed) {
  Poll({Leg(1, 30), Leg(2, 30)});
  EXPECT_EQ(Poll({Leg(2, 40)}).tracked, 2U);
  for (std::uint32_t i = 5; i < 10; ++i) {
    const CallChanges changes = Poll({Leg(1, i * 10), Leg(2, i * 10)});
    EXPECT_EQ(changes.started, 0U);
    EXPECT_EQ(changes.completed.count(), 0U);
  }
}

TEST_F(CallTrackerTest, CountsAllOfThemWhenOnePollWasEmpty) {
  Poll({Leg(1, 30), Leg(2, 30), Leg(3, 30)});
  Poll({});
  const CallChanges changes = Poll({Leg(1, 50), Leg(2, 50), Leg(3, 50)});
  EXPECT_EQ(changes.started, 0U);
  EXPECT_EQ(changes.completed.count(), 0U);
}

TEST_F(CallTrackerTest, PlacesAnEndInTheGapWhereItWasHoweverLongThatIs) {
  Poll({Leg(1, 30), Leg(2, 30)}, 600s, 600s);
  Poll({Leg(2, 630)}, 600s, 600s);
  // The interval has become shorter.
  EXPECT_THAT(DurationsOf(Poll({}, 10s).completed), ElementsAre(330));
  EXPECT_THAT(DurationsOf(Poll({}, 600s).completed), ElementsAre(635));
}

// Also of the first one, and of one after another.
TEST_F(CallTrackerTest, CountsOneIntervalOfAnOutage) {
  Poll({Leg(1, 30), Leg(2, 30), Leg(3, 30)});
  Poll({Leg(2, 630), Leg(3, 630)}, 600s);
  EXPECT_THAT(DurationsOf(Poll({Leg(3, 1230)}, 600s).completed), ElementsAre(35));
  EXPECT_THAT(DurationsOf(Poll({}, 600s).completed), ElementsAre(635));
}

TEST_F(CallTrackerTest, TakesAFewFailedPollsForNoOutage) {
  Poll({Leg(1, 30)});
  Poll({}, 40s);
  EXPECT_THAT(DurationsOf(Poll({}).completed), ElementsAre(50));
}

TEST_F(CallTrackerTest, TakesAKnownLegForTheSameWhateverItsDurationDoes) {
  Poll({Leg(1, 30)});
  const CallChanges changes = Poll({Leg(1, 2)});
  EXPECT_EQ(changes.started, 0U);
  EXPECT_EQ(changes.completed.count(), 0U);
  EXPECT_EQ(changes.tracked, 1U);
  // Also when a poll came between, which did not see it.
  Poll({});
  EXPECT_EQ(Poll({Leg(1, 1)}).started, 0U);
  // The largest that was seen counts.
  Poll({});
  EXPECT_THAT(DurationsOf(Poll({}).completed), ElementsAre(35));
}

TEST_F(CallTrackerTest, IsNotMisledByReplicasThatAreASecondApart) {
  Poll({Leg(1, 100)});
  for (std::uint32_t i = 1; i < 60; ++i) {
    const CallChanges changes = Poll({Leg(1, 100 + i / 2 - i % 2)}, 1s);
    EXPECT_EQ(changes.started, 0U);
    EXPECT_EQ(changes.completed.count(), 0U);
  }
}

TEST_F(CallTrackerTest, TakesTheSameDurationForTheSameCall) {
  Poll({Leg(1, 30)});
  EXPECT_EQ(Poll({Leg(1, 30)}).started, 0U);
}

TEST_F(CallTrackerTest, TakesTheLongestOfALegsRows) {
  Poll({Leg(1, 30)});
  // In whatever order they come, no smaller one makes it another call.
  EXPECT_EQ(Poll({Leg(1, 29), Leg(1, 40), Leg(1, 39)}).started, 0U);
  Poll({});
  EXPECT_THAT(DurationsOf(Poll({}).completed), ElementsAre(45));
}

TEST_F(CallTrackerTest, CountsALegInTwoRowsOnce) {
  Poll({});
  const CallChanges changes = Poll({Leg(1, 3), Leg(2, 3), Leg(1, 4)});
  EXPECT_EQ(changes.started, 2U);
  EXPECT_EQ(changes.tracked, 2U);
}

TEST_F(CallTrackerTest, ShowsAnEndedLegAsItsBucketsExample) {
  const CallId leg = ParseCallId("428c31b6-7af4-4bcb-b68e-5013ef9657c1");
  Poll({{.leg = leg, .session = {}, .duration_seconds = 30, .has_session = true}});
  Poll({});
  const CallChanges changes = Poll({});
  EXPECT_EQ(changes.completed.buckets()[69].example,
            (DurationHistogram::Example{.leg = leg, .seconds = 35}));
}

// The same in the plainest way.
class ReferenceTracker {
 public:
  struct Changes {
    std::uint64_t started = 0;
    std::vector<double> completed;
  };

  Changes Poll(const std::vector<ActiveCall>& calls, Instant now, Duration interval) {
    const Duration expected = std::max(interval, interval_);
    std::map<CallId, std::uint32_t> seen;
    for (const ActiveCall& call : calls) {
      seen[call.leg] = std::max(seen[call.leg], call.duration_seconds);
    }
    Changes changes;
    for (auto leg = legs_.begin(); leg != legs_.end();) {
      const auto found = seen.find(leg->first);
      if (found != seen.end()) {
        found->second = std::max(found->second, leg->second.duration);
        ++leg;
        continue;
      }
      const bool ended = leg->second.missed.has_value();
      if (!ended) {
        // Of an outage one interval.
        const Duration gap = now - leg->second.last_seen;
        leg->second.missed = leg->second.last_seen + (gap > 4 * expected ? expected : gap);
      } else {
        const Duration half = (*leg->second.missed - leg->second.last_seen) / 2;
        changes.completed.push_back(leg->second.duration + ToSeconds(half));
      }
      leg = ended ? legs_.erase(leg) : std::next(leg);
    }
    for (const auto& [id, duration] : seen) {
      if (!legs_.contains(id) && baseline_) ++changes.started;
      legs_[id] = {.duration = duration, .last_seen = now};
    }
    interval_ = interval;
    baseline_ = true;
    std::ranges::sort(changes.completed);
    return changes;
  }

  std::size_t size() const { return legs_.size(); }

 private:
  struct Leg {
    std::uint32_t duration = 0;
    Instant last_seen{};
    std::optional<Instant> missed{};  // first
  };

  std::map<CallId, Leg> legs_;
  Duration interval_{};  // at the last poll
  bool baseline_ = false;
};

// Calls that begin and end, and pages that leave some out and show others twice.
class RandomHistory {
 public:
  explicit RandomHistory(std::uint64_t seed) : random_(seed), ids_(1 + random_() % 800) {}

  std::uint64_t Random(std::uint64_t below) { return random_() % below; }

  void Pass(std::uint32_t seconds) {
    for (auto& [id, age] : active_) age += seconds;
    std::erase_if(active_, [this](const auto&) { return Random(5) == 0; });
    for (std::uint64_t begun = Random(ids_ / 3 + 2); begun > 0; --begun) {
      // Now and then an id that was used before.
      active_.try_emplace(Random(ids_), static_cast<std::uint32_t>(Random(seconds + 1)));
    }
  }

  std::vector<ActiveCall> Rows() {
    std::vector<ActiveCall> rows;
    const std::uint64_t missed_in = Random(4) == 0 ? 10 : 1'000'000;
    for (const auto& [id, age] : active_) {
      if (Random(missed_in) == 0) continue;
      rows.push_back(Leg(id, age));
      while (Random(20) == 0) {
        rows.push_back(Leg(id, age - std::min<std::uint32_t>(age, Random(2) == 0 ? 1 : 0)));
      }
    }
    std::ranges::shuffle(rows, random_);
    if (Random(30) == 0) rows.clear();
    return rows;
  }

 private:
  std::mt19937_64 random_;
  std::uint64_t ids_;
  std::map<std::uint64_t, std::uint32_t> active_;  // by id: its age
};

// The number that `odd` times is 1.
constexpr std::uint64_t InverseOf(std::uint64_t odd) {
  std::uint64_t inverse = odd;
  for (int i = 0; i < 5; ++i) inverse *= 2 - odd * inverse;
  return inverse;
}

// An id for each number, of which a fifth each have the same fingerprint. With the key one can
// work them out.
CallId CrowdedId(std::uint64_t number, std::uint64_t key) {
  constexpr std::uint64_t kFirstOdd = 0x9e3779b97f4a7c15ULL;
  constexpr std::uint64_t kSecondOdd = 0xbf58476d1ce4e5b9ULL;
  constexpr std::uint64_t kHigh = 7;
  const std::uint64_t last = ((number % 5) << 32U | number) * InverseOf(kFirstOdd) ^ key;
  const std::uint64_t second = (last ^ last >> 29U ^ last >> 58U) * InverseOf(kSecondOdd);
  const std::uint64_t first = (kHigh ^ key) * kFirstOdd;
  return {.high = kHigh, .low = second ^ first ^ first >> 32U};
}

void ExpectSame(const CallChanges& changes, const ReferenceTracker::Changes& expected) {
  EXPECT_EQ(changes.started, expected.started);
  EXPECT_EQ(DurationsOf(changes.completed), expected.completed);
  double total = 0;
  for (const double seconds : expected.completed) total += seconds;
  EXPECT_EQ(changes.completed.total_seconds(), total);
}

TEST(CallTracker, AgreesWithThePlainestTracker) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    RandomHistory history(seed);
    const IdFingerprint fingerprint(seed);
    SortedLegs legs(fingerprint);
    SpareLegBlocks spare;
    CallTracker tracker;
    CallTracker crowded;
    ReferenceTracker reference;
    Instant now{1h};
    for (int poll = 0; poll < 40; ++poll) {
      // Whole seconds keep the sums exact.
      const auto gap = static_cast<std::uint32_t>(1 + history.Random(15));
      const auto interval = std::chrono::seconds(1 + history.Random(4));
      history.Pass(gap);
      now += std::chrono::seconds(gap);
      if (history.Random(6) == 0) continue;  // a failed poll
      std::vector<ActiveCall> calls = history.Rows();
      const auto expected = reference.Poll(calls, now, interval);
      const auto expect_same = [&](CallTracker& compared) {
        legs.Assign(CallRows(calls));
        const CallChanges changes = compared.Update(legs, now, interval, kHalfSeconds, spare);
        ExpectSame(changes, expected);
        EXPECT_EQ(changes.tracked, reference.size());
      };
      expect_same(tracker);
      for (ActiveCall& call : calls) {
        const std::uint64_t number = call.leg.low;
        call.leg = CrowdedId(number, seed);
        ASSERT_EQ(fingerprint(call.leg), number % 5);
      }
      expect_same(crowded);
      ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed << " poll " << poll;
    }
  }
}

}  // namespace
}  // namespace telnyx_exporter
