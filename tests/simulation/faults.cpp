#include "simulation/faults.h"

#include <array>
#include <string_view>

namespace telnyx_exporter::simulation {
namespace {

constexpr std::array kAllKinds = {
    FaultKind::kTransportError, FaultKind::kStatus,        FaultKind::kNoAnswer,
    FaultKind::kLateAnswer,     FaultKind::kTruncatedBody, FaultKind::kBrokenBody,
    FaultKind::kBadBody,        FaultKind::kBadRow,        FaultKind::kTooLargeBody,
    FaultKind::kRepeatedCursor, FaultKind::kEndlessPages,  FaultKind::kWrongTotal,
    FaultKind::kRepeatedRows,   FaultKind::kQuota,
};

constexpr std::array kErrors = {
    TransportError::Kind::kTimeout,
    TransportError::Kind::kConnect,
    TransportError::Kind::kTls,
    TransportError::Kind::kMalformed,
    TransportError::Kind::kResponseTooLarge,
};

constexpr std::array kStatuses = {500, 502, 503, 504, 429, 429, 408, 403, 404,
                                  422, 401, 301, 204, 400, 418, 599, 100};

constexpr std::array<std::string_view, 12> kBadBodies = {
    "",
    "<html><body>502 Bad Gateway</body></html>",
    "null",
    "[]",
    R"({"data":{},"meta":{}})",
    R"({"data":null,"meta":{}})",
    R"({"meta":{"total_items":0}})",
    R"({"errors":[{"code":"10007","title":"Unexpected error"}]})",
    R"({"data":[{"call_leg_id":"a","call_duration":5}]})",
    R"({"data":[],"meta":{}}{})",
    R"({"data":[],"data":[],"meta":{}})",
    R"({"data":[{"call_leg_id":"a","call_duration":5}],"meta":{"cursors":{"after":5}}})",
};

constexpr std::array<std::string_view, 8> kBadRows = {
    R"({"call_leg_id":"b"})",
    R"({"call_duration":7})",
    R"({"call_leg_id":"","call_duration":7})",
    R"({"call_leg_id":"b","call_duration":-7})",
    R"({"call_leg_id":"b","call_duration":7.5})",
    R"({"call_leg_id":"b","call_duration":99999999999})",
    R"({"call_leg_id":null,"call_duration":7})",
    R"("call")",
};

constexpr std::array<std::string_view, 4> kErrorBodies = {
    R"({"errors":[{"code":"10015","title":"Bad Request","detail":"no"}]})",
    "<html></html>",
    "",
    R"({"errors":[]})",
};

}  // namespace

Weather DrawStorm(Random& random) {
  constexpr std::array kChances = {0.02, 0.2, 0.6, 1.0};
  Weather storm{.fault_chance = random.Pick(kChances)};
  const std::uint64_t kinds = random.Chance(0.3) ? kAllKinds.size() : random.Between(1, 2);
  for (std::uint64_t i = 0; i < kinds; ++i) storm.kinds.push_back(random.Pick(kAllKinds));
  return storm;
}

Fault DrawFault(const Weather& weather, WallTime wall_now, Random& random) {
  Fault fault;
  if (weather.fair() || !random.Chance(weather.fault_chance)) return fault;
  fault.kind = weather.kinds[random.Below(weather.kinds.size())];
  fault.error = random.Pick(kErrors);
  fault.status = random.Pick(kStatuses);
  if (fault.kind == FaultKind::kStatus || fault.kind == FaultKind::kQuota ||
      fault.kind == FaultKind::kBrokenBody) {
    fault.advice = DrawAdvice(wall_now, random);
  }
  fault.dice = random.Next();
  return fault;
}

std::string_view BadBody(std::uint64_t dice) { return kBadBodies[dice % kBadBodies.size()]; }
std::string_view BadRow(std::uint64_t dice) { return kBadRows[dice % kBadRows.size()]; }
std::string_view ErrorBody(std::uint64_t dice) { return kErrorBodies[dice % kErrorBodies.size()]; }

}  // namespace telnyx_exporter::simulation
