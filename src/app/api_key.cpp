#include "app/api_key.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr std::size_t kMaxKeyBytes = 4096;

// A key goes into a header: anything but visible ASCII would end the header or be refused there.
Result<Secret> CheckKey(std::string_view text, const std::string& where) {
  const std::string_view key = TrimWhitespace(text);
  if (key.empty()) return Fail(where + " is empty: it must hold the API key");
  if (key.size() > kMaxKeyBytes) {
    return Fail(fmt::format("{} holds more than {} bytes: it must hold the API key alone", where,
                            kMaxKeyBytes));
  }
  const auto visible = [](char c) { return c > ' ' && c < 0x7f; };
  if (!std::ranges::all_of(key, visible)) {
    return Fail(where +
                " holds a blank or a control character inside the key: it must hold the API "
                "key alone, in one line");
  }
  return Secret(key);
}

// Who may change the file decides which account is polled and, with a proxy, where a key goes.
Result<void> CheckPermissions(std::FILE* file, const std::string& path, Log& log) {
  struct stat status{};
  if (fstat(fileno(file), &status) != 0) {
    return Fail(fmt::format("api_key_file {}: {}", path, std::strerror(errno)));
  }
  const auto mode = static_cast<unsigned>(status.st_mode & 07777U);
  if ((mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Fail(fmt::format(
        "api_key_file {} may be written by others than its owner (mode {:04o}): use chmod go-w",
        path, mode));
  }
  if ((mode & S_IROTH) != 0) {
    log.Warn("API key file may be read by everybody",
             {{"file", path}, {"mode", fmt::format("{:04o}", mode)}});
  }
  return {};
}

Result<Secret> ReadKeyFile(const std::string& path, Log& log) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                             std::fclose);
  if (file == nullptr) {
    return Fail(fmt::format("api_key_file {}: {}", path, std::strerror(errno)));
  }
  if (auto allowed = CheckPermissions(file.get(), path, log); !allowed) {
    return std::unexpected(std::move(allowed.error()));
  }
  // Unbuffered, so that the key is in this one buffer only.
  std::setvbuf(file.get(), nullptr, _IONBF, 0);
  char buffer[kMaxKeyBytes + 2];
  const std::size_t size = std::fread(buffer, 1, sizeof buffer, file.get());
  const bool failed = std::ferror(file.get()) != 0;
  const int error = errno;
  auto key = failed ? Fail(fmt::format("api_key_file {}: {}", path, std::strerror(error)))
                    : CheckKey({buffer, size}, "api_key_file " + path);
  WipeMemory(buffer, sizeof buffer);
  return key;
}

Result<Secret> ReadKeyVariable(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): start-up only
  if (value == nullptr) {
    return Fail(
        fmt::format("the environment variable {} is not set: it must hold the API key", name));
  }
  return CheckKey(value, "the environment variable " + name);
}

}  // namespace

Result<Secret> ReadApiKey(const ApiKeySource& source, Log& log) {
  switch (source.kind) {
    case ApiKeySource::Kind::kFile:
      return ReadKeyFile(source.name, log);
    case ApiKeySource::Kind::kEnvironment:
      return ReadKeyVariable(source.name);
    case ApiKeySource::Kind::kInline:
      return CheckKey(source.inline_key.reveal(), "api_key");
  }
  return Fail("no API key is configured");
}

}  // namespace telnyx_exporter
