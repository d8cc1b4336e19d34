"""Installs the npm packages of a program, once."""

import fcntl
import os
import shutil
import subprocess


def _read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def install(source, directory, *files):
    """Copies a program into a directory and installs what its lock file says, if not yet done."""
    os.makedirs(directory, exist_ok=True)
    # Tests that run at the same time share what is installed.
    with open(os.path.join(directory, ".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install(source, directory, files)
    return directory


def _install(source, directory, files):
    for file in ("package.json", *files):
        shutil.copy(os.path.join(source, file), directory)
    wanted, installed = (os.path.join(place, "package-lock.json") for place in (source, directory))
    if not os.path.exists(installed) or _read(installed) != _read(wanted):
        shutil.copy(wanted, installed)
        run = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts",
                              "--loglevel=error"], cwd=directory, check=False)
        if run.returncode != 0:
            os.remove(installed)
            raise AssertionError("npm ci failed")
