#!/usr/bin/env bash
# Makes everything of one version into dist/, from the commit that is checked out, in root file systems of Debian 12 and 13 that
# mmdebstrap makes:
#
#   scripts/release.sh                 everything
#   scripts/release.sh --verify        everything twice, the second time without compiler cache, and compares the bytes
#   scripts/release.sh --test          everything, and tries what it has made: tests/release
#   scripts/release.sh NAME…           only: packages (of Debian 12 and 13), tarballs, images
#
#   telnyx_exporter-VERSION-linux-ARCHITECTURE.tar.gz     runs on any Linux with kernel 4.4 or later
#   telnyx-exporter_VERSION+debRELEASE_ARCHITECTURE.deb   for Debian 12 and 13
#   telnyx_exporter-VERSION-image.oci.tar, telnyx_simulator-…  an image for both architectures, as an OCI archive
#   ….spdx.json                                           what is in each, or what it depends on
#   SHA256SUMS, and its signature where a key is given
#
# Needs root and Debian 12 or later. The same commit and package archive make the same bytes. --test makes the tarballs, too, and
# all of its tests need an amd64 machine with Linux 6.7 or later.
#
# APT_SOURCES      lines of a sources.list for the builds, with SUITE for the release: an archive of one day
# ARCHITECTURES    "amd64 arm64"
# ROOTS            a directory in which root file systems are kept for the next run
# PACKAGES         one in which the Debian packages of this commit are kept: what is there is not built again
# MINISIGN_KEY     a secret key's file for minisign, or COSIGN_KEY one for cosign: signs SHA256SUMS
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/packages.sh
source scripts/packages.sh
# shellcheck source=scripts/roots.sh
source scripts/roots.sh

verify=false
try=false
wanted=()
for argument in "$@"; do
  case $argument in
    --verify) verify=true ;;
    --test) try=true ;;
    packages | tarballs | images) wanted+=("$argument") ;;
    *) print_help && exit 2 ;;
  esac
done
[ "${#wanted[@]}" -gt 0 ] || wanted=(packages tarballs images)
# What is tried is asked of the simulator of a tarball.
if $try && [[ " ${wanted[*]} " != *" tarballs "* ]]; then wanted+=(tarballs); fi
[ "$(id -u)" -eq 0 ] || {
  echo "Run it as root: it makes root file systems and enters them." >&2
  exit 1
}
[ -z "$(git status --porcelain)" ] || echo "Changes that are not committed are not in the release." >&2
ensure_packages binutils buildah ccache mmdebstrap python3
[ -z "${MINISIGN_KEY-}" ] || ensure_packages minisign

commit=$(git rev-parse HEAD)
own_architecture=$(dpkg --print-architecture)
version=$(git show "$commit:VERSION")
# A workflow of GitHub's that a tag has started.
if [ "${GITHUB_REF_TYPE-}" = tag ] && [ "$GITHUB_REF_NAME" != "v$version" ]; then
  echo "The tag is $GITHUB_REF_NAME, but VERSION is $version: the tag must be v$version." >&2
  exit 1
fi
revision=$(git rev-parse --short=12 "$commit")
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct "$commit")
export SOURCE_DATE_EPOCH
read -ra architectures <<<"${ARCHITECTURES:-amd64 arm64}"
declare -A releases=([12]=bookworm [13]=trixie)
cache=${CCACHE_DIR:-$HOME/.cache/telnyx_exporter_release}
work=$(mktemp -d --tmpdir=/var/tmp)
roots=${ROOTS:-$work/roots}
trap 'rm -rf --one-file-system "$work"' EXIT
umask 022
source=$work/source
mkdir "$source"
git archive "$commit" | tar -x --no-same-permissions -C "$source"

is_wanted() { [[ " ${wanted[*]} " == *" $1 "* ]]; }
say() { printf '%5d s  %s\n' "$SECONDS" "$*"; }

