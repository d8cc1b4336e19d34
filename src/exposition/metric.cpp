#include "exposition/metric.h"

#include <algorithm>
#include <cstddef>

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxExemplarCharacters = 128;

// In UTF-8 every byte but the continuations begins a character.
std::size_t CountCharacters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U; }));
}

}  // namespace

bool IsWritable(const Exemplar& exemplar) {
  std::size_t characters = 0;
  for (const LabelView& label : exemplar.labels) {
    characters += CountCharacters(label.name) + CountCharacters(label.value);
  }
  return characters <= kMaxExemplarCharacters;
}

}  // namespace telnyx_exporter
