#include "telnyx/row_scanner.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "support/padded.h"
#include "support/pages.h"
#include "telnyx/active_call.h"

namespace telnyx_exporter {
namespace {

constexpr std::string_view kRest = R"(],"meta":{}})";

struct Scanned {
  std::optional<std::string> rest;
  std::vector<ActiveCall> calls;
};

Scanned ScanText(const std::string& body) {
  const Padded padded(body);
  std::vector<ActiveCall> calls(1);
  const auto rest = ScanRows(padded, calls);
  EXPECT_TRUE(rest.has_value() || calls.size() == 1) << body;
  return {rest ? std::optional<std::string>(*rest) : std::nullopt, std::move(calls)};
}

Scanned ScanRow(const std::string& row) {
  return ScanText(R"({"data":[)" + row + std::string(kRest));
}

std::string Leg(std::uint64_t number) { return R"("call_leg_id":")" + Uuid(number) + '"'; }

TEST(ScanRows, ReadsRowsAsTheApiWritesThem) {
  const Scanned scanned = ScanRow(Row(1, 1, 50) + "," + Row(2, 1, 0));
  EXPECT_EQ(scanned.rest, kRest);
  ASSERT_EQ(scanned.calls.size(), 3U);
  EXPECT_EQ(scanned.calls[1], (ActiveCall{.leg = ParseCallId(Uuid(1)),
                                          .session = ParseCallId(Uuid(1'000'001)),
                                          .duration_seconds = 50,
                                          .has_session = true}));
  EXPECT_EQ(scanned.calls[2].duration_seconds, 0U);
}

TEST(ScanRows, ReadsMembersInAnyOrderAndWithoutTheOptionalOnes) {
  const auto expect = [](const std::string& row, bool has_session) {
    const Scanned scanned = ScanRow(row);
    ASSERT_EQ(scanned.rest, kRest) << row;
    EXPECT_EQ(scanned.calls[1],
              (ActiveCall{.leg = ParseCallId(Uuid(7)),
                          .session = has_session ? ParseCallId(Uuid(8)) : CallId{},
                          .duration_seconds = 31'536'000,
                          .has_session = has_session}));
  };
  const std::string duration = R"("call_duration":31536000)";
  const std::string session = R"("call_session_id":")" + Uuid(8) + '"';
  expect("{" + Leg(7) + "," + duration + "}", false);
  expect("{" + duration + "," + Leg(7) + "}", false);
  expect("{" + duration + "," + session + "," + Leg(7) + "}", true);
  expect(R"({"to":"+1","new":null,)" + duration + R"(,"new":"",)" + Leg(7) + R"(,"call_leg":"1"})",
         false);
  expect(R"({"record_type":null,"client_state":"",)" + duration +
             R"(,"call_control_id":"v3:~ !#[]",)" + session + "," + Leg(7) + "}",
         true);
}

TEST(ScanRows, PassesOverStringsOfAnyLength) {
  for (std::size_t length = 0; length < 70; ++length) {
    const std::string text(length, 'x');
    EXPECT_EQ(
        ScanRow(R"({"client_state":")" + text + R"(",)" + Leg(1) + R"(,"call_duration":1})").rest,
        kRest);
    for (const std::string_view bad : {"\\n", "\x1f", "\x80", "\xc3\xa4"}) {
      EXPECT_FALSE(ScanRow(R"({"client_state":")" + text + std::string(bad) + R"(",)" + Leg(1) +
                           R"(,"call_duration":1})")
                       .rest)
          << length;
    }
  }
}

// What another parser has to judge, whether it is right or wrong.
TEST(ScanRows, LeavesWhatIsUnusual) {
  const std::string duration = R"("call_duration":1)";
  const std::string leg = Leg(1);
  for (const std::string& row : std::vector<std::string>{
           "",
           "{}",
           "{" + leg + "}",
           "{" + duration + "}",
           "{" + leg + "," + duration + ",}",
           "{" + leg + duration + "}",
           "{" + leg + "," + duration,
           "{," + leg + "," + duration + "}",
           "{" + leg + "," + duration + "},",
           "{" + leg + "," + duration + "}}",
           "{" + leg + "," + leg + "," + duration + "}",
           "{" + leg + "," + duration + "," + duration + "}",
           "{" + leg + ", " + duration + "}",
           "{" + leg + "," + duration + R"(,"new":1})",
           "{" + leg + "," + duration + R"(,"new"})",
           "{" + leg + "," + duration + R"(,new:null})",
           "{" + leg + "," + duration + R"(,null:null})",
           "{" + leg + "," + duration + R"(,"call_leg\u005fid":"x"})",
           "{" + leg + R"(,"call_duration":01})",
           "{" + leg + R"(,"call_duration":})",
           "{" + leg + R"(,"call_duration":-1})",
           "{" + leg + R"(,"call_duration":1.0})",
           "{" + leg + R"(,"call_duration":1e1})",
           "{" + leg + R"(,"call_duration":31536001})",
           "{" + leg + R"(,"call_duration":4294967297})",
           "{" + leg + R"(,"call_duration":"1"})",
           "{" + leg + R"(,"call_duration":null})",
           "{" + duration + R"(,"call_leg_id":"another"})",
           "{" + duration + R"(,"call_leg_id":"")" + "}",
           "{" + duration + R"(,"call_leg_id":null})",
           "{" + leg + "," + duration + R"(,"call_session_id":null})",
           "{" + leg + "," + duration + R"(,"record_type":1})",
           "{" + leg + "," + duration + R"(,"record_type":nul})",
           "{" + leg + "," + duration + R"(,"record_type":"call})",
           "[" + leg + "," + duration + "]",
       }) {
    // A bracket too many is the other parser's to find.
    EXPECT_NE(ScanRow(row).rest.value_or(""), kRest) << row;
  }
  EXPECT_FALSE(ScanText(R"({"meta":{},"data":[]})").rest);
  EXPECT_FALSE(ScanText(R"( {"data":[)" + Row(1, 1, 1) + "]}").rest);
  EXPECT_FALSE(ScanText("").rest);
}

TEST(ScanRows, LeavesRowsThatNoCommaDivides) {
  for (const std::string divider : {"", " ", "\n", ";", "}"}) {
    EXPECT_FALSE(ScanRow(Row(1, 1, 50) + divider + Row(2, 1, 0)).rest) << divider;
    EXPECT_FALSE(ScanRow(Row(1, 1, 50) + "," + Row(2, 1, 0) + divider + Row(3, 1, 0)).rest);
  }
}

TEST(ScanRows, NeverReadsARowThatIsCutShort) {
  const std::string body = R"({"data":[)" + Row(1, 1, 50);
  for (std::size_t size = 0; size <= body.size(); ++size) {
    // What follows a body in memory would complete it.
    const std::string whole = body + std::string(kRest);
    std::vector<ActiveCall> calls;
    EXPECT_FALSE(ScanRows(std::string_view(whole).substr(0, size), calls)) << size;
  }
}

}  // namespace
}  // namespace telnyx_exporter
