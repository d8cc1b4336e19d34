#pragma once

// The status pages as HTML: the overview of all accounts and connections, and the page of a single
// connection. Pure functions, called on the thread that serves the request.

#include <string>
#include <string_view>

#include "pages/status_data.h"

namespace telnyx_exporter {

/// All accounts, and the connections that were asked for.
std::string RenderStatusPage(const StatusData& data, const ExporterFacts& facts,
                             const Moment& moment);

/// All that is known of one connection.
std::string RenderConnectionPage(const ConnectionSnapshot& connection, const ExporterFacts& facts,
                                 const Moment& moment);

/// Says that there is no such connection.
std::string RenderNoConnectionPage(std::string_view account, std::string_view id,
                                   const ExporterFacts& facts, const Moment& moment);

}  // namespace telnyx_exporter
