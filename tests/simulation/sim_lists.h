#pragma once

// What an account has on the API's side: its connections, which come, go and change, and its
// outbound voice profiles, cut into the pages of its lists.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "simulation/list_wire.h"
#include "simulation/random.h"

namespace telnyx_exporter::simulation {

class SimLists {
 public:
  SimLists(std::uint32_t account, std::uint64_t seed);

  /// Adds, removes or changes one connection; says which one came or went.
  struct Change {
    std::uint32_t connection = 0;
    bool is_there = true;
  };
  Change ChangeOne(Random& random);

  void Serve(const ListRequest& request, ListPage& page) const;

 private:
  ListRow RowOf(std::uint32_t connection, std::uint32_t version) const;
  std::vector<ListRow> Rows(std::size_t list) const;
  std::uint32_t DrawConnection(Random& random) const;

  const std::uint32_t account_;
  const std::uint64_t seed_;
  std::uint64_t page_rows_;
  std::map<std::uint32_t, std::uint32_t> versions_;  // of the connections that are there
};

}  // namespace telnyx_exporter::simulation
