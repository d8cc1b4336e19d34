#pragma once

#include <string>
#include <string_view>

namespace telnyx_exporter::simulator {

/// The text as a gzip file, as small as zlib makes it. Throws std::bad_alloc without memory.
std::string GzipText(std::string_view text);

}  // namespace telnyx_exporter::simulator
