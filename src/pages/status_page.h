#pragma once

#include <string>

#include "pages/status_data.h"

namespace telnyx_exporter {

/// The page that operators keep open: all accounts, and the connections that were asked for.
std::string RenderStatusPage(const StatusData& data, const ExporterFacts& facts,
                             const Moment& moment);

}  // namespace telnyx_exporter
