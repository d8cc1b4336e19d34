#pragma once

// From the command line to a plan for the poller: finds the configuration, reads the API keys that
// it names and makes the plan. Called at the start and by reloads, on the main thread.

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "config/address.h"
#include "config/config.h"
#include "polling/poll_plan.h"

namespace telnyx_exporter {

/// Where the configuration comes from: a file or, when the default one does not exist and there is
/// an API key in the environment, a built-in one that polls the whole account. It is looked for
/// every time; once there was one, it must not go missing.
struct ConfigSource {
  std::string file;
  /// The file is the default one, not named by the user: it may be missing.
  bool may_be_missing = false;
};

struct SourcedConfig {
  LoadedConfig loaded;
  std::string origin;  // the file, or words for the built-in configuration
  bool built_in = false;
};

/// Everything that is wrong, a line each.
using ConfigErrors = std::vector<std::string>;

std::expected<SourcedConfig, ConfigErrors> LoadConfig(const ConfigSource& source);

struct ApiKey {
  Secret key;
  std::string warning;  // about the file's permissions, a predicate; empty: none
};

/// The account's API key without blanks and line ends around it. The error is a predicate about the
/// source, as in "cannot be read: No such file or directory"; it quotes nothing of what was found.
Result<ApiKey> FindApiKey(const ApiKeySource& source);

/// The same with an error that names the source as far as it may be shown. A warning goes to the
/// log, where one is given.
Result<Secret> ReadApiKey(const ApiKeySource& source, Log* log);

/// The text of a file of authorities' certificates; empty for an empty path. The error is a
/// predicate that follows the file's name.
Result<std::string> ReadCaFile(const std::string& path);

/// How often the connection is polled while it is idle, which is longer than `interval`; nothing:
/// like a busy one. What the whole configuration says may be shorter than a connection's own
/// interval and changes nothing then.
std::optional<Duration> IdleIntervalOf(const ConnectionConfig& connection, const PollConfig& poll,
                                       Duration interval);

using ReadCa = std::function<Result<std::string>(const std::string& path)>;
using ReadKey = std::function<Result<Secret>(const ApiKeySource&)>;

/// The configuration as the poller of that shard wants it: defaults filled in, keys and CA files
/// read, proxies taken from the environment where the configuration says so. Fails with all that is
/// wrong, each sentence with the account that it is about.
std::expected<PollPlan, ConfigErrors> MakePollPlan(
    const Config& config, const Shard& shard, const ReadKey& read_key,
    const ReadVariable& read_variable = ReadProcessVariable, const ReadCa& read_ca = ReadCaFile);

/// What is polled after a configuration, and where both came from.
struct LoadedPlan {
  std::shared_ptr<const Config> config;
  PollPlan plan;
  FileSet key_files;  // and CA files, as they were before they were read
  std::string origin;
};

/// Reads the configuration and the keys that it names. Warnings go to the log. An error begins with
/// the configuration file's name.
std::expected<LoadedPlan, ConfigErrors> LoadPlan(const ConfigSource& source, const Shard& shard,
                                                 Log& log);

}  // namespace telnyx_exporter
