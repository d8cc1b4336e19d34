#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"

namespace telnyx_exporter {

struct Credentials {
  std::string user;
  Secret password;
};

/// What an Authorization header of the Basic scheme (RFC 7617) says; nothing when it says anything
/// else.
std::optional<Credentials> ParseBasicAuthorization(std::string_view header);

}  // namespace telnyx_exporter
