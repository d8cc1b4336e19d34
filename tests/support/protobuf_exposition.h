#pragma once

// Reads the protobuf format back: with the generated messages, and through protoc as text. Targets
// that include this link `protobuf_exposition`.

#include <array>
#include <cstdio>
#include <regex>
#include <string>
#include <vector>

#include <google/protobuf/io/coded_stream.h>
#include <gtest/gtest.h>
#include <io/prometheus/client/metrics.pb.h>

#include "support/temp_dir.h"

namespace telnyx_exporter {

using MetricFamilies = std::vector<io::prometheus::client::MetricFamily>;

/// Every byte must belong to a message that can be read.
inline MetricFamilies ParseDelimited(const std::string& bytes) {
  MetricFamilies families;
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                               static_cast<int>(bytes.size()));
  for (std::uint32_t size = 0; input.ReadVarint32(&size);) {
    std::string message;
    EXPECT_TRUE(input.ReadString(&message, static_cast<int>(size)));
    EXPECT_TRUE(families.emplace_back().ParseFromString(message));
  }
  EXPECT_EQ(static_cast<std::size_t>(input.CurrentPosition()), bytes.size());
  return families;
}

/// Debian 12's metrics.proto lacks the names of newer fields, so that protoc writes their numbers.
inline std::string WithFieldNames(std::string text) {
  text = std::regex_replace(text, std::regex("\n  5: \""), "\n  unit: \"");
  text = std::regex_replace(text, std::regex("\n      (3|15) \\{\n        1: "),
                            "\n      created_timestamp {\n        seconds: ");
  return std::regex_replace(text, std::regex("(        seconds: \\d+\n        )2: "), "$1nanos: ");
}

/// The messages as text, the same whichever metrics.proto the system has.
inline std::string DecodeToText(const MetricFamilies& families) {
  std::string exposition;
  for (const auto& family : families) {
    // As a field of the message Exposition, which holds all of them.
    constexpr char kFamilyField = (1U << 3U) | 2U;
    exposition += kFamilyField;
    std::size_t size = family.ByteSizeLong();
    for (; size >= 0x80; size >>= 7U) exposition += static_cast<char>((size & 0x7fU) | 0x80U);
    exposition += static_cast<char>(size);
    family.AppendToString(&exposition);
  }
  const TempDir directory;
  const std::string command = PROTOC_DECODE " <" + directory.Write("exposition", exposition);
  std::FILE* decoder = popen(command.c_str(), "r");
  EXPECT_NE(decoder, nullptr);
  std::string text;
  std::array<char, 4096> buffer{};
  while (const std::size_t read = std::fread(buffer.data(), 1, buffer.size(), decoder)) {
    text.append(buffer.data(), read);
  }
  EXPECT_EQ(pclose(decoder), 0);
  return WithFieldNames(std::move(text));
}

}  // namespace telnyx_exporter
