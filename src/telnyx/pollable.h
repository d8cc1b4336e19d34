#pragma once

#include "telnyx/connection_list.h"

namespace telnyx_exporter {

/// Whether the API can be asked for a connection's active calls: it can for applications that
/// control calls, and for SIP connections that send their calls' events to a webhook.
bool IsPollable(const ListedConnection& connection);

}  // namespace telnyx_exporter
