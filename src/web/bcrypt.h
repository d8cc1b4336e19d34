#pragma once

#include "base/secret.h"

namespace telnyx_exporter {

/// Whether the password is the one of a bcrypt hash ($2a$, $2b$ or $2y$). Takes as long as the
/// hash's cost says: 50 ms at 10. False for everything that is not such a hash, and for passwords
/// that bcrypt cannot tell apart from shorter ones because of a zero byte.
bool BcryptMatches(const Secret& password, const Secret& hash);

/// A hash that no password has, for checks that have to take as long as one against `hash`.
Secret UnmatchedHash(const Secret& hash);

}  // namespace telnyx_exporter
