#include "app/config_source.h"

#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

namespace telnyx_exporter {
namespace {

constexpr const char* kWholeAccount =
    "accounts: [{discovery: {enabled: true, channel_limits: true}}]\n";

// A link that leads nowhere is there, and so is what the user may not look at.
bool Exists(const std::string& path) {
  struct stat status{};
  return lstat(path.c_str(), &status) == 0 || errno != ENOENT;
}

bool HasKeyInEnvironment() {
  const char* key = std::getenv("TELNYX_API_KEY");  // NOLINT(concurrency-mt-unsafe): never set
  return key != nullptr && *key != '\0';
}

ConfigErrors NothingToPoll(const std::string& file) {
  return {fmt::format("there is nothing to poll: {} does not exist, and TELNYX_API_KEY is not set.",
                      file),
          "To poll every connection of an account, set its key: TELNYX_API_KEY=KEY telnyx_exporter",
          "To choose what is polled, name a configuration file: telnyx_exporter "
          "--config.file=FILE"};
}

}  // namespace

std::expected<SourcedConfig, ConfigErrors> LoadConfig(const ConfigSource& source) {
  const bool built_in = source.may_be_missing && !Exists(source.file);
  if (built_in && !HasKeyInEnvironment()) return std::unexpected(NothingToPoll(source.file));
  auto loaded = built_in ? ParseConfig(kWholeAccount) : LoadConfigFile(source.file);
  if (loaded) {
    return SourcedConfig{.loaded = std::move(*loaded),
                         .origin = built_in ? "built in: the whole account" : source.file};
  }
  ConfigErrors errors;
  for (const ConfigMessage& message : loaded.error()) {
    errors.push_back(FormatConfigMessage(source.file, message));
  }
  return std::unexpected(std::move(errors));
}

}  // namespace telnyx_exporter
