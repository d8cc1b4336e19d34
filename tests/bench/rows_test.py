"""Each row of the benchmarks' table works on tiny sizes: no figure of it is judged."""

import importlib.util
import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))

import rows


class Result(unittest.TestCase):
    def cells(self, *arguments, **options):
        return [cell.strip() for cell in rows.Result("row", *arguments, **options).line().strip("|").split("|")]

    def test_compares_the_median_of_the_rounds_with_the_goal(self):
        self.assertEqual(self.cells([1.3, 1.05, 1.1], 1.1), ["row", "1.10 (1.05 to 1.30)", "≤ 1.10", "reached"])
        self.assertEqual(self.cells([1.3, 1.05, 1.2], 1.1)[3], "**not reached**")

    def test_knows_goals_that_are_lower_bounds(self):
        self.assertEqual(self.cells([9.5], 10, at_least=True), ["row", "9.50", "≥ 10", "**not reached**"])
        self.assertEqual(self.cells([10.5], 10, at_least=True)[3], "reached")

    def test_shows_what_has_no_goal(self):
        self.assertEqual(self.cells([25000], None, unit=" ms", note="alone"), ["row", "25,000 ms; alone", "", ""])


class LatePolls(unittest.TestCase):
    def test_are_those_more_than_a_second_late_and_those_left_out(self):
        lags = "".join(f'telnyx_exporter_poll_lag_seconds_bucket{{le="{le}"}} {count}\n'
                       for le, count in (("0.5", 90), ("1", 95), ("5", 98), ("+Inf", 100)))
        self.assertEqual(rows.late_polls(lags), 5)
        self.assertEqual(rows.late_polls(lags + 'telnyx_account_polls_skipped_total{account="a"} 3\n'), 8)


class Shapes(unittest.TestCase):
    def test_all_polls_must_have_counted_all_calls(self):
        shape = rows.Shape(2, 5)
        good = 'telnyx_active_calls{connection_id="1"} 5\ntelnyx_active_calls{connection_id="2"} 5\n'
        rows.check_polls(good, shape)
        for bad in (good.replace(" 5", " 4"), good + 'telnyx_account_poll_failures_total{reason="timeout"} 1\n'):
            with self.assertRaises(SystemExit):
                rows.check_polls(bad, shape)


@unittest.skipUnless(importlib.util.find_spec("requests"), "needs python3-requests")
class Table(unittest.TestCase):
    def test_has_all_rows(self):
        build = Path(os.environ["TELNYX_EXPORTER"]).parent
        run = subprocess.run([sys.executable, BENCH / "run.py", "rows", "--quick", "--build-dir", build],
                             stdout=subprocess.PIPE, text=True, check=True)
        lines = run.stdout.splitlines()
        self.assertEqual(lines[1], "|---|---|---|---|")
        measured = [line.split("|")[1].strip() for line in lines[2:]]
        self.assertEqual(sum("exporter / bare walk" in row for row in measured), 7)
        self.assertEqual(sum("Python / exporter" in row for row in measured), 4)
        self.assertEqual(sum("Go / exporter" in row for row in measured), 4 if shutil.which("go") else 0)
        self.assertEqual(sum("private memory" in row for row in measured), 4)
        self.assertEqual(sum("one scrape of" in row for row in measured), 2)
        self.assertEqual(sum("hammered" in row for row in measured), 4)
        self.assertEqual(sum("late polls" in row for row in measured), 1)

    def test_refuses_a_row_that_does_not_exist(self):
        run = subprocess.run([sys.executable, BENCH / "run.py", "rows", "no-row"], stderr=subprocess.PIPE, text=True,
                             check=False)
        self.assertEqual(run.returncode, 2)
        self.assertIn("no such row: no-row", run.stderr)


if __name__ == "__main__":
    unittest.main()
