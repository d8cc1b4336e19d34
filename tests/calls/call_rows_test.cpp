#include "calls/call_rows.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

CallId Id(std::uint64_t low) { return {.high = 7, .low = low}; }

ActiveCall Row(std::uint64_t leg, std::uint64_t session, std::uint32_t duration) {
  return {
      .leg = Id(leg), .session = Id(session), .duration_seconds = duration, .has_session = true};
}

const ActiveCall kRowWithoutSession = {.leg = Id(5), .duration_seconds = 1};

TEST(CallRows, KeepLegsAndDurationsInTheirOrder) {
  CallRows rows;
  rows.Add(std::vector{Row(3, 1, 30), Row(1, 1, 10)});
  rows.Add(std::vector{Row(2, 1, 20), Row(3, 1, 31)});
  EXPECT_EQ(rows.size(), 4U);
  EXPECT_THAT(rows.legs(), ElementsAre(Id(3), Id(1), Id(2), Id(3)));
  EXPECT_THAT(rows.durations(), ElementsAre(30, 10, 20, 31));
}

TEST(CallRows, KeepASessionOnceWhereItsRowsFollowEachOther) {
  CallRows rows;
  rows.Add(std::vector{Row(1, 1, 0), Row(2, 1, 0), Row(3, 2, 0)});
  rows.Add(std::vector{Row(4, 2, 0), Row(5, 1, 0)});
  EXPECT_THAT(rows.sessions(), Optional(ElementsAre(Id(1), Id(2), Id(1))));
}

TEST(CallRows, KnowNoSessionsWhenARowNamesNone) {
  EXPECT_THAT(CallRows().sessions(), Optional(ElementsAre()));
  CallRows rows(std::vector{Row(1, 1, 0), kRowWithoutSession, Row(2, 2, 0)});
  EXPECT_EQ(rows.sessions(), std::nullopt);
  rows.Add(std::vector{Row(3, 3, 0)});
  EXPECT_EQ(rows.sessions(), std::nullopt);
}

TEST(CallRows, KeepNothingButMemoryWhenCleared) {
  CallRows rows;
  rows.Reserve(100);
  rows.Add(std::vector{Row(1, 1, 10), kRowWithoutSession});
  const CallId* const memory = rows.legs().data();
  rows.Clear();
  EXPECT_EQ(rows.size(), 0U);
  EXPECT_EQ(rows.capacity(), 100U);
  rows.Add(std::vector{Row(2, 1, 20)});
  EXPECT_THAT(rows.legs(), ElementsAre(Id(2)));
  EXPECT_EQ(rows.legs().data(), memory);
  EXPECT_THAT(rows.durations(), ElementsAre(20));
  EXPECT_THAT(rows.sessions(), Optional(ElementsAre(Id(1))));
}

}  // namespace
}  // namespace telnyx_exporter
