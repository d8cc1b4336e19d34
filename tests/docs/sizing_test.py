"""The command of docs/sizing.md prints the table that the page shows, with fewer and shorter rounds."""

import os
import subprocess
import sys
import unittest
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


class Sizing(unittest.TestCase):
    def test_prints_the_table(self):
        command = [sys.executable, PROJECT / "bench" / "sizing.py", Path(os.environ["TELNYX_EXPORTER"]).parent, "3",
                   "--interval=5", "--rounds=1"]
        table = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
        self.assertIn("\n".join(table[:2]) + "\n", (PROJECT / "docs" / "sizing.md").read_text(encoding="utf-8"))
        self.assertEqual(len(table), 3)
        cells = [cell.strip() for cell in table[2].strip("|").split("|")]
        self.assertEqual(cells[0], "3")
        self.assertEqual(cells[2], "5 s")
        # What the page says of series: 47 a connection, and those of the account and of the exporter.
        self.assertEqual(int(cells[5].replace(",", "")), 3 * 47 + 72)


if __name__ == "__main__":
    unittest.main()
