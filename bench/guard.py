#!/usr/bin/env python3
"""Counts the instructions of a call, a poll and a scrape and compares them with those of bench/guard.json.

    bench/guard.py [--build-dir build/test]            fails if one is more than 3 % worse, and says where it grew
    bench/guard.py --update [--build-dir build/test]   writes what it counts into bench/guard.json
    bench/guard.py --only call …                       only that of a call, a poll or a scrape

Numbers of different compilers, libraries and architectures are not comparable: guard.json has a record for each
toolchain. Where none matches, it says "not compared" and ends with 77. scripts/guard.sh builds what it needs.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile

from harness import Nginx
from instructions import MEASURES, by_group

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDS = os.path.join(HERE, "guard.json")
ALLOWED = 0.03
NOT_COMPARED = 77
FUNCTIONS = 60  # kept for each measure: those that take most
# What shares the exporter's work, besides the compiler.
LIBRARIES = r"lib(c|curl|fmt|microhttpd|prometheus-cpp-core|simdjson|stdc\+\+|xxhash)\.so"


def cached(build, name):
    with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as file:
        found = re.search(rf"^{name}:\w+=(.*)$", file.read(), re.MULTILINE)
    return found.group(1) if found else ""


def upstream_version(package):
    """Without Debian's revision: security updates of a release change hardly an instruction."""
    version = subprocess.run(["dpkg-query", "--show", "--showformat=${Version}", package], capture_output=True,
                             text=True, check=True).stdout
    return re.sub(r"-[^-]*$", "", version)


def package_of(path):
    for name in (path, path.removeprefix("/usr")):
        found = subprocess.run(["dpkg-query", "--search", name], capture_output=True, text=True, check=False).stdout
        if found:
            return found.split(":")[0]
    return None


def toolchain(build):
    compiler = cached(build, "CMAKE_CXX_COMPILER")
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout
    versions = {"architecture": platform.machine(), "compiler": re.sub(r"-\S*\)", ")", version.splitlines()[0]),
                "unity": cached(build, "CMAKE_UNITY_BUILD") or "OFF", "valgrind": upstream_version("valgrind")}
    linked = subprocess.run(["ldd", os.path.join(build, "telnyx_exporter")], capture_output=True, text=True,
                            check=True).stdout
    for path in re.findall(rf"=> (\S*/{LIBRARIES}\S*)", linked):
        package = package_of(os.path.realpath(path[0]))
        if package:
            versions[package] = upstream_version(package)
    return dict(sorted(versions.items()))


def count(build, names):
    """{measure: {"instructions": …, "groups": {…}, "functions": {…}}}"""
    counted = {}
    with tempfile.TemporaryDirectory(prefix="telnyx_exporter_guard_") as work:
        os.chmod(work, 0o755)
        nginx = Nginx(work)
        try:
            for name in names:
                counts = MEASURES[name](build, work, nginx)
                largest = sorted(counts.items(), key=lambda item: -item[1])[:FUNCTIONS]
                counted[name] = {
                    "instructions": round(sum(counts.values())),
                    "groups": {group: round(count) for group, count in by_group(counts).items()},
                    "functions": {f"{group}: {function}": round(count) for (group, function), count in largest}}
        finally:
            nginx.stop()
    return counted


def load_records():
    if not os.path.exists(RECORDS):
        return []
    with open(RECORDS, encoding="utf-8") as file:
        return json.load(file)


def update(here, recorded, counted):
    records = [record for record in load_records() if record["toolchain"] != here]
    records.append({"toolchain": here, "measures": {**recorded, **counted}})
    with open(RECORDS, "w", encoding="utf-8") as file:
        json.dump(records, file, indent=1)
        file.write("\n")


def growth(kind, recorded, counted, total):
    """Lines on what grew by more than half a percent of the total, the most first."""
    grown = {name: count - recorded.get(name, 0) for name, count in counted.items()}
    lines = sorted(((more, name) for name, more in grown.items() if more > 0.005 * total), reverse=True)
    return [f"  {kind} {name}: {recorded.get(name, 0):,} -> {counted[name]:,}" for _, name in lines]


def compare(recorded, counted):
    """Prints a line for each measure, and where it grew; whether all are within bounds."""
    good = True
    for name, now in counted.items():
        if name not in recorded:
            print(f"instructions a {name}: {now['instructions']:,}, nothing recorded")
            good = False
            continue
        before = recorded[name]
        change = now["instructions"] / before["instructions"] - 1
        worse = change > ALLOWED
        good = good and not worse
        print(f"instructions a {name}: {before['instructions']:,} -> {now['instructions']:,} ({change:+.1%})"
              + (f": WORSE by more than {ALLOWED:.0%}" if worse else ""))
        if worse:
            lines = growth("library", before["groups"], now["groups"], before["instructions"]) + \
                growth("function", before["functions"], now["functions"], before["instructions"])
            print("\n".join(lines))
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build-dir", default=os.path.join(HERE, "..", "build", "test"))
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--only", choices=MEASURES, action="append")
    arguments = parser.parse_args()
    build = os.path.abspath(arguments.build_dir)
    here = toolchain(build)
    records = load_records()
    recorded = next((record["measures"] for record in records if record["toolchain"] == here), None)
    if not arguments.update and recorded is None:
        print("guard: NOT COMPARED. bench/guard.json has no record of this toolchain:")
        print(json.dumps(here, indent=1))
        for record in records:
            differs = {key: f"{value} (here {here.get(key, 'none')})" for key, value in record["toolchain"].items()
                       if here.get(key) != value}
            print(f"A record differs in {differs}")
        print("scripts/guard.sh --update records it.")
        return NOT_COMPARED
    counted = count(build, arguments.only or MEASURES)
    good = compare(recorded or {}, counted)
    if arguments.update:
        update(here, recorded or {}, counted)
        return 0
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
