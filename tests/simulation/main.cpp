#include <gtest/gtest.h>

#include "simulation/command_line.h"

int main(int argc, char** argv) {
  if (const auto code = telnyx_exporter::simulation::RunCommandLine(argc, argv)) return *code;
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
