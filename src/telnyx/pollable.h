#pragma once

// Which connections can have active calls to list. Discovery and list refreshes ask, on the polling
// thread; a pure function.

#include "telnyx/connection_list.h"

namespace telnyx_exporter {

/// Whether the API can be asked for a connection's active calls: it can for applications that
/// control calls, and for SIP connections that send their calls' events to a webhook.
bool IsPollable(const ListedConnection& connection);

}  // namespace telnyx_exporter
