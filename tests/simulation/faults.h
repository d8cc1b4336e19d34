#pragma once

// What can go wrong with one request, and the weather that decides how often it does.

#include <cstdint>
#include <vector>

#include "http/transport.h"
#include "simulation/advice.h"
#include "simulation/random.h"

namespace telnyx_exporter::simulation {

enum class FaultKind : std::uint8_t {
  kNone,
  kTransportError,  // any of TransportError's kinds
  kStatus,          // another status than 200, with any headers
  kNoAnswer,        // until the request's time-out
  kLateAnswer,      // near the request's time-out, before or after it
  kTruncatedBody,
  kBrokenBody,  // the status and the headers come, and then something goes wrong
  kBadBody,     // not a page
  kBadRow,      // a page with a row that is none
  kTooLargeBody,
  kRepeatedCursor,  // leads back to the page that was asked for
  kEndlessPages,    // always one more
  kWrongTotal,      // the API's own count is any number, or none
  kRepeatedRows,    // legs come twice
  kQuota,           // the answer speaks of a nearly used up rate limit
};

/// What the weather has in store for one request.
struct Fault {
  FaultKind kind = FaultKind::kNone;
  TransportError::Kind error = TransportError::Kind::kConnect;
  int status = 500;
  Advice advice;
  std::uint64_t dice = 0;  // whatever else is left to chance
};

/// How one account's API behaves for a while.
struct Weather {
  double fault_chance = 0;       // of one request; 0: fair weather
  std::vector<FaultKind> kinds;  // one of these

  bool fair() const { return fault_chance == 0; }
};

Weather DrawStorm(Random& random);
/// `wall_now` is the true time: dates in headers are made from it.
Fault DrawFault(const Weather& weather, WallTime wall_now, Random& random);

/// Bodies that are not pages.
std::string_view BadBody(std::uint64_t dice);
/// JSON that is not the row of a call.
std::string_view BadRow(std::uint64_t dice);
/// Bodies of answers with another status than 200.
std::string_view ErrorBody(std::uint64_t dice);

}  // namespace telnyx_exporter::simulation
