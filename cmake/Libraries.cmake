# A folder of src/ is one static library of the project. Its headers are reachable as "<library>/header.h" only for targets that
# link it, so an include that the library's link list does not name does not compile.

# add_project_library(NAME SOURCES a.cpp … [LINKS library …] [PRIVATE_LINKS library …])
#   LINKS          what its headers use
#   PRIVATE_LINKS  what only its sources use
function(add_project_library name)
  cmake_parse_arguments(PARSE_ARGV 1 library "" "" "SOURCES;LINKS;PRIVATE_LINKS")
  set(view "${PROJECT_BINARY_DIR}/libraries/${name}")
  file(MAKE_DIRECTORY "${view}")
  file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}" "${view}/${name}" SYMBOLIC)

  if(library_SOURCES)
    add_library(${name} STATIC ${library_SOURCES})
    target_include_directories(${name} PUBLIC "${view}")
    target_link_libraries(${name} PUBLIC ${library_LINKS} PRIVATE project_options ${library_PRIVATE_LINKS})
    set_target_properties(${name} PROPERTIES OUTPUT_NAME "telnyx_exporter_${name}")
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE "${view}")
    target_link_libraries(${name} INTERFACE ${library_LINKS})
  endif()
endfunction()

# Tests that compute for their whole time occupy four of the jobs that scripts/test.sh gives each core.
set(busy 4)

# What the sanitizers' parts of scripts/test.sh build.
add_custom_target(unit_tests)
add_custom_target(tests_with_threads)

# add_unit_test(NAME SOURCES a_test.cpp … LINKS library … [THREADS]): one GoogleTest program. Each case is a ctest entry that
# is read from the sources: listing tests builds nothing, and building runs none of them. With a sanitizer the whole program is
# one entry. In a unity build it is one source: what tests instantiate of GoogleMock's templates is most of their cost, and it
# is the same in all of them.
#   THREADS  the code under test has several threads: the thread sanitizer watches these tests
function(add_unit_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "THREADS" "" "SOURCES;LINKS")
  add_dependencies(unit_tests ${name})
  set(labels unit)
  if(test_THREADS)
    list(APPEND labels threads)
    add_dependencies(tests_with_threads ${name})
  endif()
  add_executable(${name} ${test_SOURCES})
  target_link_libraries(${name} PRIVATE ${test_LINKS} project_options test_options GTest::gmock GTest::gtest_main)
  target_precompile_headers(${name} REUSE_FROM test_headers)
  if(TELNYX_EXPORTER_SANITIZER)
    # Whole: to start a program with a sanitizer takes longer than most cases.
    add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}/tests")
    set(cases ${name})
    set(processors ${busy})
    set(timeout 900)
  else()
    gtest_add_tests(TARGET ${name} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}/tests" TEST_LIST cases)
    set(processors 2)
    set(timeout 300)
  endif()
  set_tests_properties(
    ${cases}
    PROPERTIES LABELS "${labels}"
               TIMEOUT ${timeout}
               PROCESSORS ${processors}
               REQUIRED_FILES "$<TARGET_FILE:${name}>"
               # GoogleTest accepts a filter that matches nothing.
               FAIL_REGULAR_EXPRESSION "Running 0 tests")
endfunction()

# add_simulation(NAME PARTS n SOURCES a.cpp … LINKS library …): a GoogleTest program that simulates days, compiled for speed.
# Its cases are dealt to n ctest entries, so that every core has work.
function(add_simulation name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "PARTS" "SOURCES;LINKS")
  add_executable(${name}_test ${test_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${test_LINKS} project_options GTest::gmock GTest::gtest_main)
  math(EXPR last "${test_PARTS} - 1")
  foreach(part RANGE ${last})
    math(EXPR number "${part} + 1")
    set(case "${name}.part_${number}_of_${test_PARTS}")
    add_test(NAME ${case} COMMAND ${name}_test WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}/tests")
    set_tests_properties(
      ${case}
      PROPERTIES LABELS simulation
                 TIMEOUT 900
                 PROCESSORS ${busy}
                 COST 100
                 REQUIRED_FILES "$<TARGET_FILE:${name}_test>"
                 FAIL_REGULAR_EXPRESSION "Running 0 tests"
                 ENVIRONMENT "GTEST_TOTAL_SHARDS=${test_PARTS};GTEST_SHARD_INDEX=${part}")
  endforeach()
endfunction()

# add_program_test(NAME SCRIPT a_test.py LABELS label … [DIRECTORY directory] [TIMEOUT seconds] [ENVIRONMENT name=value …]
#                  [PROPERTIES name value …]): a Python test that runs the built programs, as one ctest entry.
#   LABELS  e2e for those that need nothing but the programs and servers of Debian, else what they need besides:
#           browser, npm, package, container; slow for minutes of CPU. scripts/test.sh chooses by them.
function(add_program_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "SCRIPT;DIRECTORY;TIMEOUT" "LABELS;ENVIRONMENT;PROPERTIES")
  if(NOT test_TIMEOUT)
    set(test_TIMEOUT 600)
  endif()
  set(programs "$<TARGET_FILE:telnyx_exporter>" "$<TARGET_FILE:telnyx_simulator>")
  add_test(
    NAME ${name}
    COMMAND "${PYTHON3}" ${test_SCRIPT} --verbose
    WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/${test_DIRECTORY}")
  set_tests_properties(
    ${name}
    PROPERTIES
      LABELS "${test_LABELS}"
      TIMEOUT ${test_TIMEOUT}
      COST 50
      REQUIRED_FILES "${programs}"
      ENVIRONMENT
      "TELNYX_EXPORTER=$<TARGET_FILE:telnyx_exporter>;TELNYX_SIMULATOR=$<TARGET_FILE:telnyx_simulator>;PYTHONPATH=${PROJECT_SOURCE_DIR}/tests/e2e:${PROJECT_SOURCE_DIR}/tests/deploy;PYTHONDONTWRITEBYTECODE=1;TELNYX_EXPORTER_SANITIZER=${TELNYX_EXPORTER_SANITIZER};CHROMIUM=/usr/bin/chromium;${test_ENVIRONMENT}"
      ${test_PROPERTIES})
endfunction()
