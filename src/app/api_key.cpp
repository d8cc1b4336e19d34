#include "app/api_key.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"
#include "config/address.h"

namespace telnyx_exporter {
namespace {

// More than a key may have, so that blanks around it find room.
constexpr std::size_t kMaxKeyFileBytes = 8192;

Result<ApiKey> CheckKey(std::string_view text, std::string warning = {}) {
  if (std::string fault = FindApiKeyFault(text); !fault.empty()) return Fail(std::move(fault));
  return ApiKey{.key = Secret(TrimWhitespace(text)), .warning = std::move(warning)};
}

// Who may write the file decides which account is polled and, with a proxy, where a key goes.
Result<ApiKey> ReadKeyFile(const std::string& path) {
  auto file = ReadSecretFile(path, kMaxKeyFileBytes);
  if (!file) return std::unexpected(std::move(file.error()));
  PermissionFaults faults = CheckPermissions(file->status, true);
  if (!faults.error.empty()) return Fail(std::move(faults.error));
  return CheckKey(file->text.reveal(), std::move(faults.warning));
}

}  // namespace

Result<ApiKey> FindApiKey(const ApiKeySource& source) {
  switch (source.kind) {
    case ApiKeySource::Kind::kFile:
      return ReadKeyFile(source.name);
    case ApiKeySource::Kind::kEnvironment: {
      const auto value = ReadProcessVariable(source.name);
      if (!value) return Fail("is not set: it must hold the API key");
      return CheckKey(*value);
    }
    case ApiKeySource::Kind::kInline:
      break;
  }
  return CheckKey(source.inline_key.reveal());
}

Result<Secret> ReadApiKey(const ApiKeySource& source, Log& log) {
  const std::string shown = DescribeKeySource(source);
  auto key = FindApiKey(source);
  if (!key) return Fail(fmt::format("{} {}", shown, key.error().message));
  if (!key->warning.empty()) {
    log.Warn("API key file", {{"warning", fmt::format("{} {}", shown, key->warning)}});
  }
  return std::move(key->key);
}

}  // namespace telnyx_exporter
