// For the target that compiles the common headers: CMake wants a source.
