"""How the cost of polling grows with calls, connections and pages, as a picture."""

import os
import statistics

import matplotlib
import matplotlib.pyplot as plt

from harness import ROWS_PER_PAGE
from rows import compare_polls

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "telnyx_exporter"
CALLS = [1_000, 5_000, 20_000, 50_000, 100_000, 150_000, 200_000, 250_000]  # of one connection
CONNECTIONS = [10, 50, 100, 200, 400, 600, 800]  # of 250 calls each, which is one page


def measure(bench, shapes):
    """([bare walk's ms], [exporter's ms]) for one poll of all."""
    bare, exporter = [], []
    for connections, calls in shapes:
        with bench.shape(connections, calls) as shape, bench.plain() as (address, ca_file):
            seconds = compare_polls(bench, shape, address, ca_file, interval=1, polls=6)
        bare.append(statistics.median(seconds["bare walk"]) * 1000)
        exporter.append(statistics.median(seconds["exporter"]) * 1000)
    return bare, exporter


def draw(axis, title, label, places, lines):
    for (name, values), style in zip(lines.items(), ("o-", "s--"), strict=True):
        axis.plot(places, values, style, label=name, markersize=4)
    axis.set_title(title, fontsize=10)
    axis.set_xlabel(label)
    axis.set_ylabel("ms CPU for one poll of all")
    axis.set_xlim(left=0)
    axis.set_ylim(bottom=0)
    axis.grid(alpha=0.3)
    axis.legend()


def draw_growth(bench, path):
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    bare, exporter = measure(bench, [(1, calls) for calls in CALLS])
    draw(left, f"one connection, {ROWS_PER_PAGE} calls a page", "calls", CALLS,
         {"telnyx_exporter": exporter, "bare walk": bare})
    upper = left.secondary_xaxis("top", functions=(lambda calls: calls / ROWS_PER_PAGE,
                                                   lambda pages: pages * ROWS_PER_PAGE))
    upper.set_xlabel("pages")
    bare, exporter = measure(bench, [(count, ROWS_PER_PAGE) for count in CONNECTIONS])
    draw(right, f"{ROWS_PER_PAGE} calls a connection, spread over a second", "connections", CONNECTIONS,
         {"telnyx_exporter": exporter, "bare walk": bare})
    figure.savefig(path, metadata={"Date": None})
    print(f"\nThe picture is in {os.path.relpath(path)}.", flush=True)
