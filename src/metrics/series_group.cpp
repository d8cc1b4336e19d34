#include "metrics/series_group.h"

#include <utility>

namespace telnyx_exporter {
namespace {

std::string_view Slice(const std::string& bytes, const std::vector<std::uint32_t>& ends,
                       std::size_t first, std::size_t behind) {
  if (ends.empty()) return {};
  const std::uint32_t begin = first == 0 ? 0 : ends[first - 1];
  return std::string_view(bytes).substr(begin, ends[behind - 1] - begin);
}

}  // namespace

void SeriesGroup::Apply(std::span<const Change> changes) {
  if (changes.empty()) return;
  const std::size_t rows = ConnectionMetrics().size();
  std::size_t size = bytes_.size();
  for (const Change& change : changes) {
    size += change.series.bytes.size();
    for (std::size_t row = 0; row < rows; ++row) size -= SeriesOf(row, change.member).size();
  }
  std::string bytes;
  bytes.reserve(size);
  std::vector<std::uint32_t> ends;
  ends.reserve(rows * kMembers);
  for (std::size_t row = 0; row < rows; ++row) {
    auto change = changes.begin();
    for (std::size_t member = 0; member < kMembers; ++member) {
      const bool changed = change != changes.end() && change->member == member;
      bytes += changed ? (change++)->series.SeriesOf(row) : SeriesOf(row, member);
      ends.push_back(static_cast<std::uint32_t>(bytes.size()));
    }
  }
  bytes_ = std::move(bytes);
  ends_ = std::move(ends);
}

std::string_view SeriesGroup::SeriesOf(std::size_t row) const {
  return Slice(bytes_, ends_, row * kMembers, (row + 1) * kMembers);
}

std::string_view SeriesGroup::SeriesOf(std::size_t row, std::size_t member) const {
  return Slice(bytes_, ends_, row * kMembers + member, row * kMembers + member + 1);
}

}  // namespace telnyx_exporter
