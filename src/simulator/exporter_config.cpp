#include "simulator/exporter_config.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <fmt/format.h>

#include "base/text.h"

namespace telnyx_exporter::simulator {
namespace {

// For its owner's eyes only: the exporter warns of keys that others may read.
Result<void> WriteFile(const std::filesystem::path& path, std::string_view text) {
  using std::filesystem::perms;
  std::ofstream file(path, std::ios::binary);
  std::error_code ignored;  // what cannot be opened is told below
  std::filesystem::permissions(path, perms::owner_read | perms::owner_write, ignored);
  file << text;
  file.close();
  if (!file)
    return Fail(fmt::format("{} cannot be written: {}", path.string(), std::strerror(errno)));
  return {};
}

// A JSON string is a YAML string.
std::string Quoted(std::string_view text) {
  std::string quoted;
  AppendJsonString(quoted, text);
  return quoted;
}

}  // namespace

Result<void> WriteExporterConfig(const std::string& directory, std::string_view api,
                                 const std::vector<AccountSettings>& accounts) {
  const std::filesystem::path in = std::filesystem::absolute(directory);
  std::error_code ignored;  // what cannot be created is told below
  std::filesystem::create_directories(in, ignored);
  std::string config = "poll: {interval: 5s}\naccounts:\n";
  for (const AccountSettings& account : accounts) {
    const auto key_file = in / (account.name + ".key");
    if (auto written = WriteFile(key_file, account.api_key + "\n"); !written) return written;
    config += fmt::format(
        "  - name: {}\n    base_url: {}\n    api_key_file: {}\n"
        "    discovery: {{enabled: true, refresh_interval: 30s, channel_limits: true}}\n",
        Quoted(account.name), Quoted(api), Quoted(key_file.string()));
  }
  return WriteFile(in / "telnyx_exporter.yml", config);
}

}  // namespace telnyx_exporter::simulator
