#include "exposition/gzip.h"

#include <random>
#include <string>

#include <gtest/gtest.h>
#include <zlib.h>

namespace telnyx_exporter {
namespace {

std::string Gunzip(std::string compressed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string text(2'000'000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0U);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

TEST(Gzip, ComesBackAsItWas) {
  std::mt19937 random(1);
  std::string noise(1'000'000, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  for (const std::string& text :
       {std::string(), std::string("a"), std::string(1'000'000, 'a'), noise}) {
    EXPECT_EQ(Gunzip(Gzip(text)), text);
  }
}

TEST(Gzip, MakesTextSmaller) {
  std::string text;
  for (int i = 0; i < 1000; ++i)
    text += "telnyx_active_calls{account=\"main\"} " + std::to_string(i) + "\n";
  EXPECT_LT(Gzip(text).size(), text.size() / 5);
}

}  // namespace
}  // namespace telnyx_exporter
