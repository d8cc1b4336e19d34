# Every third-party library, found once. Debian 12 package names are in scripts/packages.sh.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

find_package(CLI11 REQUIRED CONFIG)
find_package(CURL 7.87 REQUIRED)
find_package(fmt REQUIRED CONFIG)
find_package(prometheus-cpp REQUIRED CONFIG)
find_package(simdjson REQUIRED CONFIG)
find_package(spdlog REQUIRED CONFIG)
find_package(yaml-cpp REQUIRED CONFIG)
find_package(ZLIB REQUIRED)
pkg_check_modules(microhttpd REQUIRED IMPORTED_TARGET libmicrohttpd>=0.9.75)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)

if(TELNYX_EXPORTER_TESTS)
  find_package(GTest REQUIRED)
  # Debian's interpreter, because the tests use Debian's Python packages.
  find_program(PYTHON3 NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
endif()
if(TELNYX_EXPORTER_BENCH)
  find_package(benchmark REQUIRED)
endif()
