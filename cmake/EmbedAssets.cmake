# Writes assets.cpp from the files in ASSETS_DIR: cmake -D ASSETS_DIR=… -D OUTPUT=… -P EmbedAssets.cmake
function(embed name function content_type)
  file(READ "${ASSETS_DIR}/${name}" bytes)
  file(SHA256 "${ASSETS_DIR}/${name}" hash)
  string(SUBSTRING "${hash}" 0 16 hash)
  string(APPEND source "
const PageAsset& ${function}() {
  static constexpr PageAsset kAsset{\"/static/${name}\", \"static/${name}?v=${hash}\",
                                    \"${content_type}\", R\"asset(${bytes})asset\"};
  return kAsset;
}
")
  set(source "${source}" PARENT_SCOPE)
endfunction()

set(source "#include \"pages/page_parts.h\"\n\nnamespace telnyx_exporter {\n")
embed(status.css StyleAsset "text/css; charset=utf-8")
embed(status.js ScriptAsset "text/javascript; charset=utf-8")
embed(icon.svg IconAsset "image/svg+xml")
string(APPEND source "\n}  // namespace telnyx_exporter\n")
file(WRITE "${OUTPUT}" "${source}")
