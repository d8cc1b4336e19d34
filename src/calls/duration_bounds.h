#pragma once

// The bounds of duration histograms, shared by whatever was counted under them. Any thread: they do
// not change.

#include <memory>
#include <vector>

namespace telnyx_exporter {

/// Upper bounds of the buckets of a duration histogram in seconds, ascending. Whatever was counted
/// keeps the bounds that it was counted under, also when a reload brings others.
using DurationBounds = std::shared_ptr<const std::vector<double>>;

}  // namespace telnyx_exporter
