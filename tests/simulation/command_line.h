#pragma once

#include <optional>

namespace telnyx_exporter::simulation {

/// Simulates what the flags ask for and prints what came of it: the program's exit code, or nothing
/// when no flag is the simulation's.
std::optional<int> RunCommandLine(int argc, char** argv);

}  // namespace telnyx_exporter::simulation
