"""What many connections cost in one process."""

import datetime
import os
import re
import shutil
import time

from harness import (Exporter, print_header, shape_name, write_discovering_config, write_lists, write_pages)

MANY = [(1000, 20), (10_000, 20)]  # connections × calls
MEASURED_SECONDS = 60
SCRAPE_INTERVAL = 15
MILLION = (2000, 500)


def prepare(work, nginx, connections, calls, interval):
    """(directory of the pages, configuration)"""
    directory = write_pages(work, connections, calls)
    write_lists(directory, connections)
    return directory, write_discovering_config(work, f"{nginx.url}/{shape_name(connections, calls)}/v2", interval)


def seconds_between(log, first, second):
    """Between the first lines of a log that have these messages."""
    times = [datetime.datetime.fromisoformat(
        re.search(rf'^ts=(\S+) .*msg="?{message}', log, re.MULTILINE).group(1))
             for message in (first, second)]
    return (times[1] - times[0]).total_seconds()


def check_counted(exporter, expected):
    counted = exporter.sum_of("telnyx_active_calls")
    if counted != expected:
        raise SystemExit(f"counted {counted} calls of {expected}")


def measure_connections(build, work, nginx):
    print_header("connections × calls", "discovered after, s", "RSS polling, MiB", "RSS with /metrics, MiB", "polls/s",
                 "polls skipped", "CPU polling, % of a core", "CPU polling and scraped, % of a core")
    log_path = os.path.join(work, "exporter.log")
    for connections, calls in MANY:
        directory, config = prepare(work, nginx, connections, calls, "15s")
        with open(log_path, "w+", encoding="utf-8") as log:
            with Exporter(build, config, "info", log) as exporter:
                polling = exporter.memory_mib("VmRSS")
                check_counted(exporter, connections * calls)
                polls, cpu = exporter.sum_of("telnyx_polls_total"), exporter.cpu_seconds()
                time.sleep(MEASURED_SECONDS)
                cpu = exporter.cpu_seconds() - cpu
                polls = exporter.sum_of("telnyx_polls_total") - polls
                scraped = exporter.cpu_seconds()
                for _ in range(MEASURED_SECONDS // SCRAPE_INTERVAL):
                    time.sleep(SCRAPE_INTERVAL)
                    exporter.page()
                scraped = exporter.cpu_seconds() - scraped
                if exporter.sum_of("telnyx_account_poll_failures_total"):
                    raise SystemExit("polls failed")
                skipped = exporter.sum_of("telnyx_account_polls_skipped_total")
                with_page = exporter.memory_mib("VmRSS")
            log.seek(0)
            discovered = seconds_between(log.read(), "starting", "connections discovered")
        print(f"| {connections:,} × {calls} | {discovered:.2f} | {polling:.1f} | {with_page:.1f} | "
              f"{polls / MEASURED_SECONDS:.0f} | {skipped:.0f} | {cpu / MEASURED_SECONDS * 100:.1f} | "
              f"{scraped / MEASURED_SECONDS * 100:.1f} |", flush=True)
        shutil.rmtree(directory)


def measure_million(build, work, nginx):
    print_header("connections × calls", "peak RSS until all are polled, MiB", "and two rounds later", "goal",
                 "with /metrics")
    connections, calls = MILLION
    directory, config = prepare(work, nginx, connections, calls, "15s")
    with Exporter(build, config) as exporter:
        first = exporter.memory_mib("VmHWM")
        time.sleep(30)
        polling = exporter.memory_mib("VmHWM")
        check_counted(exporter, connections * calls)
        with_page = exporter.memory_mib("VmHWM")
    print(f"| {connections:,} × {calls} | {first:.1f} | {polling:.1f} | < 128 | {with_page:.1f} |", flush=True)
    shutil.rmtree(directory)
