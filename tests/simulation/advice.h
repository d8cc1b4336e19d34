#pragma once

// What an answer's headers say about further requests, and what the exporter must take them for.

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "http/transport.h"
#include "simulation/random.h"

namespace telnyx_exporter::simulation {

struct Advice {
  ResponseHeaders headers;
  // What they mean. Nonsense means nothing.
  std::optional<Duration> retry_after;
  std::optional<WallTime> retry_at;  // given as a date
  std::optional<Duration> reset;
  std::optional<std::uint64_t> remaining;
  std::optional<bool> should_retry;

  /// The wait that Retry-After asks for, by the reader's wall clock.
  std::optional<Duration> RetryAfter(WallTime now) const;
};

void SetRetryAfter(Advice& advice, Duration wait, Random& random);
void SetRetryAt(Advice& advice, WallTime time);
void SetQuota(Advice& advice, std::uint64_t limit, std::uint64_t remaining, Duration reset);
/// Any headers, sense and nonsense.
Advice DrawAdvice(WallTime now, Random& random);

}  // namespace telnyx_exporter::simulation
