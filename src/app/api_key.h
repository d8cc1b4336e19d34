#pragma once

// Reads API keys from where the configuration says they are. Called at the start, by reloads and
// when a key file changes, on the main thread.

#include <string>

#include "base/error.h"
#include "base/log.h"
#include "base/secret.h"
#include "config/config.h"

namespace telnyx_exporter {

struct ApiKey {
  Secret key;
  std::string warning;  // about the file's permissions, a predicate; empty: none
};

/// The account's API key without blanks and line ends around it. The error is a predicate about the
/// source, as in "cannot be read: No such file or directory"; it quotes nothing of what was found.
Result<ApiKey> FindApiKey(const ApiKeySource& source);

/// The same for those who log: warnings go to the log, and the error names the source as far as it
/// may be shown.
Result<Secret> ReadApiKey(const ApiKeySource& source, Log& log);

}  // namespace telnyx_exporter
