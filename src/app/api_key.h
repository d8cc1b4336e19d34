#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "config/config.h"

namespace telnyx_exporter {

/// The account's API key from where the configuration says it is; blanks and line ends around it
/// are removed. The error says where it was looked for and what was wrong there, never what was
/// found.
Result<Secret> ReadApiKey(const ApiKeySource& source);

}  // namespace telnyx_exporter
