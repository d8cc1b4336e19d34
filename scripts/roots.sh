# shellcheck shell=bash
# Sourced by the other scripts: root file systems of any Debian release, made with mmdebstrap from this machine's package sources,
# and a way to run programs in them. Needs root.

# What this machine needs to reach its package sources, handed on to programs in a root.
mapfile -t proxy_settings < <(env | grep -iE '^(https?_proxy|no_proxy|npm_config_[a-z_]*)=' || true)

# write_sources RELEASE DIRECTORY: this machine's package sources for another release, as files in DIRECTORY; their names are in
# `sources`. Instead of them APT_SOURCES, lines of a sources.list in which SUITE stands for the release: an archive of one day
# pins the packages.
write_sources() {
  local release=$1 directory=$2 file this_release
  this_release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  sources=()
  if [ -n "${APT_SOURCES-}" ]; then
    sources=("$directory/sources.list")
    printf '%s\n' "${APT_SOURCES//SUITE/$release}" >"${sources[0]}"
    return
  fi
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    [ -s "$file" ] || continue
    # A file that does not name this machine's release is someone else's, and belongs in no root of ours.
    grep -qE "(^|[[:space:]])$this_release(-updates|-security)?([[:space:]]|$)" "$file" || continue
    sources+=("$directory/$(basename "$file")")
    sed "s/$this_release/$release/g" "$file" >"${sources[-1]}"
    [ "$release" = sid ] || continue
    # It has neither updates nor security: those suites go, and the entries that have no other.
    sed -E -i '/^deb.*sid-/d; s/\bsid-[a-z-]+//g' "${sources[-1]}"
    awk -v RS= -v ORS='\n\n' '!/(^|\n)Suites:[ \t]*(\n|$)/' "${sources[-1]}" >"${sources[-1]}.kept"
    mv "${sources[-1]}.kept" "${sources[-1]}"
  done
}

# make_root DIRECTORY RELEASE ARCHITECTURES PACKAGE…: a root with these packages, in which apt works as on this machine.
# ARCHITECTURES is separated by commas; the first one is the root's own.
make_root() {
  local root=$1 release=$2 architectures=$3 copied options=() sources
  shift 3
  copied=$(mktemp -d)
  write_sources "$release" "$copied"
  # The index of sid may be weeks old on a mirror, and one of a certain day is.
  if [ "$release" = sid ] || [ -n "${APT_SOURCES-}" ]; then options+=(--aptopt='Acquire::Check-Valid-Until "false"'); fi
  mkdir -p "$root"
  mmdebstrap --quiet --variant=minbase --architectures="$architectures" "${options[@]}" --include="ca-certificates $*" \
    "$release" "$root" "${sources[@]}"
  rm -rf "$copied"
  cp -a /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
  [ ! -e /etc/apt/auth.conf.d ] || cp -a /etc/apt/auth.conf.d/. "$root/etc/apt/auth.conf.d/"
  cp -a /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
  cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
  cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
}

# keep_root DIRECTORY RELEASE ARCHITECTURES PACKAGE…: the same, but a root that is there already and was made of the same is used again.
keep_root() {
  local made_of="${APT_SOURCES-} ${*:2}"
  [ "$(cat "$1.complete" 2>/dev/null)" != "$made_of" ] || return 0
  rm -rf --one-file-system "$1" "$1.complete"
  make_root "$@"
  printf '%s' "$made_of" >"$1.complete"
}

# enter_root DIRECTORY [NAME=VALUE…] COMMAND…: runs a command in a root, with /proc, /dev and /sys. The mounts belong to a
# namespace of their own and vanish with the command. With BIND=OUTSIDE:INSIDE a directory is mounted besides.
enter_root() {
  local root=$1
  shift
  # shellcheck disable=SC2016  # expanded by the inner shell
  unshare --mount --propagation=private bash -euc '
    root=$1; shift
    # A mount of its own, without which no container could run in there.
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind --make-rslave /dev "$root/dev"
    mount --rbind --make-rslave /sys "$root/sys"
    if [ -n "${BIND-}" ]; then
      mkdir -p "$root${BIND#*:}"
      mount --bind "${BIND%%:*}" "$root${BIND#*:}"
    fi
    exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
      DEBIAN_FRONTEND=noninteractive chroot "$root" /usr/bin/env "$@"' - "$root" "${proxy_settings[@]}" "$@"
}
