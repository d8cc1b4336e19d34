# Compiler options of our own targets: link `project_options`. Our presets make their warnings errors.
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
            $<$<BOOL:${TELNYX_EXPORTER_WERROR}>:-Werror>
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

# Hardening of everything that is built for use: not of the sanitizers' builds, which bring checks of their own. Options
# of a packager's environment (CXXFLAGS) come before these, so the stricter _FORTIFY_SOURCE wins.
if(TELNYX_EXPORTER_HARDENING AND NOT TELNYX_EXPORTER_SANITIZER)
  include(CheckCXXCompilerFlag)
  add_compile_options(-fPIE -fstack-protector-strong -Wformat -Werror=format-security)
  add_link_options(-pie LINKER:-z,relro LINKER:-z,now)
  # glibc checks nothing in a build without optimisation and warns about the request.
  add_compile_options($<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)")
    set(branch_protection -mbranch-protection=standard)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64|i.86)$")
    set(branch_protection -fcf-protection)
  endif()
  foreach(option -fstack-clash-protection ${branch_protection})
    string(MAKE_C_IDENTIFIER "TELNYX_EXPORTER_HAS${option}" has_option)
    check_cxx_compiler_flag(${option} ${has_option})
    if(${has_option})
      add_compile_options(${option})
    endif()
  endforeach()
endif()
