#pragma once

#include "pages/drawings.h"
#include "pages/html.h"
#include "pages/status_data.h"

namespace telnyx_exporter {

/// The table of the connections on the page, with links to sort it otherwise.
void AddConnectionTable(const StatusData& data, const Moment& moment, Html& html);

/// How a connection goes, in words: "Failing for 3 min: …".
void AddState(const ConnectionState& state, const Moment& moment, Html& html);

/// Why there is no number: since when it is not known any more, if it ever was.
void AddUnknown(const ConnectionState& state, const Moment& moment, Html& html);

/// The durations of the last complete poll's calls.
DurationCounts DurationCountsOf(const CompletePoll& poll);

}  // namespace telnyx_exporter
