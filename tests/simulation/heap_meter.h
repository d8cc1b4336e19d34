#pragma once

// How much memory the exporter holds inside a simulation. The program's operator new notes for
// every piece whether the exporter or the test asked for it.

#include <cstdint>

namespace telnyx_exporter::simulation {

enum class HeapOwner : std::uint8_t { kTest, kProduct };

/// Whose allocations those of this thread are until the end of the scope.
class HeapOwnerScope {
 public:
  explicit HeapOwnerScope(HeapOwner owner);
  ~HeapOwnerScope();
  HeapOwnerScope(const HeapOwnerScope&) = delete;
  HeapOwnerScope& operator=(const HeapOwnerScope&) = delete;

 private:
  const HeapOwner before_;
};

/// Bytes that the exporter asked for and did not give back.
std::int64_t ProductHeapBytes();

}  // namespace telnyx_exporter::simulation
