"""What polling costs, beside the bare walk (bare_walk.cpp) that reads the same pages in turn."""

import os
import shutil
import statistics
import time

from harness import (KEY, Exporter, bare_walk, cpu_of, print_header, shape_name, spread, sum_of, write_config,
                     write_pages)

SHAPES = [(1, 10_000), (200, 500), (1, 250_000)]  # connections × calls
CPU_GOAL = 1.6
RSS_GOALS = {(200, 500): 16, (1, 250_000): 32}  # MiB
POLLS = 6  # of every connection in a round
INTERVAL = 1  # seconds


def steady_seconds(build, config, connections, calls):
    """(CPU seconds of one poll of all connections, peak RSS in MiB) once it polls at its interval."""
    with Exporter(build, config) as exporter:
        exporter.wait_until_quiet()
        begun, cpu = time.monotonic(), -exporter.cpu_seconds()
        time.sleep(POLLS * INTERVAL)
        took, cpu = time.monotonic() - begun, cpu + exporter.cpu_seconds()
        peak = exporter.memory_mib("VmHWM")
        page = exporter.page()
        counted, polls = sum_of("telnyx_active_calls", page), sum_of("telnyx_polls_total", page)
        if counted != connections * calls:
            raise SystemExit(f"counted {counted} calls of {connections * calls}")
        if polls < POLLS * connections or took > (POLLS + 0.1) * INTERVAL:
            raise SystemExit(f"{polls} polls in {took} s")
        if sum_of("telnyx_account_poll_failures_total", page) or sum_of("telnyx_account_polls_skipped_total", page):
            raise SystemExit("polls failed or were skipped")
    return cpu / POLLS, peak


def measure_turn(build, work, address, connections, calls, ca_file="", options=()):
    """(the bare walk's CPU seconds for one poll of all connections, the exporter's, its peak RSS in MiB)"""
    base_url = f"{address}/{shape_name(connections, calls)}/v2"
    config = write_config(work, base_url, connections,
                          f"interval: {INTERVAL}s, stale_after: 1h, timeout: 10s, max_pages: 1000000", ca_file)
    bare = statistics.mean(bare_walk(build, base_url, connections, POLLS + 1, INTERVAL, options)[1:])
    return bare, *steady_seconds(build, config, connections, calls)


def measure_polling(build, work, nginx, rounds):
    print_header("connections × calls", "served", "bare walk, ms CPU a poll", "exporter, ms CPU a poll",
                 "ns a call, bare / exporter", "ratio min / median / max", "goal", "peak RSS, bare / exporter, MiB", "goal")
    ways = {"plain": (nginx.url, "", ()),
            "gzip": (nginx.gzip_url, "", ("--gzip",)),
            "TLS, HTTP/2": (nginx.tls_url, nginx.ca_file, ("--ca-file", nginx.ca_file))}
    for connections, calls in SHAPES:
        directory = write_pages(work, connections, calls, compressed=True)
        for way, (address, ca_file, options) in ways.items():
            turns = [measure_turn(build, work, address, connections, calls, ca_file, options) for _ in range(rounds)]
            bare, exporter, peaks = (list(values) for values in zip(*turns, strict=True))
            base_url = f"{address}/{shape_name(connections, calls)}/v2"
            bare_peak = cpu_of(work, [f"{build}/bare_walk", base_url, str(connections), "1", "0", *options])[1]
            ratios = [e / b for e, b in zip(exporter, bare, strict=True)]
            every = connections * calls / 1e9
            goal = RSS_GOALS.get((connections, calls), "") if way == "plain" else ""
            print(f"| {connections} × {calls:,} | {way} | {min(bare) * 1000:.1f} | {min(exporter) * 1000:.1f} | "
                  f"{min(bare) / every:.0f} / {min(exporter) / every:.0f} | {spread(ratios)} | ≤ {CPU_GOAL} | "
                  f"{bare_peak:.1f} / {max(peaks):.1f} | {goal} |", flush=True)
        shutil.rmtree(directory)


def measure_start(build, work, nginx, rounds):
    """From the start to the first complete poll of all: the CPU of the whole process, for the walk as for the exporter."""
    connections, calls = 200, 500
    directory = write_pages(work, connections, calls)
    base_url = f"{nginx.url}/{shape_name(connections, calls)}/v2"
    config = write_config(work, base_url, connections, "interval: 1h, stale_after: 1h, timeout: 10m")
    walk = [f"{build}/bare_walk", base_url, str(connections), "1", "0"]
    once = [f"{build}/telnyx_exporter", f"--config.file={config}", "--once"]
    # What starting alone takes: no connection, and no configuration even.
    nothing = [f"{build}/bare_walk", base_url, "0", "0", "0"]
    version = [f"{build}/telnyx_exporter", "--version"]
    environment = dict(os.environ, **KEY)
    seconds = {"walk": [], "once": [], "nothing": [], "version": []}
    for turn in range(rounds * 2 + 1):
        measured = {"walk": cpu_of(work, walk), "once": cpu_of(work, once, environment),
                    "nothing": cpu_of(work, nothing), "version": cpu_of(work, version)}
        if sum_of("telnyx_active_calls", measured["once"][2]) != connections * calls:
            raise SystemExit("not all calls were counted")
        if turn == 0:
            continue  # warms the file cache
        for name, (cpu, _, _) in measured.items():
            seconds[name].append(cpu)
    ratios = [o / w for o, w in zip(seconds["once"], seconds["walk"], strict=True)]
    least = {name: min(values) * 1000 for name, values in seconds.items()}
    print_header("whole process", "bare walk, ms CPU", "exporter, ms CPU", "ratio min / median / max", "goal")
    print(f"| start to the first poll of {connections} × {calls} | {least['walk']:.1f} | {least['once']:.1f} | "
          f"{spread(ratios)} | ≤ {CPU_GOAL} |")
    print(f"| start alone | {least['nothing']:.1f} | {least['version']:.1f} | | |", flush=True)
    shutil.rmtree(directory)
