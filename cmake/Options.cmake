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
            $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)

# "address" (with the undefined-behaviour sanitizer) or "thread"; the presets asan and tsan set it.
set(TELNYX_EXPORTER_SANITIZER "" CACHE STRING "Sanitizer to build with: empty, address or thread")
if(TELNYX_EXPORTER_SANITIZER STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(TELNYX_EXPORTER_SANITIZER STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
elseif(TELNYX_EXPORTER_SANITIZER)
  message(FATAL_ERROR "TELNYX_EXPORTER_SANITIZER is '${TELNYX_EXPORTER_SANITIZER}': use address or thread")
endif()
