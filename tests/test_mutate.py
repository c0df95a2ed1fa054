"""The tables of careless changes fit the sources and tests of today, and the command tells which are noticed."""

import ast
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.browser.server import wait_for
from tests.mutate import ROOT, TABLES, BadTable, Change, copy_tree, main, read_tables, run_tests, try_changes

CHANGES = read_tables(TABLES)


def functions(file: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef)}


def test_every_change_fits_the_source_and_names_tests_that_are_there():
    assert len(CHANGES) >= 150
    assert {change.name.split(".")[0] for change in CHANGES} == {"browser", "numbers", "own_data", "pages", "runs"}
    assert len({(change.file, change.text, change.to) for change in CHANGES}) == len(CHANGES)
    for change in CHANGES:
        change.check(ROOT)
        for test in change.noticed_by:
            file, _, name = test.partition("::")
            assert (ROOT / file).exists(), (change.name, test)
            assert not name or name.partition("[")[0] in functions(ROOT / file), (change.name, test)


@pytest.fixture
def tree(tmp_path) -> Path:
    """A small project: a sum, and a test of it that does not look at negative numbers."""
    root = tmp_path / "tree"
    root.mkdir()
    (root / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    (root / "sums.py").write_text("def add(a, b):\n    return a + abs(b)\n")
    (root / "test_sums.py").write_text("from sums import add\n\ndef test_add():\n    assert add(1, 2) == 3\n")
    return root


def test_a_change_is_noticed_or_not_or_cannot_be_tried_and_the_tree_stays_as_it_is(tree, capsys):
    before = {path: path.read_text() for path in tree.rglob("*") if path.is_file()}
    noticed = Change("sums.1", "sums.py", "a + abs(b)", "a - abs(b)", ("test_sums.py",))
    outcomes = try_changes(
        [noticed, replace(noticed, to="a + b"), replace(noticed, text="def add", to="def add_both")], 2, tree
    )
    said = [outcome.splitlines()[0][:15] for outcome in outcomes.values()]
    assert dict(zip((change.to for change in outcomes), said)) == {
        "a - abs(b)": "noticed",
        "a + b": "NOT NOTICED",
        "def add_both": "CANNOT BE TRIED",
    }
    assert capsys.readouterr().out.count("sums.1 sums.py: ") == 3
    assert {path: path.read_text() for path in tree.rglob("*") if path.is_file()} == before


def test_nothing_is_tried_with_tests_that_fail_anyway(tree):
    (tree / "test_sums.py").write_text("def test_add():\n    assert False\n")
    with pytest.raises(BadTable, match="the tests fail without any change"):
        try_changes([Change("sums.1", "sums.py", "a +", "a -", ("test_sums.py",))], 1, tree)


@pytest.mark.parametrize(
    "broken",
    [{"text": "not there"}, {"text": "a"}, {"file": "gone.py"}, {"to": "a +"}, {"noticed_by": ()}, {"equivalent": "x"}],
    ids=lambda broken: next(iter(broken)),
)
def test_a_change_that_cannot_be_made_is_named(tree, broken):
    change = Change("sums.7", "sums.py", "a +", "a -", ("test_sums.py",))
    change.check(tree)
    with pytest.raises(BadTable, match=r"^sums\.7: "):
        replace(change, **broken).check(tree)


ENDLESS = """
import subprocess, sys

def test_add():
    child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    with open("child", "w") as file:
        file.write(str(child.pid))
    child.wait()
"""


def has_ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE  # for init to bury
    except psutil.NoSuchProcess:
        return True


def test_tests_that_hang_are_ended_with_all_that_they_started(tree):
    (tree / "test_sums.py").write_text(ENDLESS)
    limit = 5.0
    while not (tree / "child").exists():  # on a busy machine pytest itself takes its time
        assert run_tests(tree, ("test_sums.py",), "-n0", limit=limit)[0] is None
        limit *= 2
    child = int((tree / "child").read_text())
    wait_for(lambda: has_ended(child))  # the kill itself takes a moment


def test_the_command_says_by_its_exit_status_whether_all_were_noticed(tree, monkeypatch, capsys):
    table = tree / "tests" / "mutations" / "small.toml"
    table.parent.mkdir(parents=True)
    monkeypatch.setattr("tests.mutate.ROOT", tree)
    monkeypatch.setattr("tests.mutate.TABLES", table.parent)

    def run(to: str, rest: str) -> tuple[int, str]:
        table.write_text(f'[[change]]\nfile = "sums.py"\ntext = "a + abs(b)"\nto = "{to}"\n{rest}')
        status = main(["--at-once", "1"])
        out, err = capsys.readouterr()
        return status, out + err

    by = 'noticed_by = ["test_sums.py"]'
    status, said = run("a", by)
    assert status == 0 and said.splitlines()[-1].startswith("1 of 1 noticed, ")
    status, said = run("a + b", by)
    assert status == 1 and said.splitlines()[-1] == "small.1 sums.py: a + abs(b) -> a + b: NOT NOTICED"
    status, said = run("abs(b) + a", 'equivalent = "a sum has no order"')
    assert status == 0 and "equivalent: small.1 sums.py: a + abs(b) -> abs(b) + a: a sum has no order" in said
    status, said = run("a + abs(b)", by)
    assert status == 1 and said.startswith("small.1: it needs another text")


def test_a_copy_has_neither_history_nor_caches(tree, tmp_path):
    for folder in (".git", ".venv", "__pycache__", ".streamlit"):
        (tree / folder).mkdir()
        (tree / folder / "file").touch()
    copy_tree(tmp_path / "copy", tree)
    assert {path.name for path in (tmp_path / "copy").iterdir()} == {
        *(".streamlit", "pyproject.toml", "sums.py", "test_sums.py"),
    }


def test_the_command_lists_what_it_is_told_and_refuses_what_is_not_there(capsys):
    first = CHANGES[0]
    for which in (first.name, first.name.split(".")[0], first.file):
        assert main(["--list", which]) == 0
        assert f"{first.name} {first.file}: " in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--list", "nothing"])
    assert "there is no table, change or file nothing" in capsys.readouterr().err
