#pragma once

#include "base/error.h"
#include "base/log.h"
#include "base/secret.h"
#include "config/config.h"

namespace telnyx_exporter {

/// The account's API key from where the configuration says it is; blanks and line ends around it
/// are removed. A key file that others than its owner may write is refused, one that all may read
/// is warned about in the log. The error says where it was looked for and what was wrong there,
/// never what was found.
Result<Secret> ReadApiKey(const ApiKeySource& source, Log& log);

}  // namespace telnyx_exporter
