"""Installs the npm packages of a program, once."""

import os
import shutil
import subprocess


def _read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def install(source, directory, *files):
    """Copies a program into a directory and installs what its lock file says, if not yet done."""
    os.makedirs(directory, exist_ok=True)
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
    return directory
