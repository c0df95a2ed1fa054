"""LESSONS: all pages in their order, read from app.py, so that a test over "every page" is over every page."""

import ast
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Lesson(NamedTuple):
    """One page: its file in pages/, where the server has it, and its title in the navigation."""

    name: str  # pages/NAME.py
    address: str
    title: str


def _lesson(page: ast.Call) -> Lesson:
    """What a call st.Page("pages/NAME.py", title=...) says; the default page is at the server's root."""
    name = Path(ast.literal_eval(page.args[0])).stem
    words = {keyword.arg: ast.literal_eval(keyword.value) for keyword in page.keywords}
    return Lesson(name, "/" if words.get("default") else f"/{name}", words["title"])


def _lessons() -> list[Lesson]:
    tree = ast.parse((ROOT / "app.py").read_text(encoding="utf-8"))
    pages = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.Page"]
    return [_lesson(page) for page in sorted(pages, key=lambda page: page.lineno)]


LESSONS = _lessons()
FILES = {path.stem for path in (ROOT / "pages").glob("*.py")}
assert LESSONS and {lesson.name for lesson in LESSONS} == FILES, f"app.py does not show all of {sorted(FILES)}"
