#include "polling/poll_plan.h"

#include <tuple>

#include <xxhash.h>

namespace telnyx_exporter {

std::uint64_t StableHash(std::string_view account, std::string_view connection_id) {
  std::string text(account);
  text += '\0';
  text += connection_id;
  return XXH3_64bits(text.data(), text.size());
}

bool Shard::Owns(std::string_view account, std::string_view connection_id) const {
  if (total == 1) return true;
  const std::uint64_t connection = StableHash(account, connection_id);
  const auto weight = [&](std::uint32_t shard) {
    return XXH3_64bits_withSeed(&connection, sizeof connection, shard);
  };
  const std::uint64_t own = weight(index);
  for (std::uint32_t shard = 0; shard < total; ++shard) {
    // Equal weights, if ever, go to the first.
    if (shard != index && std::tuple(weight(shard), index) > std::tuple(own, shard)) return false;
  }
  return true;
}

}  // namespace telnyx_exporter
