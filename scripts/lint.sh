#!/usr/bin/env bash
# Checks the format of every C++ file and runs clang-tidy over the sources.
#
#   scripts/lint.sh              over all of them
#   scripts/lint.sh --changed    over those that differ from the branch point: where HEAD left origin/main or main
#   scripts/lint.sh --fix        formats all files and checks nothing
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/packages.sh
source scripts/packages.sh

mapfile -t files < <(git ls-files '*.h' '*.cpp')
if [ "${1-}" = --fix ]; then
  clang-format-19 -i "${files[@]}"
  exit 0
fi
clang-format-19 --dry-run --Werror "${files[@]}"

# changed_sources: sources of src/ that are new or different since the branch point, committed or not.
changed_sources() {
  local base=HEAD branch
  for branch in origin/main main; do
    if git rev-parse --quiet --verify "$branch" >/dev/null; then
      base=$(git merge-base HEAD "$branch") || base=HEAD
      break
    fi
  done
  {
    git diff --name-only --diff-filter=d "$base" -- 'src/*.cpp'
    git ls-files --others --exclude-standard -- 'src/*.cpp'
  } | sort -u
}

# tidy N CLANG-TIDY-ARGUMENT…: N of the sources on standard input at a time, on every core. Of clang's own warnings
# the build with clang leaves out the same (cmake/Options.cmake).
tidy() {
  xargs -d '\n' -P "$(nproc)" -n "$1" clang-tidy-19 --quiet --extra-arg=-Wno-unknown-warning-option \
    --extra-arg=-Wno-deprecated-declarations "${@:2}"
}

if [ "${1-}" = --changed ]; then
  mapfile -t sources < <(changed_sources)
  # Reading a file alone takes 10 to 20 s of CPU. Beyond these, reading everything in larger pieces is cheaper.
  most=12
  if [ "${#sources[@]}" -eq 0 ]; then exit 0; fi
  if [ "${#sources[@]}" -gt "$most" ]; then
    echo "clang-tidy is left to scripts/test.sh all: ${#sources[@]} sources differ from the branch point, more than $most."
    exit 0
  fi
  configure_and_build files >/dev/null
  printf '%s\n' "${sources[@]}" | tidy 1 -p build/files
  exit 0
fi

# Two ways, because of what each costs. Most checks spend their time on headers, so they read the unity sources of a
# build of its own, in which each library is one: the sources are included there and count as headers, which the filter
# must not leave out. The static analyzer is cheap on headers, but in a unity source it follows a function that another
# one calls only from there, and gives up before it has seen every path: it reads file by file. Of each function it
# follows fewer paths than over what has changed, where a file may take 50 s.
configure_and_build lint >/dev/null
configure_and_build files >/dev/null

# unity_sources: those of the libraries, each after its number of lines.
unity_sources() {
  local unity
  grep -o '"file": "[^"]*/build/lint/src/[^"]*/unity_[^"]*"' build/lint/compile_commands.json | cut -d '"' -f 4 |
    while read -r unity; do
      echo "$(sed -n 's/^#include "\(.*\)"$/\1/p' "$unity" | xargs -d '\n' cat | wc -l) $unity"
    done
}

# The largest first, so that no core is left alone with one at the end.
unity_sources | sort -rn | cut -d ' ' -f 2- |
  tidy 1 -p build/lint --header-filter='/(src|libraries)/.*\.(h|cpp)$' \
    --checks='-bugprone-suspicious-include,-clang-analyzer-*'
git ls-files 'src/*.cpp' | tidy 4 -p build/files \
  --checks='-*,clang-analyzer-*,-clang-analyzer-cplusplus.NewDeleteLeaks' \
  --extra-arg=-Xclang --extra-arg=-analyzer-config --extra-arg=-Xclang --extra-arg=max-nodes=20000
