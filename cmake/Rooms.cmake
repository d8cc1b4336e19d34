# A room is a folder of src/ built as one static library. Its headers are reachable as "<room>/header.h" only for
# targets that link the room, so that a room which includes what its link list does not name does not compile.

# add_room(NAME SOURCES a.cpp … [LINKS room-or-library …] [PRIVATE_LINKS library …])
#   LINKS          what the room's headers use
#   PRIVATE_LINKS  what only its sources use
function(add_room name)
  cmake_parse_arguments(PARSE_ARGV 1 room "" "" "SOURCES;LINKS;PRIVATE_LINKS")
  set(view "${PROJECT_BINARY_DIR}/rooms/${name}")
  file(MAKE_DIRECTORY "${view}")
  file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}" "${view}/${name}" SYMBOLIC)

  if(room_SOURCES)
    add_library(${name} STATIC ${room_SOURCES})
    target_include_directories(${name} PUBLIC "${view}")
    target_link_libraries(${name} PUBLIC ${room_LINKS} PRIVATE project_options ${room_PRIVATE_LINKS})
    set_target_properties(${name} PROPERTIES OUTPUT_NAME "telnyx_exporter_${name}")
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE "${view}")
    target_link_libraries(${name} INTERFACE ${room_LINKS})
  endif()
endfunction()

# add_room_test(NAME SOURCES a_test.cpp … LINKS room …): one GoogleTest program, each case a ctest entry.
function(add_room_test name)
  cmake_parse_arguments(PARSE_ARGV 1 test "" "" "SOURCES;LINKS")
  add_executable(${name} ${test_SOURCES})
  target_link_libraries(${name} PRIVATE ${test_LINKS} project_options GTest::gmock GTest::gtest_main)
  # Files of one test program may use the same names for their own helpers.
  set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
  gtest_discover_tests(
    ${name}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}/tests"
    DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 300)
endfunction()
