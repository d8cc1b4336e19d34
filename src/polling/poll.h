#pragma once

// One poll of one connection: the walk through all pages of its active calls. The poller owns one
// for as long as it lasts, on the polling thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "calls/call_rows.h"
#include "polling/request_sequence.h"
#include "telnyx/page_parser.h"
#include "telnyx/page_walk.h"

namespace telnyx_exporter {

/// What polls that follow each other use again; it outlives them all.
struct PollWorkspace {
  PageParser parser;
  std::vector<ActiveCall> page;  // the rows of the page that is read
  CallRows spare_rows;           // empty, with the memory of a large poll
};

class Poll final : public RequestSequence {
 public:
  Poll(std::string_view connection_id, PageWalkLimits limits, Instant begun, Duration timeout,
       PollWorkspace& workspace);
  ~Poll() override;
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;

  const std::string& next_target() const override { return walk_.next_target(); }

  // After kComplete.

  const CallRows& rows() const { return rows_; }
  std::vector<ActiveCall> longest_calls() const { return longest_calls_.Sorted(); }
  std::optional<std::uint64_t> reported_legs() const { return reported_legs_; }
  std::uint32_t pages() const { return walk_.pages(); }

 protected:
  std::expected<Step, PollFailure> OnPage(std::string_view body) override;

 private:
  void MakeRoomFor(std::uint64_t rows);

  PollWorkspace& workspace_;
  PageWalk walk_;
  CallRows rows_;
  LongestCalls longest_calls_;
  std::optional<std::uint64_t> reported_legs_;
};

}  // namespace telnyx_exporter
