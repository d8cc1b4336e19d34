#include "config/config_reference.h"

#include <gtest/gtest.h>

#include "support/golden.h"

namespace telnyx_exporter {
namespace {

TEST(ConfigReferenceGolden, IsTheCommittedPage) {
  const std::string text = FormatConfigReference();
  EXPECT_EQ(text, Golden("../docs/configuration.md", text));
}

TEST(ConfigReferenceGolden, IsTheCommittedSchema) {
  const std::string text = FormatConfigSchema();
  EXPECT_EQ(text, Golden("../config/telnyx_exporter.schema.json", text));
}

}  // namespace
}  // namespace telnyx_exporter
