"""docs/architecture.md names functions, files and libraries: each function of its walks is defined
in the file beside it, and each library may use what its paragraph says and nothing else."""

import re
import unittest
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SOURCES = PROJECT / "src"
TEXT = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
STEP = re.compile(r"^\| `([\w:]+)` \| \[([\w/.]+)\]\(\.\./src/([\w/.]+)\) \|", re.MULTILINE)
LIBRARY = re.compile(r"^\*\*`(\w+)`\*\*.*?\*Uses ([\w, ]+)\.\*$", re.MULTILINE | re.DOTALL)


def defines(source, function):
    """A free function, a member function, or one that is defined inside its class."""
    owner, _, name = function.rpartition("::")
    if not owner:
        return re.search(rf"^[\w:<>,&* ]*\b{name}\(", source, re.MULTILINE) is not None
    if re.search(rf"\b{owner}::{name}\(", source):
        return True
    inside = re.search(rf"\b(?:class|struct) {owner}\b[^;]*?\{{", source)
    return inside is not None and re.search(rf"\b{name}\(", source[inside.end():]) is not None


def links(library):
    """The project's own libraries in the link list of the library."""
    text = (SOURCES / library / "CMakeLists.txt").read_text(encoding="utf-8")
    listed = re.search(r"\n  LINKS ([^\n)]*)", text)
    names = listed.group(1).split() if listed else []
    return {name for name in names if (SOURCES / name).is_dir()}


class Architecture(unittest.TestCase):
    def test_names_functions_that_exist(self):
        steps = STEP.findall(TEXT)
        self.assertGreater(len(steps), 50)
        self.assertEqual(len(steps), TEXT.count("](../src/"))
        for function, shown, path in steps:
            with self.subTest(function=function, file=path):
                self.assertEqual(shown, path)
                self.assertTrue((SOURCES / path).is_file(), "there is no such file")
                self.assertTrue(defines((SOURCES / path).read_text(encoding="utf-8"), function))

    def test_says_what_each_library_may_use(self):
        described = dict(LIBRARY.findall(TEXT))
        self.assertEqual({path.parent.name for path in SOURCES.glob("*/CMakeLists.txt")},
                         set(described))
        for library, uses in described.items():
            with self.subTest(library=library):
                named = set() if uses == "nothing of ours" else set(uses.split(", "))
                self.assertEqual(links(library), named)


if __name__ == "__main__":
    unittest.main()
