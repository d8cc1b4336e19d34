#include <cstdlib>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "telnyx/active_call.h"

namespace telnyx_exporter {
namespace {

TEST(ParseCallId, TakesACanonicalUuidAsItsOwnBits) {
  EXPECT_EQ(ParseCallId("428c31b6-7af4-4bcb-b68e-5013ef9657c1"),
            (CallId{.high = 0x428c31b67af44bcb, .low = 0xb68e5013ef9657c1}));
}

// Each byte at each place of a UUID: only lower-case hexadecimal digits, and dashes where they
// belong, make a value of its own bits.
TEST(ParseCallId, TakesNoOtherByteForADigit) {
  const std::string uuid = "428c31b6-7af4-4bcb-b68e-5013ef9657c1";
  const std::string digits = "0123456789abcdef";
  for (std::size_t place = 0; place < uuid.size(); ++place) {
    const bool dash = uuid[place] == '-';
    for (int byte = 0; byte < 256; ++byte) {
      std::string text = uuid;
      text[place] = static_cast<char>(byte);
      std::string hex = text;
      std::erase(hex, '-');
      const bool canonical =
          dash ? byte == '-' : byte != 0 && digits.find(text[place]) != std::string::npos;
      const CallId id = ParseCallId(text);
      const bool own_bits =
          hex.size() == 32 &&
          id == CallId{.high = std::strtoull(hex.substr(0, 16).c_str(), nullptr, 16),
                       .low = std::strtoull(hex.substr(16).c_str(), nullptr, 16)};
      EXPECT_EQ(own_bits, canonical) << place << " " << byte;
    }
  }
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

TEST(ParseCallId, GivesTheSameTextTheSameId) {
  EXPECT_EQ(ParseCallId("leg-1"), ParseCallId(std::string("leg-") + "1"));
}

TEST(UuidText, IsTheTextThatTheIdWasMadeFrom) {
  for (const std::string uuid :
       {"428c31b6-7af4-4bcb-b68e-5013ef9657c1", "00000001-0002-1003-0004-000000000005"}) {
    ASSERT_TRUE(IsUuid(ParseCallId(uuid)));
    EXPECT_EQ(UuidText(ParseCallId(uuid)), uuid);
  }
}

TEST(IsUuid, IsFalseOfEveryHashedId) {
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_FALSE(IsUuid(ParseCallId("leg-" + std::to_string(i)))) << i;
  }
  EXPECT_FALSE(IsUuid(ParseCallId("428C31B6-7AF4-4BCB-B68E-5013EF9657C1")));
}

TEST(IsUuid, IsFalseOfAUuidWithoutAVersion) {
  EXPECT_FALSE(IsUuid(ParseCallId("428c31b6-7af4-0bcb-b68e-5013ef9657c1")));
}

}  // namespace
}  // namespace telnyx_exporter
