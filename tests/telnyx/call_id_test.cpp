#include "telnyx/call_id.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace telnyx_exporter {
namespace {

TEST(ParseCallId, TakesACanonicalUuidAsItsOwnBits) {
  EXPECT_EQ(ParseCallId("428c31b6-7af4-4bcb-b68e-5013ef9657c1"),
            (CallId{.high = 0x428c31b67af44bcb, .low = 0xb68e5013ef9657c1}));
}

TEST(ParseCallId, KeepsOtherTextsApart) {
  const std::string uuid = "428c31b6-7af4-4bcb-b68e-5013ef9657c1";
  std::set<CallId> ids = {ParseCallId(uuid)};
  std::set<std::string> texts = {uuid};
  for (const std::string& text : {std::string("428C31B6-7AF4-4BCB-B68E-5013EF9657C1"),
                                  std::string("428c31b67af44bcbb68e5013ef9657c1"),
                                  std::string("428c31b6-7af4-4bcb-b68e-5013ef9657cg"),
                                  std::string("428c31b6_7af4_4bcb_b68e_5013ef9657c1"),
                                  std::string("v3:MdI91X4lWFEs7IgbBEOT9M4AigoY08M0WWZFISt1Yw2axZ"),
                                  std::string("1"), std::string("\0", 1)}) {
    texts.insert(text);
    ids.insert(ParseCallId(text));
  }
  for (int i = 0; i < 10'000; ++i) {
    texts.insert("leg-" + std::to_string(i));
    ids.insert(ParseCallId("leg-" + std::to_string(i)));
  }
  EXPECT_EQ(ids.size(), texts.size());
}

TEST(ParseCallId, SaysWhichIdsCanBeShown) {
  bool is_uuid = false;
  const std::string uuid = "428c31b6-7af4-0bcb-068e-0013ef9657c1";
  EXPECT_EQ(FormatUuid(ParseCallId(uuid, is_uuid)), uuid);
  EXPECT_TRUE(is_uuid);
  for (const char* other :
       {"428C31B6-7AF4-4BCB-B68E-5013EF9657C1", "leg-1", "428c31b6-7af4-4bcb-b68e-5013ef9657cg"}) {
    is_uuid = true;
    ParseCallId(other, is_uuid);
    EXPECT_FALSE(is_uuid) << other;
  }
}

TEST(ParseCallId, GivesTheSameTextTheSameId) {
  EXPECT_EQ(ParseCallId("leg-1"), ParseCallId(std::string("leg-") + "1"));
}

}  // namespace
}  // namespace telnyx_exporter
