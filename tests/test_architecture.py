"""The house rules that a reader relies on, checked over the source itself."""

import ast
import graphlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# A module imports from its own floor and from those below, and from none above.
FLOORS = [
    {"vae", "vae.activations", "vae.adam", "vae.config", "vae.places", "vae.randomness", "vae.sizes", "vae.texts"}
    | {"vae.typed"},
    {"vae.data", "vae.datasets", "vae.downloads", "vae.models", "vae.objective", "vae.own_data", "vae.model_bytes"},
    {"vae.measures"},
    {"vae.training"},
    {"vae.runs"},
    {"vae.take_home"},
    {"vae.bench", "vae.__main__"},
    {"pages.lessons"},
    {"pages.shared"},
    {"a lesson"},
    {"pages.classroom"},
    {"app"},
]


def module(path: Path) -> str:
    """A file's dotted name; that of a package's __init__ is the package's."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module(path): path for path in [ROOT / "app.py", *ROOT.glob("vae/**/*.py"), *ROOT.glob("pages/**/*.py")]}
LESSONS = {path.parent.name for path in SOURCES.values() if path.stem == path.parent.name}


def imports(path: Path) -> set[str]:
    """Every module that a file imports, at its top or inside a function, by its dotted name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


IMPORTS = {name: imports(path) for name, path in SOURCES.items()}
OWN = {name: found & set(SOURCES) - {name} for name, found in IMPORTS.items()}  # of this project


def room(name: str) -> str:
    """The package that a module is in, as the floors name it: a lesson's are alike."""
    parts = name.split(".")
    if parts[0] == "pages" and parts[1] in LESSONS:
        return "a lesson"
    return ".".join(parts[:2])


def floor(name: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room(name) in rooms)


def importers(*packages: str) -> set[str]:
    """The modules that import one of the packages."""
    return {name for name, found in IMPORTS.items() if {other.split(".")[0] for other in found} & set(packages)}


def test_the_rules_are_asked_of_the_whole_project():
    assert len(SOURCES) > 50 and len(LESSONS) == 10
    assert {number for number, rooms in enumerate(FLOORS)} == {floor(name) for name in SOURCES}
    assert sum(map(len, OWN.values())) > 200


def test_imports_go_down_the_floors_and_never_up():
    upwards = {name: {other for other in found if floor(other) > floor(name)} for name, found in OWN.items()}
    assert {name: found for name, found in upwards.items() if found} == {}


def test_no_two_modules_need_each_other():
    graphlib.TopologicalSorter({name: found - {"vae", "pages.shared"} for name, found in OWN.items()}).prepare()


def test_no_lesson_imports_another():
    def lessons(name: str, found: set[str]) -> set[str]:
        return {other.split(".")[1] for other in found if room(other) == "a lesson"} - {name.split(".")[1]}

    pages = {name: found for name, found in OWN.items() if room(name) == "a lesson"}
    assert len(pages) >= 2 * len(LESSONS)
    assert {name: others for name, found in pages.items() if (others := lessons(name, found))} == {}


def test_what_is_shared_is_used_by_two_lessons_at_least():
    around = OWN["app"] | OWN["pages.shared.frame"] | OWN["pages.shared.server"]  # stands around every lesson
    users = {name: set() for name in SOURCES if room(name) == "pages.shared" and name not in around}
    for name in LESSONS:
        reached, ahead = set(), {other for other in OWN if other.startswith(f"pages.{name}.")}
        while ahead:
            reached |= ahead
            ahead = set().union(*(OWN[other] for other in ahead)) - reached
        for other in reached & set(users):
            users[other].add(name)
    assert {name: found for name, found in users.items() if len(found) < 2} == {}


def test_the_library_knows_nothing_of_streamlit_plotly_or_the_pages():
    assert {
        name for name in importers("streamlit", "starlette", "plotly", "pages", "app") if name.startswith("vae")
    } == set()


def test_plotly_is_imported_in_figures_alone_which_knows_no_models():
    assert importers("plotly") == {"pages.shared.figures"}
    assert {name.split(".")[0] for name in IMPORTS["pages.shared.figures"]}.isdisjoint({"torch", "vae", "streamlit"})


def test_nothing_unpickles():
    assert importers("pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal") == set()
    forbidden = {"torch.load", "torch.save", "pickle.load", "pickle.loads", "np.load", "numpy.load"}
    for name, path in SOURCES.items():
        calls = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
        assert not forbidden & (calls | IMPORTS[name]), name


def test_a_part_of_a_page_that_runs_again_alone_waits_for_its_turn():
    users = {name for name, path in SOURCES.items() if "st.fragment" in path.read_text(encoding="utf-8")}
    assert users == {"pages.shared.frame"}  # whose `fragment` all others use
