"""A Debian 12 with next to nothing in it, made with this machine's package sources."""

import glob
import os
import subprocess

# What a machine may need to reach its package sources.
_SETTINGS = ("/etc/apt/apt.conf.d", "/etc/apt/auth.conf.d", "/usr/local/share/ca-certificates")


def make_bare_debian(target, packages=(), with_settings=False):
    """`target` is a directory or a .tar. `with_settings`: apt works in there as it does here."""
    sources = [name for pattern in ("/etc/apt/sources.list", "/etc/apt/sources.list.d/*.list",
                                    "/etc/apt/sources.list.d/*.sources")
               for name in glob.glob(pattern) if os.path.getsize(name)]
    hooks = []
    if with_settings:
        for path in filter(os.path.isdir, _SETTINGS):
            parent = os.path.dirname(path)
            hooks += [f'--customize-hook=mkdir -p "$1{parent}"',
                      f"--customize-hook=copy-in {path} {parent}"]
    subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", *hooks,
                    *(f"--include={package}" for package in packages), "bookworm", target, *sources],
                   check=True)
