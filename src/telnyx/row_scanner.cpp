#include "telnyx/row_scanner.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace telnyx_exporter {
namespace {

using Characters [[gnu::vector_size(16)]] = std::int8_t;
using Words [[gnu::vector_size(16)]] = std::uint64_t;

// No member that is tried reads further than this from its first byte, and no string from any of
// its bytes.
constexpr std::size_t kMaxLookAhead = 64;
static_assert(sizeof(R"("call_session_id":"")") + kUuidLength <= kMaxLookAhead);

class RowScanner {
 public:
  // From the first row on.
  RowScanner(const char* at, const char* end) : at_(at), end_(end) {}

  const char* at() const { return at_; }

  bool Takes(char c) {
    if (*at_ != c) return false;
    ++at_;
    return true;
  }

  bool ReadRow(ActiveCall& call) {
    if (!Takes('{')) return false;
    seen_ = 0;
    while (*at_ != '}') {
      const unsigned seen_before = seen_;
      if (!ReadInOrder(call)) return false;
      if (seen_ == seen_before && !PassUnknown()) return false;
    }
    return Takes('}') && at_ < end_ && (seen_ & kLeg) != 0 && (seen_ & kDuration) != 0;
  }

 private:
  // What a row may have; each only once.
  static constexpr unsigned kControlId = 1;
  static constexpr unsigned kLeg = 2;
  static constexpr unsigned kSession = 4;
  static constexpr unsigned kState = 8;
  static constexpr unsigned kType = 16;
  static constexpr unsigned kDuration = 32;

  template <std::size_t kSize>
  bool Takes(const char (&text)[kSize]) {
    if (std::memcmp(at_, text, kSize - 1) != 0) return false;
    at_ += kSize - 1;
    return true;
  }

  // Those members that follow each other in the order in which the API writes them: mostly all.
  // False when one is unusual.
  bool ReadInOrder(ActiveCall& call) {
    if (Takes(R"("call_control_id":)") && !NoteMember(kControlId, PassText())) return false;
    if (Takes(R"("call_leg_id":)") && !NoteMember(kLeg, ReadId(call.leg))) return false;
    if (Takes(R"("call_session_id":)")) {
      call.has_session = true;
      if (!NoteMember(kSession, ReadId(call.session))) return false;
    }
    if (Takes(R"("client_state":)") && !NoteMember(kState, PassText())) return false;
    if (Takes(R"("record_type":)") && !NoteMember(kType, PassText())) return false;
    return !Takes(R"("call_duration":)") ||
           NoteMember(kDuration, ReadDuration(call.duration_seconds));
  }

  // Notes a member whose value was or was not `read`, and goes on to the next one's name.
  bool NoteMember(unsigned member, bool read) {
    if (!read || (seen_ & member) != 0) return false;
    seen_ |= member;
    return EndMember();
  }

  // A member that the API may have one day.
  bool PassUnknown() {
    return *at_ == '"' && PassText() && Takes(':') && PassText() && EndMember();
  }

  bool EndMember() {
    if (at_ >= end_) return false;
    return *at_ == '}' || (Takes(',') && *at_ == '"');
  }

  bool ReadId(CallId& id) {
    if (*at_ != '"' || at_[kUuidLength + 1] != '"' || !ReadUuid({at_ + 1, kUuidLength}, id)) {
      return false;
    }
    at_ += kUuidLength + 2;
    return true;
  }

  bool ReadDuration(std::uint32_t& seconds) {
    constexpr int kMaxDigits = 8;
    const char* const begin = at_;
    std::uint32_t value = 0;
    while (*at_ >= '0' && *at_ <= '9') {
      if (at_ - begin == kMaxDigits) return false;
      value = value * 10 + static_cast<std::uint32_t>(*at_++ - '0');
    }
    seconds = value;
    const bool canonical = at_ - begin == 1 || (at_ > begin && *begin != '0');
    return canonical && value <= kMaxCallDurationSeconds;
  }

  // Passes over a string, sixteen bytes at once, or null.
  bool PassText() {
    if (!Takes('"')) return Takes("null");
    for (; at_ < end_; at_ += sizeof(Characters)) {
      Characters bytes;
      std::memcpy(&bytes, at_, sizeof bytes);
      // Signed: what is not ASCII is below the blank, too.
      const auto stops = reinterpret_cast<Words>((bytes == '"') | (bytes == '\\') | (bytes < ' '));
      if ((stops[0] | stops[1]) == 0) continue;
      at_ += stops[0] != 0 ? std::countr_zero(stops[0]) / 8 : 8 + std::countr_zero(stops[1]) / 8;
      return Takes('"');
    }
    return false;
  }

  const char* at_;
  const char* const end_;
  unsigned seen_ = 0;  // of the row that is read
};

}  // namespace

std::optional<std::string_view> ScanRows(std::string_view body, std::vector<ActiveCall>& calls) {
  if (!body.starts_with(kScannedPageStart)) return std::nullopt;
  const std::size_t rows_before = calls.size();
  const char* const end = body.data() + body.size();
  RowScanner scanner(body.data() + kScannedPageStart.size(), end);
  do {
    const bool usual = scanner.ReadRow(calls.emplace_back());
    // Without a comma between them, two rows are no list.
    if (usual && (*scanner.at() == ',' || *scanner.at() == ']')) continue;
    calls.resize(rows_before);
    return std::nullopt;
  } while (scanner.Takes(','));
  return std::string_view(scanner.at(), end);
}

}  // namespace telnyx_exporter
