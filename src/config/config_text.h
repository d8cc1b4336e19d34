#pragma once

#include <string>

#include "config/config.h"

namespace telnyx_exporter {

/// The configuration as the YAML that it could have been loaded from: every key with its value in
/// force, whether it was given or is a default; only secrets are put as <secret>. Of a proxy's
/// address the secret is what is before the @. Such a text loads again.
std::string FormatConfig(const Config& config);

}  // namespace telnyx_exporter
