#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace telnyx_exporter {

/// How loading the configuration went, for people to look at.
struct ConfigLoadState {
  std::string file;
  WallTime loaded{};                // what is in force
  std::optional<WallTime> refused;  // the newest attempt, when it failed
  std::vector<std::string> errors;  // of it, a line each; never a secret
  /// Why a changed key file was not taken over, a line each; the keys read before stay in use.
  std::vector<std::string> key_errors;
  /// Why the web configuration was refused, a line each; the one before stays in force.
  std::vector<std::string> web_errors;
};

}  // namespace telnyx_exporter
