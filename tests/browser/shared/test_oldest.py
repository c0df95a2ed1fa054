"""What the components are written in is known to the oldest browsers that the README names."""

import re

import pytest

from pages.shared import component
from tests.browser.server import ROOT

OLDEST = {"Chrome": 111, "Firefox": 113, "Safari": 16.4}
# The first versions of each that know a feature. Where one is newer than the oldest browser, the feature is not to be
# used. No list has all there is: who uses something young adds it here.
FEATURES = {
    r"color-mix\(": (111, 113, 16.2),
    r"\.roundRect\(": (99, 112, 16),
    r"\.at\(-": (92, 90, 15.4),
    r"\breplaceChildren\(": (86, 78, 14),
    r"\?\?=|\|\|=|&&=": (85, 79, 14),
    r"accent-color:": (93, 92, 15.4),
    r":has\(": (105, 121, 15.4),
    r"^\s*&": (112, 117, 16.5),  # nested rules of CSS
    r"\.to(Sorted|Reversed|Spliced)\(": (110, 115, 16),
    r"\b(Object|Map)\.groupBy\(": (117, 119, 17.4),
    r"\bPromise\.(withResolvers|try)\(": (119, 121, 17.4),
    r"\bArray\.fromAsync\(": (121, 115, 16.4),
    r"\bURL\.(parse|canParse)\(": (120, 115, 17),
    r"\bAbortSignal\.any\(": (116, 124, 17.4),
    r"\b(Uint8Array\.from|\.to)(Base64|Hex)\(": (140, 133, 18.2),
    r"\blight-dark\(": (123, 120, 17.5),
    r"@starting-style|transition-behavior:": (117, 129, 17.5),
    r"\btext-wrap(-style)?:": (114, 121, 17.4),
    r"\bpopover(target)?=|\.(show|hide|toggle)Popover\(": (114, 125, 17),
    r"@property\b": (85, 128, 16.4),
    r"\bcheckVisibility\(": (105, 106, 17.4),
    r"\.(intersection|union|difference|isSubsetOf)\(": (122, 127, 17),
    r"\bRegExp\.escape\(": (136, 134, 18.2),
}
FILES = [path for kind in ("js", "css", "html") for path in sorted(component.BROWSER.rglob(f"*.{kind}"))]


def too_new(feature: str) -> bool:
    return any(first > oldest for first, oldest in zip(FEATURES[feature], OLDEST.values()))


def test_the_readme_names_the_oldest_browsers():
    said = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"Chrome or Edge {OLDEST['Chrome']}, Firefox {OLDEST['Firefox']}, Safari {OLDEST['Safari']} " in said


@pytest.mark.parametrize("feature", [feature for feature in FEATURES if too_new(feature)])
def test_nothing_is_used_that_the_oldest_browsers_do_not_know(feature):
    texts = {path.name: path.read_text(encoding="utf-8") for path in FILES}
    texts |= {
        "component.py": component.LOADER,
        "style.css": (ROOT / "assets" / "style.css").read_text(encoding="utf-8"),
        "handout.css": (ROOT / "pages" / "classroom" / "handout.css").read_text(encoding="utf-8"),
    }
    users = [name for name, text in texts.items() if re.search(feature, text, re.MULTILINE)]
    assert len(texts) > 60 and users == []


def test_what_makes_them_the_oldest_is_used():
    text = "".join(path.read_text(encoding="utf-8") for path in FILES)
    newest = [max(firsts) for firsts in zip(*(FEATURES[f] for f in FEATURES if not too_new(f) and re.search(f, text)))]
    assert newest[:2] == [OLDEST["Chrome"], OLDEST["Firefox"]]  # Safari's is the first with Streamlit's static blocks
