#pragma once

// Where the certificates of public authorities are on this system. A program that was built on
// Debian also runs on systems that keep them elsewhere. CurlEndpoint asks for each request, on the
// polling thread.

#include <span>
#include <string>

namespace telnyx_exporter {

/// The bundles of Debian, RHEL, SUSE and Alpine, in the order in which they are tried.
std::span<const std::string> KnownCaBundles();

/// The first readable file among `preferred`, which may be null, and `others`; null when there is
/// none. The result points into the arguments.
const char* FirstReadableFile(const char* preferred, std::span<const std::string> others);

}  // namespace telnyx_exporter