# root_of RELEASE ARCHITECTURE: sets `root` to a root in which programs of that architecture can be built, or packages checked
# where it is "lint".
root_of() {
  local suite=${releases[$1]} architecture=$2 packages
  root=$roots/$suite-$architecture
  case $architecture in
    lint) keep_root "$root" "$suite" "$own_architecture" lintian ;;
    "$own_architecture") keep_root "$root" "$suite" "$own_architecture" "${build_packages[@]}" debhelper dpkg-dev ;;
    *)
      mapfile -t packages < <(cross_packages "$architecture")
      keep_root "$root" "$suite" "$own_architecture,$architecture" "${packages[@]}" debhelper dpkg-dev
      ;;
  esac
}

# build_package RELEASE ARCHITECTURE DIRECTORY: the Debian package and its .changes.
build_package() {
  local release=$1 architecture=$2 directory=$3 root
  root_of "$release" "$architecture"
  rm -rf "$root/build"
  mkdir -p "$root/build/src" "$cache" "$directory"
  git archive "$commit" | tar -x -C "$root/build/src"
  # A user who goes over to the next Debian gets its package.
  sed -i "1s/([^)]*)/($version+deb$release)/" "$root/build/src/debian/changelog"
  BIND="$cache:/ccache" enter_root "$root" CCACHE_DIR=/ccache CCACHE_COMPILERCHECK=content "${cache_settings[@]}" \
    CXX_LAUNCHER=ccache REVISION="$revision" SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" DEB_CXXFLAGS_STRIP=-g \
    DEB_BUILD_OPTIONS="noautodbgsym nocheck parallel=$(nproc)" DEB_BUILD_PROFILES=nocheck bash -euc "
      cd /build/src
      dpkg-buildpackage --build=binary --no-sign --no-check-builddeps --host-arch=$architecture" >"$work/build.log" 2>&1 || {
    tail -n 60 "$work/build.log" >&2
    return 1
  }
  if grep -n 'warning:' "$work/build.log" | grep -Ev ':(dh_|dpkg-)' >&2; then echo "warnings of Debian $release $architecture" >&2; fi
  cp "$root"/build/*.deb "$root"/build/*.changes "$root"/build/*.buildinfo "$directory/"
  say "package of Debian $release for $architecture"
}

# programs_of ARCHITECTURE: the programs of Debian 13's package, unpacked into $built/ARCHITECTURE. Every artefact has these same ones.
programs_of() {
  local package
  [ -d "$built/$1" ] && return
  if ! compgen -G "$built/13-$1/*.deb" >/dev/null; then build_package 13 "$1" "$built/13-$1"; fi
  package=$(compgen -G "$built/13-$1/*.deb")
  dpkg-deb --extract "$package" "$built/$1"
}

# bill_of_materials KIND ARCHITECTURE ARTEFACT RELEASE PROGRAM…: of an artefact that holds these programs, built on that release.
bill_of_materials() {
  local kind=$1 architecture=$2 artefact=$3 release=$4 root
  shift 4
  root_of "$release" "$architecture"
  python3 "$source/scripts/bundle.py" sbom "$root" "$architecture" "$out/$artefact.spdx.json" "$@" --name="$artefact" \
    --version="$version" --kind="$kind"
}

# pack DIRECTORY FILE: a tar whose bytes depend on names, modes and contents alone.
pack() {
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --format=gnu -C "$1" -cf "$2" "${@:3}"
}

make_packages() {
  local release architecture package
  for release in 13 12; do
    for architecture in "${architectures[@]}"; do
      if ! compgen -G "$built/$release-$architecture/*.deb" >/dev/null; then
        build_package "$release" "$architecture" "$built/$release-$architecture"
      fi
      package=$(compgen -G "$built/$release-$architecture/*.deb")
      cp "$package" "$out/"
      rm -rf "$work/package"
      dpkg-deb --extract "$package" "$work/package"
      bill_of_materials package "$architecture" "$(basename "$package")" "$release" "$work/package"/usr/bin/telnyx_*
      # Lintian of that release; it reads packages of any architecture.
      root_of "$release" lint
      rm -rf "$root/tmp/lintian"
      cp -r "$built/$release-$architecture" "$root/tmp/lintian"
      enter_root "$root" bash -euc \
        'lintian --allow-root --fail-on=error,warning --suppress-tags=bad-distribution-in-changes-file /tmp/lintian/*.changes'
    done
  done
}

make_tarball() {
  local architecture=$1 name=telnyx_exporter-$version-linux-$1 tree share
  programs_of "$architecture"
  root_of 13 "$architecture"
  tree=$work/tarballs/$name
  share=$built/$architecture/usr/share
  rm -rf "$tree"
  mkdir -p "$tree"/{completions/{bash,zsh},man/man1,share,systemd}
  python3 "$source/scripts/bundle.py" tarball "$root" "$architecture" "$tree" "$built/$architecture"/usr/bin/telnyx_*
  cp "$source/deploy/tarball/launcher.c" "$root/tmp/"
  enter_root "$root" bash -euc "
    compiler=\$(dpkg-architecture -a$architecture -qDEB_HOST_GNU_TYPE 2>/dev/null)-gcc
    \$compiler -static -Os -s -Wall -Wextra -Werror -o /tmp/launcher /tmp/launcher.c"
  cp "$root/tmp/launcher" "$tree/telnyx_exporter"
  ln "$tree/telnyx_exporter" "$tree/telnyx_simulator"
  chmod 755 "$tree/telnyx_exporter"
  cp "$source"/{CHANGELOG.md,LICENSE,deploy/tarball/README.md} "$tree/"
  cp "$share"/bash-completion/completions/* "$tree/completions/bash/"
  cp "$share"/zsh/vendor-completions/* "$tree/completions/zsh/"
  cp "$share"/man/man1/*.gz "$tree/man/man1/"
  gunzip "$tree"/man/man1/*.gz
  cp -r "$share"/telnyx_exporter/. "$tree/share/"
  cp -r "$share"/doc/telnyx-exporter/examples "$tree/examples"
  rm -f "$tree"/examples/*.socket
  gunzip -r "$tree/examples"
  install -D -m 644 "$source"/debian/etc/telnyx_exporter/telnyx_exporter.yml "$tree/examples/etc/telnyx_exporter.yml"
  sed 's|/usr/bin/|/opt/telnyx_exporter/|' "$source/deploy/systemd/telnyx_exporter.service" >"$tree/systemd/telnyx_exporter.service"
  cp "$source/deploy/systemd/telnyx_exporter.socket" "$tree/systemd/"
  pack "$work/tarballs" "$work/$name.tar" "$name"
  gzip -9n <"$work/$name.tar" >"$out/$name.tar.gz"
  bill_of_materials tarball "$architecture" "$name.tar.gz" 13 "$built/$architecture"/usr/bin/telnyx_*
  say "tarball for $architecture"
}

# One index for all architectures. The Dockerfile would build the programs; it is given those that everything else has.
make_image() {
  local target=$1 program=telnyx_$1 context=$work/context architecture name
  name=$program-$version-image
  rm -rf "$context" "$work/${name:?}"
  for architecture in "${architectures[@]}"; do
    programs_of "$architecture"
    root_of 13 "$architecture"
    python3 "$source/scripts/bundle.py" image "$root" "$architecture" "$context/image/$architecture/$target" \
      "$built/$architecture/usr/bin/$program"
    if [ "$target" = simulator ]; then
      mkdir -p "$context/image/$architecture/simulator/usr/share/telnyx_exporter"
      cp -r "$source/config/scenarios" "$context/image/$architecture/simulator/usr/share/telnyx_exporter/"
    fi
    bill_of_materials image "$architecture" "$name-$architecture" 13 "$built/$architecture/usr/bin/$program"
  done
  printf '[storage]\ndriver = "vfs"\ngraphroot = "%s"\nrunroot = "%s"\n' "$work/graph" "$work/run" >"$work/storage.conf"
  (
    export CONTAINERS_STORAGE_CONF=$work/storage.conf
    buildah manifest create "$name" >/dev/null
    for architecture in "${architectures[@]}"; do
      # The stages of the Dockerfile that make the images, on the roots above.
      sed -n '/^FROM scratch AS labelled$/,$p' "$source/Dockerfile" |
        sed "s,^COPY --from=built /image/,COPY image/$architecture/," >"$work/Dockerfile"
      buildah bud --quiet --isolation=chroot --pull-never --format=oci --platform="linux/$architecture" --manifest="$name" \
        --timestamp="$SOURCE_DATE_EPOCH" --target="$target" --build-arg=REVISION="$revision" --build-arg=VERSION="$version" \
        --ignorefile=/dev/null --file="$work/Dockerfile" "$context" 2>"$work/buildah.log" >/dev/null || {
        cat "$work/buildah.log" >&2
        exit 1
      }
    done
    buildah manifest push --all --quiet "$name" "oci:$work/$name:$version" >/dev/null 2>"$work/buildah.log" || {
      cat "$work/buildah.log" >&2
      exit 1
    }
    buildah rmi --all --force >/dev/null
  )
  pack "$work/$name" "$out/$name.oci.tar" .
  say "image of the $target"
}

# make_all OUT BUILT: everything that is wanted into OUT; packages and what they hold into BUILT.
make_all() {
  local architecture
  out=$1
  built=$2
  rm -rf "$out"
  mkdir -p "$out" "$built"
  if is_wanted tarballs; then for architecture in "${architectures[@]}"; do make_tarball "$architecture"; done; fi
  if is_wanted images; then
    make_image exporter
    make_image simulator
  fi
  if is_wanted packages; then make_packages; fi
  (cd "$out" && sha256sum -- * >../SHA256SUMS && mv ../SHA256SUMS .)
}

sign() {
  if [ -n "${MINISIGN_KEY-}" ]; then
    minisign -S -s "$MINISIGN_KEY" -m "$1"
  elif [ -n "${COSIGN_KEY-}" ]; then
    cosign sign-blob --yes --key "$COSIGN_KEY" --output-signature "$1.sig" "$1"
  fi
}

# Each kind that was made is tried, with the simulator of the tarball.
try_artefacts() {
  local test tests=()
  ensure_packages minisign nginx-light openssl podman python3 python3-yaml qemu-user-static runc skopeo
  # A signature, by a key of this run.
  cp dist/SHA256SUMS "$work/"
  minisign -G -W -p "$work/signer.pub" -s "$work/signer" >/dev/null
  MINISIGN_KEY=$work/signer sign "$work/SHA256SUMS"
  minisign -V -p "$work/signer.pub" -m "$work/SHA256SUMS"
  if is_wanted tarballs; then tests+=(tarball); fi
  if is_wanted images; then tests+=(images); fi
  if is_wanted packages; then tests+=(packages); fi
  if is_wanted packages && is_wanted images && is_wanted tarballs; then tests+=(files); fi
  mkdir "$work/programs"
  tar -xzf dist/*-linux-"$own_architecture".tar.gz -C "$work/programs" --strip-components=1
  for test in "${tests[@]}"; do
    (cd tests/release && PYTHONPATH=../e2e:../deploy PYTHONDONTWRITEBYTECODE=1 TELNYX_EXPORTER=$work/programs/telnyx_exporter \
      TELNYX_SIMULATOR=$work/programs/telnyx_simulator /usr/bin/python3 "${test}_test.py" --verbose)
  done
}

cache_settings=()
make_all dist "${PACKAGES:-$work/packages}/$revision"
if $verify; then
  cache_settings=(CCACHE_DISABLE=1)
  make_all "$work/again" "$work/packages_again"
  diff dist/SHA256SUMS "$work/again/SHA256SUMS" || {
    echo "The second build made other bytes." >&2
    exit 1
  }
  say "the second build made the same bytes"
fi
sign dist/SHA256SUMS
if $try; then try_artefacts; fi
(cd dist && stat --format='%10s  %n' -- * && cat SHA256SUMS)
