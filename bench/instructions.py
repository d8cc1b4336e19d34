"""How many instructions a call, a poll and a scrape take, which no other load on the machine changes.

Counted by valgrind's callgrind: a call and a poll in two runs of different size, whose difference has no start in it.

What depends on the processor is pinned: valgrind shows no AVX-512, simdjson is told to use its SSE4.2 code, and glibc the
string functions of every x86-64. On other architectures these settings do nothing.
"""

import os
import re
import shutil
import subprocess
import time

from harness import KEY, end, fetch, free_port, print_header, shape_name, write_config, write_pages

PINNED = {
    "SIMDJSON_FORCE_IMPLEMENTATION": "westmere",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX_Fast_Unaligned_Load,-AVX2_Usable,-BMI2,-ERMS,-FSRM:"
                      "glibc.cpu.x86_non_temporal_threshold=0xc0000:glibc.cpu.x86_rep_movsb_threshold=0x7fffffff",
}
ENVIRONMENT = dict(os.environ, **KEY, **PINNED)
OBJECTS = [("the exporter", "telnyx_exporter"), ("simdjson", "libsimdjson"), ("libcurl", "libcurl"),
           ("libmicrohttpd", "libmicrohttpd"), ("the C++ library", "libstdc++"), ("the C library", "libc.so")]
OTHERS = "others"
POLL = "interval: 1h, stale_after: 1h, timeout: 10m, max_pages: 1000000"
# Longer than any cached exposition is used, also when valgrind makes rendering fifty times slower.
BETWEEN_SCRAPES = 2.5


def callgrind(work):
    out = os.path.join(work, "callgrind")
    return out, ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]


def group_of(object_file):
    return next((name for name, part in OBJECTS if part in os.path.basename(object_file)), OTHERS)


def read_profile(out):
    """{(group, function): instructions} of a profile."""
    listing = subprocess.run(["callgrind_annotate", "--threshold=100", "--auto=no", "--show-percs=no", out],
                             capture_output=True, text=True, check=True).stdout
    counts = {}
    for number, where in re.findall(r"^ *([\d,]+) +(\S.*)$", listing, re.MULTILINE):
        found = re.match(r"(?:[^:]*):(.*?)(?: \[([^\]]*)\])?$", where)
        if not found or "PROGRAM TOTALS" in where:
            continue
        # Of overloads and template arguments only the name counts: a changed type is no other function.
        function = re.sub(r"\(.*", "", re.sub(r"'\d+$", "", found.group(1)))
        key = group_of(found.group(2) or ""), function
        counts[key] = counts.get(key, 0) + int(number.replace(",", ""))
    return counts


def profile_of_once(build, work, nginx, connections, calls):
    directory = write_pages(work, connections, calls)
    config = write_config(work, f"{nginx.url}/{shape_name(connections, calls)}/v2", connections, POLL)
    out, prefix = callgrind(work)
    subprocess.run([*prefix, f"{build}/telnyx_exporter", f"--config.file={config}", "--once"], env=ENVIRONMENT,
                   check=True, capture_output=True)
    shutil.rmtree(directory)
    return read_profile(out)


def profile_of_scrapes(build, work, nginx, connections, scrapes):
    """Of the scrapes alone: callgrind counts only while they are made, and nothing is polled meanwhile."""
    directory = write_pages(work, connections, 20)
    base_url = f"{nginx.url}/{shape_name(connections, 20)}/v2"
    config = write_config(work, base_url, connections, "interval: 2s, stale_after: 1h, timeout: 1m")
    out, prefix = callgrind(work)
    url = f"http://127.0.0.1:{free_port()}"
    process = subprocess.Popen([*prefix, "--instr-atstart=no", f"{build}/telnyx_exporter", f"--config.file={config}",
                                f"--web.listen-address={url.removeprefix('http://')}", "--log.level=error"],
                               env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_ready(process, url)
        # A poll takes a third of what a scrape does: with this interval one of 100 comes every quarter of an hour.
        write_config(work, base_url, connections, "interval: 24h, stale_after: 24h, timeout: 1m")
        fetch(f"{url}/-/reload", method="POST")
        fetch(f"{url}/metrics")
        time.sleep(BETWEEN_SCRAPES)  # until the polls that were under way have ended
        instrument(process, "on")
        for _ in range(scrapes):
            time.sleep(BETWEEN_SCRAPES)
            fetch(f"{url}/metrics")
        instrument(process, "off")
    finally:
        end(process)
    shutil.rmtree(directory)
    return read_profile(out)


def wait_until_ready(process, url):
    while process.poll() is None:
        try:
            fetch(f"{url}/-/ready")
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the exporter did not start")


def instrument(process, state):
    subprocess.run(["callgrind_control", "-i", state, str(process.pid)], check=True, capture_output=True)


def per_unit(few, many, units):
    """What one unit more takes, by group and function."""
    return {key: (many.get(key, 0) - few.get(key, 0)) / units for key in few.keys() | many.keys()}


def instructions_a_call(build, work, nginx):
    """Of one connection's walk of many pages."""
    few, many = 10_000, 110_000
    return per_unit(*(profile_of_once(build, work, nginx, 1, calls) for calls in (few, many)), many - few)


def instructions_a_poll(build, work, nginx):
    """A connection more: one request to the API, 20 calls, and its series in the exposition."""
    few, many = 50, 550
    return per_unit(*(profile_of_once(build, work, nginx, connections, 20) for connections in (few, many)), many - few)


def instructions_a_scrape(build, work, nginx):
    """A request for /metrics of 100 connections as text, newly made."""
    scrapes = 6
    return per_unit({}, profile_of_scrapes(build, work, nginx, 100, scrapes), scrapes)


MEASURES = {"call": instructions_a_call, "poll": instructions_a_poll, "scrape": instructions_a_scrape}


def by_group(counts):
    groups = dict.fromkeys([*(name for name, _ in OBJECTS), OTHERS], 0.0)
    for (group, _), count in counts.items():
        groups[group] += count
    return groups


def measure_instructions(build, work, nginx):
    print_header("instructions", *(name for name, _ in OBJECTS), OTHERS, "all")
    for name, measure in MEASURES.items():
        groups = by_group(measure(build, work, nginx))
        numbers = [*groups.values(), sum(groups.values())]
        print(f"| a {name} | " + " | ".join(f"{number:,.0f}" for number in numbers) + " |", flush=True)
