#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace telnyx_exporter::simulator {

/// A place in a connection's legs, as the opaque text that a client gets: it holds : + / and =, so
/// a client that does not encode it loses its place.
std::string EncodeCursor(std::uint64_t leg_number);

/// Nothing for a text that EncodeCursor did not make.
std::optional<std::uint64_t> DecodeCursor(std::string_view cursor);

}  // namespace telnyx_exporter::simulator
