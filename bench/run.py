#!/usr/bin/env python3
"""Measures what the exporter costs and prints it as Markdown tables. scripts/bench.sh installs and builds what it needs.

    bench/run.py [--rounds 5] [--only NAME] [--build-dir build/release]

polling      CPU and memory of polls in the steady state, against the bare walk (bare_walk.cpp), the least that a client
             can do to read the same pages: plain, compressed, and over TLS with HTTP/2. nginx serves static pages of
             250 made-up calls on loopback. CPU is the kernel's clock of the process. Both run in turn, in several
             rounds; each round's ratio counts.
start        from the start to the first complete poll of 200 connections, the whole process
connections  1,000 and 10,000 connections found by discovery and polled every 15 s, without and with a scrape every 15 s
million      a million calls in 2,000 connections
serving      /metrics of 200 and of 5,000 connections, polled meanwhile, against nginx serving the same bytes as a file.
             What is compressed nginx gets ready made (gzip_static) and need only send: the most that any server can do.
instructions what a call takes, counted by callgrind
growth       docs/images/polling-cost.svg: how cost grows with calls, pages and connections
"""

import argparse
import os
import resource
import tempfile

from connections import measure_connections, measure_million
from harness import Nginx
from instructions import measure_instructions
from polling import measure_polling, measure_start
from serving import measure_serving

PROJECT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def measure_growth(build, work, nginx):
    from growth import draw_growth  # needs matplotlib
    draw_growth(build, work, nginx, os.path.join(PROJECT, "docs", "images", "polling-cost.svg"))


MEASUREMENTS = {
    "polling": measure_polling,
    "start": measure_start,
    "connections": lambda build, work, nginx, _: measure_connections(build, work, nginx),
    "million": lambda build, work, nginx, _: measure_million(build, work, nginx),
    "serving": measure_serving,
    "instructions": lambda build, work, nginx, _: measure_instructions(build, work, nginx),
    "growth": lambda build, work, nginx, _: measure_growth(build, work, nginx),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build-dir", default=os.path.join(PROJECT, "build", "release"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=MEASUREMENTS, action="append")
    arguments = parser.parse_args()
    build = os.path.abspath(arguments.build_dir)
    resource.setrlimit(resource.RLIMIT_NOFILE, (20000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with tempfile.TemporaryDirectory(prefix="telnyx_exporter_bench_") as work:
        os.chmod(work, 0o755)
        nginx = Nginx(work)
        try:
            for name in arguments.only or MEASUREMENTS:
                MEASUREMENTS[name](build, work, nginx, arguments.rounds)
        finally:
            nginx.stop()


if __name__ == "__main__":
    main()
