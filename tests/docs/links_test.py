"""Every link of the documentation that stays in the project leads to a file that is there, and
where it names a section, to one that the file has."""

import re
import unittest
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
ANCHOR = re.compile(r'<a (?:id|name)="([^"]+)"')


def documents():
    return [path for path in [*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"),
                              *PROJECT.glob("deploy/**/*.md")]
            if "node_modules" not in path.parts]


def sections(path):
    """As GitHub names them."""
    text = path.read_text(encoding="utf-8")
    names = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
             for heading in HEADING.findall(text)}
    return names | set(ANCHOR.findall(text))


class Links(unittest.TestCase):
    def test_lead_somewhere(self):
        seen = 0
        for document in documents():
            for link in LINK.findall(document.read_text(encoding="utf-8")):
                if re.match(r"[a-z]+:", link):
                    continue
                seen += 1
                target, _, section = link.partition("#")
                path = (document.parent / target).resolve() if target else document
                with self.subTest(document=document.name, link=link):
                    self.assertTrue(path.exists(), "there is no such file")
                    if section:
                        self.assertIn(section, sections(path))
        self.assertGreater(seen, 10)


if __name__ == "__main__":
    unittest.main()
