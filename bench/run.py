#!/usr/bin/env python3
"""Measures what the exporter costs, beside the goals. scripts/bench.sh installs and builds what it needs.

    bench/run.py [rows [NAME…]]    the table of docs/performance.md, or some of its rows
    bench/run.py instructions      what a call takes, counted by callgrind
    bench/run.py growth            docs/images/polling-cost.svg: how cost grows with calls, pages and connections

Rows:

far                 300 connections of 50 calls over TLS with HTTP/2 and gzip, 30 ms away: what most users have. Beside it a
                    program in Go and one in Python, as a user would write them (bench/peers)
many                10,000 connections of 20 calls
ten-thousand-calls  one connection; again with Go and Python
large-tls           one connection of 250,000 calls
large-gzip          the same without TLS, compressed; again with Go and Python
large-plain         the same without either; again with Go and Python
start               from the start to the first complete poll of 300 connections, the whole process
memory              private memory, at its peak
scrapes             the CPU that one scrape takes
hammered            /metrics as fast as it goes, against nginx serving the same bytes as a file
hundred-thousand    100,000 connections in one process
"""

import argparse
import os
import resource
import tempfile

from harness import Nginx
from rows import ROWS, Bench, measure_rows

PROJECT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def run_rows(bench, names):
    if not measure_rows(bench, names):
        raise SystemExit(1)


def run_instructions(bench, _):
    from instructions import measure_instructions
    measure_instructions(bench.build, bench.work, bench.nginx)


def run_growth(bench, _):
    from growth import draw_growth  # needs matplotlib
    draw_growth(bench, os.path.join(PROJECT, "docs", "images", "polling-cost.svg"))


COMMANDS = {"rows": run_rows, "instructions": run_instructions, "growth": run_growth}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", choices=COMMANDS, default="rows")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a row; none: all of them")
    parser.add_argument("--build-dir", default=os.path.join(PROJECT, "build", "release"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true",
                        help="tiny sizes and one round: shows that all works, the numbers mean nothing")
    arguments = parser.parse_intermixed_args()
    unknown = set(arguments.names) - ROWS.keys()
    if unknown or (arguments.names and arguments.command != "rows"):
        parser.error(f"no such row: {', '.join(sorted(unknown or arguments.names))}")
    return arguments


def main():
    arguments = parse()
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    resource.setrlimit(resource.RLIMIT_NOFILE, (20000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with tempfile.TemporaryDirectory(prefix="telnyx_exporter_bench_") as work:
        os.chmod(work, 0o755)
        nginx = Nginx(work)
        try:
            bench = Bench(os.path.abspath(arguments.build_dir), work, nginx, arguments.rounds, arguments.quick)
            COMMANDS[arguments.command](bench, arguments.names)
        finally:
            nginx.stop()


if __name__ == "__main__":
    main()
