#pragma once

// Style, script and icon of the status pages, built into the program. Their addresses change with
// their content, so that browsers may keep them for ever. Constants; any thread.

#include <string>
#include <string_view>

namespace telnyx_exporter {

struct PageAsset {
  std::string_view path;     // as requested: "/static/status.css"
  std::string_view address;  // as the pages name it: "static/status.css?v=0123456789abcdef"
  std::string_view content_type;
  std::string_view bytes;
};

const PageAsset& StyleAsset();
const PageAsset& ScriptAsset();
const PageAsset& IconAsset();

}  // namespace telnyx_exporter
