#pragma once

// All that the pages show, as plain data: collected from the stores when a page is asked for, on
// the serving thread, then only read.

#include <string>
#include <string_view>
#include <vector>

#include "base/build_info.h"
#include "base/clock.h"
#include "config/config_load_state.h"
#include "metrics/account_store.h"
#include "metrics/connection_store.h"
#include "pages/overview.h"
#include "pages/status_query.h"
#include "pages/words.h"

namespace telnyx_exporter {

/// What is the same on every page.
struct ExporterFacts {
  BuildInfo build;
  Duration uptime{};
  ConfigLoadState config;
  std::string telemetry_path;
};

struct AccountRow {
  AccountState state;
  Totals totals;  // of its connections
};

struct StatusRow {
  std::size_t place = 0;  // in the store; names the row while the page is open
  ConnectionStore::Entry entry;
};

struct StatusData {
  StatusQuery query;
  Totals totals;
  std::vector<AccountRow> accounts;  // those that need attention first
  Selection selection;
  std::vector<StatusRow> rows;  // of the connections selected, in their order
};

StatusData CollectStatus(const ConnectionStore& connections, const AccountStore& accounts,
                         StatusQuery query, Instant now);

/// One connection as it is now; nothing when there is none with this id in this account.
std::optional<ConnectionStore::Entry> FindConnection(const ConnectionStore& connections,
                                                     std::string_view account, std::string_view id);

}  // namespace telnyx_exporter
