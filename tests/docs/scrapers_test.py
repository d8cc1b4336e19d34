"""docs/scrapers.md says which scraper gets which format. The Accept header of each is, word for word, among the rows that
the unit test of the negotiation reads, and the newest row agrees with the documentation."""

import re
import unittest
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]
OTHERS = {"curl", "browsers"}  # rows of the unit test itself
NATIVE = " with native histograms"


def documented():
    """{scraper: format} of the table."""
    text = (PROJECT / "docs" / "scrapers.md").read_text(encoding="utf-8")
    table = text.split("\n| scraper | format |", 1)[1].split("\n\n", 1)[0]
    rows = re.findall(r"^\| ([^|]+?) \| (\w+) \|", table, re.MULTILINE)
    return {name: format.lower() for names, format in rows for name in re.split(r",\s*", names)}


def known():
    """{scraper: {settings or None: format}} of its newest version that has a row."""
    rows = yaml.safe_load((PROJECT / "tests" / "exposition" / "scrapers.yml").read_text(encoding="utf-8"))
    newest = {}
    for row in rows:
        version = tuple(map(int, row["version"].split(".")))
        newest_version, formats = newest.get(row["scraper"], ((), {}))
        if version > newest_version:
            newest_version, formats = newest[row["scraper"]] = version, {}
        if version == newest_version:
            formats[row.get("settings")] = row["format"]
    return {scraper: formats for scraper, (_, formats) in newest.items()}


class ScrapersTest(unittest.TestCase):
    def test_every_scraper_in_the_documentation_has_a_row(self):
        rows = known()
        for name, format in documented().items():
            if name in OTHERS:
                continue
            with self.subTest(name):
                formats = rows[name.removesuffix(NATIVE)]
                if name.endswith(NATIVE):
                    self.assertIn(format, [f for settings, f in formats.items() if settings and "native" in settings])
                else:
                    self.assertEqual(formats[None], format)

    def test_every_row_is_of_a_scraper_in_the_documentation(self):
        self.assertEqual({name.removesuffix(NATIVE) for name in documented()} - OTHERS, set(known()))


if __name__ == "__main__":
    unittest.main()
