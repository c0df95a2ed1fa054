"""The house rules that a reader relies on, checked over the source itself."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = sorted((ROOT / "vae").glob("*.py"))
PAGES = sorted(path for path in (ROOT / "pages").glob("*.py"))
SOURCES = [path for folder in ("vae", "pages") for path in sorted((ROOT / folder).rglob("*.py"))]

# A module imports from floors below its own and from none above; on one floor, downwards in the order given.
FLOORS = [
    ("config", "randomness", "files", "quadrature"),
    ("data", "models", "losses"),
    ("evaluation", "latent", "packing", "posterior", "gap", "store", "sweep", "two_sample"),
    ("schedules", "divergence", "training"),
    ("worker", "runs"),
    ("bench",),
    ("__main__",),
]
ORDER = [module for floor in FLOORS for module in floor]


def imports(path: Path) -> set[str]:
    """Every module that a file imports, at its top or inside a function, by its dotted name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def packages(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


def siblings(path: Path, package: str) -> set[str]:
    """The modules of a package that a file imports."""
    modules = {file.stem for file in (ROOT / package).glob("*.py")}
    return {name.split(".")[1] for name in imports(path) if name.startswith(f"{package}.")} & modules


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.stem)
def test_the_library_knows_nothing_of_streamlit_or_of_the_pages(path):
    assert not packages(path) & {"streamlit", "pages", "app"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_plotly_is_imported_in_figures_alone(path):
    assert "plotly" not in packages(path) or path == ROOT / "vae" / "figures.py"


def test_figures_stands_apart():
    figures = ROOT / "vae" / "figures.py"
    assert not packages(figures) & {"torch", "vae"}


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.stem)
def test_imports_go_down_the_floors_and_never_up(path):
    if path.stem in ("__init__", "figures"):
        assert not siblings(path, "vae")
    else:
        assert {ORDER.index(module) for module in siblings(path, "vae")} <= set(range(ORDER.index(path.stem)))


def test_no_page_imports_another():
    assert {path.stem: siblings(path, "pages") for path in PAGES} == {path.stem: set() for path in PAGES}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_unpickles(path):
    assert not packages(path) & {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
    calls = [ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    assert not {"torch.load", "torch.save", "pickle.load", "pickle.loads", "np.load", "numpy.load"} & set(calls)
    assert "torch.load" not in imports(path)
