#!/usr/bin/env bash
# Pushes the images that scripts/release.sh has left in dist/ to a registry, under the version in VERSION; needs skopeo:
#
#   scripts/publish_images.sh REGISTRY      ghcr.io/OWNER, for example; its host and the owner in any case
#
# With TOKEN, a password of the registry, and USERNAME it logs in first.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/packages.sh
source scripts/packages.sh
[ $# -eq 1 ] || { print_help && exit 2; }
registry=${1,,}
version=$(cat VERSION)
if [ -n "${TOKEN-}" ]; then
  printf %s "$TOKEN" | skopeo login --username "${USERNAME:?is the name to log in with}" --password-stdin "${registry%%/*}"
fi
for program in telnyx_exporter telnyx_simulator; do
  skopeo copy --all "oci-archive:${DIST:-dist}/$program-$version-image.oci.tar" "docker://$registry/$program:$version"
done
