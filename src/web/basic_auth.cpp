#include "web/basic_auth.h"

#include <gnutls/gnutls.h>

#include "base/text.h"

namespace telnyx_exporter {
namespace {

constexpr std::string_view kScheme = "basic ";
constexpr std::size_t kMaxBytes = 4096;

std::optional<Secret> DecodeBase64(std::string_view text) {
  std::string copy(text);
  const gnutls_datum_t encoded{.data = reinterpret_cast<unsigned char*>(copy.data()),
                               .size = static_cast<unsigned>(copy.size())};
  gnutls_datum_t decoded{};
  if (gnutls_base64_decode2(&encoded, &decoded) != GNUTLS_E_SUCCESS) return std::nullopt;
  Secret secret(std::string_view(reinterpret_cast<char*>(decoded.data), decoded.size));
  WipeMemory(decoded.data, decoded.size);
  gnutls_free(decoded.data);
  WipeMemory(copy.data(), copy.size());
  return secret;
}

}  // namespace

std::optional<Credentials> ParseBasicAuthorization(std::string_view header) {
  if (header.size() > kMaxBytes ||
      !EqualsIgnoringAsciiCase(header.substr(0, kScheme.size()), kScheme)) {
    return std::nullopt;
  }
  const auto decoded = DecodeBase64(TrimWhitespace(header.substr(kScheme.size())));
  if (!decoded) return std::nullopt;
  const std::string_view text = decoded->reveal();
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return Credentials{.user = std::string(text.substr(0, colon)),
                     .password = Secret(text.substr(colon + 1))};
}

}  // namespace telnyx_exporter
