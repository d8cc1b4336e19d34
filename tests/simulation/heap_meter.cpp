#include "simulation/heap_meter.h"

#include <array>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

using telnyx_exporter::simulation::HeapOwner;

struct alignas(std::max_align_t) Header {
  std::size_t size;
  HeapOwner owner;
};

thread_local HeapOwner present_owner = HeapOwner::kTest;
thread_local std::array<std::int64_t, 2> held_bytes{};

std::int64_t& HeldBy(HeapOwner owner) { return held_bytes[static_cast<std::size_t>(owner)]; }

}  // namespace

void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  auto* header = static_cast<Header*>(std::malloc(sizeof(Header) + size));
  if (header == nullptr) return nullptr;
  *header = {.size = size, .owner = present_owner};
  HeldBy(header->owner) += static_cast<std::int64_t>(size);
  return header + 1;
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  Header* header = static_cast<Header*>(memory) - 1;
  HeldBy(header->owner) -= static_cast<std::int64_t>(header->size);
  std::free(header);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept { operator delete(memory); }

namespace telnyx_exporter::simulation {

HeapOwnerScope::HeapOwnerScope(HeapOwner owner) : before_(present_owner) { present_owner = owner; }
HeapOwnerScope::~HeapOwnerScope() { present_owner = before_; }

std::int64_t ProductHeapBytes() { return HeldBy(HeapOwner::kProduct); }

}  // namespace telnyx_exporter::simulation
