#!/usr/bin/env bash
# Publishes what scripts/release.sh has left in dist/ as the release of the version in VERSION on GitHub, with that version's section
# of CHANGELOG.md; needs gh, logged in or with GH_TOKEN, and the tag vVERSION on GitHub:
#
#   scripts/publish_files.sh OWNER/REPOSITORY
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/packages.sh
source scripts/packages.sh
[ $# -eq 1 ] || { print_help && exit 2; }
version=$(cat VERSION)
# A second time, after something else has failed.
if gh release view "v$version" --repo "$1" >/dev/null 2>&1; then
  exec gh release upload "v$version" --repo "$1" --clobber "${DIST:-dist}"/*
fi
sed -n "/^## $version /,/^## /{/^## /!p}" CHANGELOG.md |
  gh release create "v$version" --repo "$1" --verify-tag --title "$version" --notes-file - "${DIST:-dist}"/*
