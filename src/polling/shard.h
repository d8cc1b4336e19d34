#pragma once

// Which of several exporters polls a connection. Pure; any thread. Other answers here would move
// connections between exporters at an upgrade.

#include <cstdint>
#include <string_view>

namespace telnyx_exporter {

/// One of several exporters that share the connections of the same configuration among themselves.
struct Shard {
  std::uint32_t index = 0;  // from 0
  std::uint32_t total = 1;

  /// Whether this is the one shard of all that polls the connection. By rendezvous hashing: the
  /// shards need not know of each other, and one more takes about its share from all others while
  /// everything else stays where it is.
  bool Owns(std::string_view account, std::string_view connection_id) const;

  bool operator==(const Shard&) const = default;
};

}  // namespace telnyx_exporter
