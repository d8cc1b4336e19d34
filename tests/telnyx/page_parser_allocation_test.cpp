#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/padded.h"
#include "support/pages.h"
#include "telnyx/page_parser.h"

namespace {
std::atomic<std::size_t> allocations = 0;
}  // namespace

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace telnyx_exporter {
namespace {

std::size_t AllocationsFor(std::size_t rows) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < rows; ++i) texts.push_back(Row(i, i, 30));
  const Padded page(Page(texts, "v1:g3QAAAADZAAKdGVsbnl4X2lkc2wAAAAB", rows));
  PageParser parser;
  std::vector<ActiveCall> calls;
  calls.reserve(rows);
  EXPECT_TRUE(parser.Parse(page, calls).has_value());  // the buffers grow once
  calls.clear();
  const std::size_t before = allocations;
  EXPECT_TRUE(parser.Parse(page, calls).has_value());
  const std::size_t used = allocations - before;
  EXPECT_EQ(calls.size(), rows);
  return used;
}

TEST(PageParser, AllocatesNothingForARow) {
  EXPECT_EQ(AllocationsFor(250), AllocationsFor(1));
  EXPECT_LE(AllocationsFor(250), 2U);  // the cursor's text
}

}  // namespace
}  // namespace telnyx_exporter
