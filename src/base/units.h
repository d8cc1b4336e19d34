#pragma once

// Durations and sizes as people write them in configuration files and flags.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace telnyx_exporter {

/// A duration as Prometheus writes it: whole numbers with y, w, d, h, m, s or ms, from the largest
/// unit to the smallest and each at most once, as in `1m30s` or `500ms`; `0` needs no unit. The
/// error names the text and what would be right.
Result<Duration> ParseDuration(std::string_view text);

/// The shortest such text; fractions of a millisecond are cut off. `0s` for nothing.
std::string FormatDuration(Duration duration);

/// A size in bytes: a whole number with B, KiB, MiB or GiB, as in `512KiB`. The error names the
/// text and what would be right.
Result<std::uint64_t> ParseSize(std::string_view text);

/// The largest of these units that divides the size, as in `4MiB`.
std::string FormatSize(std::uint64_t bytes);

}  // namespace telnyx_exporter
