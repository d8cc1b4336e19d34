# Compiler options of our own targets: link `project_options`. Warnings are errors here and only here.
add_library(project_options INTERFACE)
target_compile_features(project_options INTERFACE cxx_std_23)
target_compile_options(
  project_options
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            -Wshadow
            -Wconversion
            -Wsign-conversion
            -Wnon-virtual-dtor
            -Wold-style-cast
            -Woverloaded-virtual
            -Wundef
            -Werror
            # Designated initialisers name what differs from the defaults; the rest is meant to be left out.
            -Wno-missing-field-initializers
            # Sees overlaps in std::string's operator+ that are not there (GCC bug 105651).
            $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
            # Sees libstdc++ 12 use what it has deprecated itself, in std::ranges::stable_sort.
            $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)

# "address" (with the undefined-behaviour sanitizer), "thread", or "fuzzer" (address, and clang's coverage for
# libFuzzer); the presets asan, tsan and fuzz set it.
set(TELNYX_EXPORTER_SANITIZER "" CACHE STRING "Sanitizer to build with: empty, address, thread or fuzzer")
if(TELNYX_EXPORTER_SANITIZER STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(TELNYX_EXPORTER_SANITIZER STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
elseif(TELNYX_EXPORTER_SANITIZER STREQUAL "fuzzer")
  add_compile_options(
    -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(TELNYX_EXPORTER_SANITIZER)
  message(FATAL_ERROR "TELNYX_EXPORTER_SANITIZER is '${TELNYX_EXPORTER_SANITIZER}': use address, thread or fuzzer")
endif()
