"""A Debian with next to nothing in it, made with this machine's package sources."""

import os
import platform
import subprocess
import tempfile

# What a machine may need to reach its package sources.
_SETTINGS = ("/etc/apt/apt.conf.d", "/etc/apt/auth.conf.d", "/usr/local/share/ca-certificates")


PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
THIS_RELEASE = platform.freedesktop_os_release()["VERSION_CODENAME"]


def make_bare_debian(target, packages=(), with_settings=False, release=THIS_RELEASE):
    """`target` is a directory or a .tar. `with_settings`: apt works in there as it does here.
    `release` is this machine's or another one's; `sid` is Debian unstable."""
    hooks = []
    if with_settings:
        for path in filter(os.path.isdir, _SETTINGS):
            parent = os.path.dirname(path)
            hooks += [f'--customize-hook=mkdir -p "$1{parent}"',
                      f"--customize-hook=copy-in {path} {parent}"]
    with tempfile.TemporaryDirectory() as directory:
        sources = _sources_of(release, directory)
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", *hooks,
                        '--aptopt=Acquire::Check-Valid-Until "false"',  # of a snapshot of sid
                        *(f"--include={package}" for package in packages), release, target, *sources],
                       check=True)


def _sources_of(release, directory):
    """This machine's package sources, for another release."""
    written = subprocess.run(
        ["bash", "-euc", '. "$1"; write_sources "$2" "$3"; printf "%s\\n" "${sources[@]}"', "bash",
         os.path.join(PROJECT, "scripts", "roots.sh"), release, directory],
        check=True, capture_output=True, text=True).stdout
    return [name for name in written.splitlines() if os.path.getsize(name)]


# Mounts /proc, /dev and the named directories inside the root, in a mount namespace of its own: nothing stays mounted
# when the program ends, however it ends.
_ENTER = r'''
root=$1; shift
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do
  mkdir -p "$root$1"
  mount --bind "$1" "$root$1"
  shift
done
shift
exec chroot "$root" "$@"
'''


class Chroot:
    """The directory that make_bare_debian() filled. Programs in there share this machine's network."""

    def __init__(self, root):
        self._root = root

    def command(self, *program, shared=()):
        """What runs the program in there; `shared` are directories that it sees at the same path."""
        return ["unshare", "--mount", "--propagation=private", "sh", "-ec", _ENTER, "sh", self._root,
                *shared, "--", *program]

    def run(self, *program, shared=(), **options):
        """The finished program, its output captured as text."""
        return subprocess.run(self.command(*program, shared=shared), capture_output=True, text=True,
                              check=False, **options)
