# The messages of Prometheus's protobuf format: `prometheus_client_model` is what protoc makes of the metrics.proto
# that Debian's golang-github-prometheus-client-model-dev ships. The lite runtime is enough to write and parse them
# and saves the descriptors at every start; it has no Timestamp of its own, so that is made here as well.
find_path(
  PROMETHEUS_CLIENT_MODEL_DIR io/prometheus/client/metrics.proto
  PATHS /usr/share/gocode/src/github.com/prometheus/client_model REQUIRED)
find_path(PROTOBUF_TYPES_DIR google/protobuf/timestamp.proto REQUIRED)

set(client_model_dir "${PROJECT_BINARY_DIR}/client_model")
set(client_model_files)
foreach(message io/prometheus/client/metrics google/protobuf/timestamp)
  list(APPEND client_model_files "${client_model_dir}/${message}.pb.h" "${client_model_dir}/${message}.pb.cc")
endforeach()
file(MAKE_DIRECTORY "${client_model_dir}")
add_custom_command(
  OUTPUT ${client_model_files}
  COMMAND
    protobuf::protoc "--proto_path=${PROMETHEUS_CLIENT_MODEL_DIR}" "--proto_path=${PROTOBUF_TYPES_DIR}"
    "--cpp_out=lite:${client_model_dir}" io/prometheus/client/metrics.proto google/protobuf/timestamp.proto
  DEPENDS "${PROMETHEUS_CLIENT_MODEL_DIR}/io/prometheus/client/metrics.proto"
  COMMENT "Generating the messages of the protobuf format"
  VERBATIM)
# For those who read the sources without building them.
add_custom_target(generate_client_model DEPENDS ${client_model_files})

add_library(prometheus_client_model STATIC ${client_model_files})
target_include_directories(prometheus_client_model SYSTEM PUBLIC "${client_model_dir}")
target_link_libraries(prometheus_client_model PUBLIC protobuf::libprotobuf-lite)
