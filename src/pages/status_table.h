#pragma once

// The table of connections on the status page, and what the page of a single connection shares with
// it. On the thread that serves the request.

#include <string>

#include "pages/drawings.h"
#include "pages/html.h"
#include "pages/status_data.h"

namespace telnyx_exporter {

/// The connections that the query selects, with links to sort them differently.
void AddConnectionTable(const StatusData& data, const Moment& moment, Html& html);

/// How a connection goes, in words: "Failing for 3 min: …".
void AddState(const ConnectionSnapshot& state, const Moment& moment, Html& html);

/// Why there is no number: since when it is not known any more, if it ever was.
void AddUnknown(const ConnectionSnapshot& state, const Moment& moment, Html& html);

/// Why the connection is not polled at its configured interval; empty when it is.
std::string IntervalWords(const ConnectionSnapshot& state);

/// The durations of the last complete poll's calls.
DurationCounts DurationCountsOf(const CompletePoll& poll);

}  // namespace telnyx_exporter
