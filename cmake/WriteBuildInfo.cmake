# Run at every build: rewrites build_info.cpp when git's revision has changed.
execute_process(
  COMMAND git describe --always --dirty --abbrev=12 --match=
  WORKING_DIRECTORY "${SOURCE_DIR}"
  OUTPUT_VARIABLE REVISION
  OUTPUT_STRIP_TRAILING_WHITESPACE
  ERROR_QUIET)
if(NOT REVISION)
  set(REVISION "${REVISION_WITHOUT_GIT}")
endif()
if(NOT REVISION)
  set(REVISION "unknown")
endif()
configure_file("${TEMPLATE}" "${OUTPUT}" @ONLY)
