#pragma once

// What this binary was built from. The version is the project's in CMakeLists.txt, the revision is
// git's at build time ("unknown" outside a checkout).

#include <string_view>

namespace telnyx_exporter {

struct BuildInfo {
  std::string_view version;
  std::string_view revision;
  std::string_view compiler;
};

BuildInfo GetBuildInfo();

}  // namespace telnyx_exporter
