"""What the guard of the instruction counts says of numbers that are better, worse and unknown."""

import contextlib
import io
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import guard


def counted(exporter, library):
    return {"call": {"instructions": exporter + library,
                     "groups": {"the exporter": exporter, "libcurl": library},
                     "functions": {"the exporter: Parse": exporter, "libcurl: recv": library}}}


class GuardTest(unittest.TestCase):
    def compare(self, recorded, now):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            good = guard.compare(recorded, now)
        return good, output.getvalue()

    def test_accepts_what_is_better_or_at_most_three_percent_worse(self):
        for exporter in (500, 700, 729):
            with self.subTest(exporter=exporter):
                self.assertTrue(self.compare(counted(700, 300), counted(exporter, 300))[0])

    def test_refuses_what_is_worse_and_says_where_it_grew(self):
        good, output = self.compare(counted(700, 300), counted(740, 300))
        self.assertFalse(good)
        self.assertEqual(output, "instructions a call: 1,000 -> 1,040 (+4.0%): WORSE by more than 3%\n"
                                 "  library the exporter: 700 -> 740\n"
                                 "  function the exporter: Parse: 700 -> 740\n")

    def test_says_which_functions_are_new(self):
        self.assertEqual(guard.growth("function", {"a": 1}, {"a": 1, "b": 100}, 1000),
                         ["  function b: 0 -> 100"])


if __name__ == "__main__":
    unittest.main()
