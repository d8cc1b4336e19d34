"""How many instructions a call takes, which no other load on the machine changes.

Counted by valgrind's callgrind in `--once` for two sizes; the difference has no start in it.
"""

import os
import re
import shutil
import subprocess

from harness import KEY, print_header, shape_name, write_config, write_pages

FEW, MANY = 10_000, 110_000  # calls of one connection
OBJECTS = [("the exporter", "telnyx_exporter"), ("simdjson", "libsimdjson"), ("libcurl", "libcurl"),
           ("the C library", "libc.so"), ("all", "")]


def count(build, work, nginx, calls):
    """Instructions by object file."""
    directory = write_pages(work, 1, calls)
    config = write_config(work, f"{nginx.url}/{shape_name(1, calls)}/v2", 1,
                          "interval: 1h, stale_after: 1h, timeout: 10m, max_pages: 1000000")
    out = os.path.join(work, "callgrind")
    subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", f"{build}/telnyx_exporter",
                    f"--config.file={config}", "--once"], env=dict(os.environ, **KEY), check=True, capture_output=True)
    listing = subprocess.run(["callgrind_annotate", "--threshold=100", "--auto=no", out], capture_output=True,
                             text=True, check=True).stdout
    shutil.rmtree(directory)
    counts = dict.fromkeys((name for name, _ in OBJECTS), 0)
    for line in re.findall(r"^\s*([\d,]+) \(.*?\)\s+(\S.*)$", listing, re.MULTILINE):
        number, where = int(line[0].replace(",", "")), line[1]
        if "PROGRAM TOTALS" in where:
            continue
        for name, object_file in OBJECTS:
            if re.search(r"\[[^\]]*" + re.escape(object_file) + r"[^\]]*\]$", where) or not object_file:
                counts[name] += number
    return counts


def measure_instructions(build, work, nginx):
    few, many = (count(build, work, nginx, calls) for calls in (FEW, MANY))
    print_header("instructions a call", *(name for name, _ in OBJECTS))
    print("| | " + " | ".join(f"{(many[name] - few[name]) / (MANY - FEW):.0f}" for name, _ in OBJECTS) + " |",
          flush=True)
