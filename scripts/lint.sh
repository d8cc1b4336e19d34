#!/usr/bin/env bash
# Checks the format of every C++ file and runs clang-tidy over the sources. `scripts/lint.sh --fix` formats.
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

# The compile commands of a debug build; what it generates has to be there as well.
configure_and_build dev -- write_build_info generate_client_model
mapfile -t sources < <(git ls-files 'src/*.cpp')
printf '%s\n' "${sources[@]}" |
  xargs -P "$(nproc)" -n 4 clang-tidy-19 -p build/dev --quiet --extra-arg=-Wno-unknown-warning-option
