#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace telnyx_exporter::simulator {

/// Where a page begins in a connection's legs: behind that leg, or before it in a walk that goes
/// backwards. The order is part of the place, so that a walk ends in the order in which it began.
struct Place {
  std::uint64_t leg_number = 0;  // below 2^63
  bool backwards = false;

  bool operator==(const Place&) const = default;
};

/// The place as the opaque text that a client gets: it holds : + / and =, so a client that does not
/// encode it loses its place.
std::string EncodeCursor(Place place);

/// Nothing for a text that EncodeCursor did not make.
std::optional<Place> DecodeCursor(std::string_view cursor);

}  // namespace telnyx_exporter::simulator
