#pragma once

#include <string>
#include <string_view>

#include "pages/status_data.h"

namespace telnyx_exporter {

/// All that is known of one connection.
std::string RenderConnectionPage(const ConnectionStore::Entry& connection,
                                 const ExporterFacts& facts, const Moment& moment);

/// Says that there is no such connection.
std::string RenderNoConnectionPage(std::string_view account, std::string_view id,
                                   const ExporterFacts& facts, const Moment& moment);

}  // namespace telnyx_exporter
