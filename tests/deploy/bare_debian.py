"""A Debian with next to nothing in it, made with this machine's package sources."""

import glob
import os
import platform
import subprocess
import tempfile

# What a machine may need to reach its package sources.
_SETTINGS = ("/etc/apt/apt.conf.d", "/etc/apt/auth.conf.d", "/usr/local/share/ca-certificates")


THIS_RELEASE = platform.freedesktop_os_release()["VERSION_CODENAME"]


def make_bare_debian(target, packages=(), with_settings=False, release=THIS_RELEASE):
    """`target` is a directory or a .tar. `with_settings`: apt works in there as it does here."""
    hooks = []
    if with_settings:
        for path in filter(os.path.isdir, _SETTINGS):
            parent = os.path.dirname(path)
            hooks += [f'--customize-hook=mkdir -p "$1{parent}"',
                      f"--customize-hook=copy-in {path} {parent}"]
    with tempfile.TemporaryDirectory() as directory:
        sources = list(_sources_of(release, directory))
        subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", *hooks,
                        *(f"--include={package}" for package in packages), release, target, *sources],
                       check=True)


def _sources_of(release, directory):
    """This machine's package sources, for another release."""
    for pattern in ("/etc/apt/sources.list", "/etc/apt/sources.list.d/*.list", "/etc/apt/sources.list.d/*.sources"):
        for name in filter(os.path.getsize, glob.glob(pattern)):
            copy = os.path.join(directory, os.path.basename(name))
            with open(name, encoding="utf-8") as file, open(copy, "w", encoding="utf-8") as written:
                written.write(file.read().replace(THIS_RELEASE, release))
            yield copy
