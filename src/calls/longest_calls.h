#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "telnyx/active_call.h"

namespace telnyx_exporter {

/// How many of a poll's calls are kept one by one, for people to look at.
inline constexpr std::size_t kLongestCallsKept = 10;

/// The legs that have lasted longest, at most kLongestCallsKept, the longest first; of several rows
/// of one leg the longest, which is the newest.
std::vector<ActiveCall> LongestCalls(std::span<const ActiveCall> calls);

}  // namespace telnyx_exporter
