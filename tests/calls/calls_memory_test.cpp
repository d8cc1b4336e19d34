// What the calls cost in memory, measured by counting all of the program's allocations.

#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <malloc.h>

#include "calls/call_summary.h"
#include "calls/call_tracker.h"
#include "state/snapshots.h"

namespace {

std::atomic<std::size_t> allocations = 0;
std::atomic<std::size_t> bytes = 0;
std::atomic<std::size_t> most_bytes = 0;

// Not inlined: g++ would take it for a mistake that memory of operator new is freed.
[[gnu::noinline]] void Release(void* memory) {
  bytes -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  void* memory = std::malloc(size == 0 ? 1 : size);
  ++allocations;
  bytes += malloc_usable_size(memory);
  if (bytes > most_bytes) most_bytes = bytes.load();
  return memory;
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { Release(memory); }
void operator delete(void* memory, std::size_t) noexcept { Release(memory); }

namespace telnyx_exporter {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLegBytes = sizeof(CallId) + sizeof(std::uint32_t);
const auto kBounds = std::make_shared<const std::vector<double>>(std::vector<double>{60, 600});

// Calls of which each interval of 15 seconds brings new ones in the place of some.
class Traffic {
 public:
  explicit Traffic(std::size_t legs) : calls_(legs) {
    for (ActiveCall& call : calls_) Replace(call);
  }

  void Pass(unsigned replaced_percent) {
    for (ActiveCall& call : calls_) {
      call.duration_seconds += 15;
      if (random_() % 100 < replaced_percent) Replace(call);
    }
  }

  const std::vector<ActiveCall>& calls() const { return calls_; }

 private:
  void Replace(ActiveCall& call) {
    call = {.leg = {.high = 7, .low = ++last_id_}, .session = {}, .has_session = true};
  }

  std::vector<ActiveCall> calls_;
  std::uint64_t last_id_ = 0;
  std::mt19937_64 random_{1};
};

// A tracker in its usual surroundings, with what its last poll cost.
class Tracked {
 public:
  void Poll(const std::vector<ActiveCall>& calls) {
    legs_.Assign(CallRows(calls));
    const std::size_t before = allocations;
    const std::size_t others = bytes - kept_bytes;
    most_bytes = bytes.load();
    tracker_.Update(legs_, now_ += 15s, 15s, kBounds, spare_);
    used_allocations = allocations - before;
    used_most_bytes = most_bytes - others;
    kept_bytes = bytes - others;
  }

  std::size_t used_allocations = 0;
  std::size_t used_most_bytes = 0;
  std::size_t kept_bytes = sizeof(CallTracker) + sizeof(SpareLegBlocks);

 private:
  SortedLegs legs_{IdFingerprint(1)};
  CallTracker tracker_;
  SpareLegBlocks spare_;
  Instant now_{1h};
};

TEST(CallTracker, NeedsAtMostTwentyFiveBytesALegAtAnyMoment) {
  for (const std::size_t legs : {std::size_t{10'000}, std::size_t{250'000}}) {
    Traffic traffic(legs);
    Tracked tracked;
    std::size_t most = 0;
    for (int poll = 0; poll < 20; ++poll) {
      tracked.Poll(traffic.calls());
      most = std::max(most, tracked.used_most_bytes);
      traffic.Pass(5);
    }
    EXPECT_LE(most, 25 * legs) << most / legs;
    RecordProperty("bytes_a_leg_of_" + std::to_string(legs),
                   std::to_string(static_cast<double>(most) / static_cast<double>(legs)));
  }
}

// So that ten thousand connections with a few legs each are cheap as well.
TEST(CallTracker, NeedsAtMostFortyBytesALegForFewLegs) {
  Traffic traffic(100);
  Tracked tracked;
  for (int poll = 0; poll < 20; ++poll) {
    tracked.Poll(traffic.calls());
    traffic.Pass(5);
  }
  // The spare blocks are shared by all connections.
  const std::size_t spare = 2 * SpareLegBlocks::kBlockLegs * kLegBytes + 256;
  EXPECT_LE(tracked.kept_bytes, 40 * 100 + spare);
}

TEST(CallTracker, AllocatesNothingForALegInTheSteadyState) {
  for (const std::size_t legs : {std::size_t{10'000}, std::size_t{250'000}}) {
    Traffic traffic(legs);
    Tracked tracked;
    for (int poll = 0; poll < 20; ++poll) {
      tracked.Poll(traffic.calls());
      if (poll >= 5) {
        EXPECT_LE(tracked.used_allocations, 45U) << legs;
      }
      traffic.Pass(5);
    }
  }
}

TEST(CallTracker, GivesMemoryBackWhenCallsEnd) {
  Traffic traffic(250'000);
  Tracked tracked;
  tracked.Poll(traffic.calls());
  EXPECT_GT(tracked.kept_bytes, kLegBytes * 250'000);
  for (int poll = 0; poll < 2; ++poll) tracked.Poll({});
  EXPECT_LT(tracked.kept_bytes, 64U * 1024);
}

TEST(SortedLegs, KeepTheMemoryOfALargePollButNotOfAnExtraordinaryOne) {
  const auto kept_after = [&](std::size_t count) {
    SortedLegs legs{IdFingerprint(1)};
    const std::size_t before = bytes;
    legs.Assign(CallRows(Traffic(count).calls()));
    legs.Release();
    return bytes - before;
  };
  EXPECT_GE(kept_after(250'000), 8U * 250'000);
  EXPECT_EQ(kept_after(310'000), 0U);
}

TEST(PeakWindow, NeedsLittleMemoryWhateverTheWindow) {
  const std::size_t before = bytes;
  PeakWindow peak;
  Instant now{1h};
  // Ever fewer calls: each count can be the highest one day.
  for (std::uint64_t count = 200'000; count > 0; --count) peak.Add(count, now += 1s, 24h);
  EXPECT_LE(bytes - before, 4096U);
}

}  // namespace
}  // namespace telnyx_exporter
