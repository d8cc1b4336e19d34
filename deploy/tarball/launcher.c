// Starts a program of the tarball with the tarball's own loader and libraries, so that it does not matter which C library the
// system has, or whether it has one. Linked statically and installed once under the name of each program. It finds its own
// directory by its own path, because the kernel would resolve a relative interpreter from the working directory.
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static void fail(const char* what) {
  fprintf(stderr, "cannot start: %s: %s\n", what, strerror(errno));
  exit(1);
}

// The path of this program with all links resolved. A root without /proc knows it as the path that was executed.
static void find_own_path(char path[PATH_MAX]) {
  const ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
  if (length > 0) {
    path[length] = '\0';
    return;
  }
  const char* executed = (const char*)getauxval(AT_EXECFN);
  if (executed == NULL || realpath(executed, path) == NULL) fail("its own path is not known");
}

int main(int argc, char** argv) {
  static char path[PATH_MAX], copy[PATH_MAX];
  static char loader[PATH_MAX + 16], libraries[PATH_MAX + 16], program[PATH_MAX + 16];
  find_own_path(path);
  memcpy(copy, path, sizeof copy);
  const char* name = basename(copy);
  const char* directory = dirname(path);
  // The loader has a link of each program's name, which is what ps and top show.
  snprintf(loader, sizeof loader, "%s/lib/loader/%s", directory, name);
  snprintf(libraries, sizeof libraries, "%s/lib", directory);
  snprintf(program, sizeof program, "%s/lib/bin/%s", directory, name);

  char** arguments = calloc((size_t)argc + 8, sizeof *arguments);
  if (arguments == NULL) fail("no memory");
  size_t count = 0;
  arguments[count++] = loader;
  // Not the system's cache: it names libraries of another C library.
  arguments[count++] = "--inhibit-cache";
  arguments[count++] = "--library-path";
  arguments[count++] = libraries;
  arguments[count++] = "--argv0";
  arguments[count++] = argc > 0 ? argv[0] : program;
  arguments[count++] = program;
  for (int i = 1; i < argc; ++i) arguments[count++] = argv[i];
  execv(loader, arguments);
  fail(loader);
}
