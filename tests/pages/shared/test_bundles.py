"""Streamlit's own files from memory: byte for byte those on the disk, whole and compressed."""

import gzip

import pytest

from pages.shared import bundles

NAMES = sorted(path.relative_to(bundles.FOLDER).as_posix() for path in bundles.FOLDER.rglob("*") if path.is_file())


def test_every_file_of_streamlits_is_there_and_no_other():
    assert len(NAMES) > 100
    for name in NAMES:
        assert bundles.content(name) == (bundles.FOLDER / name).read_bytes()
    above = "../index.html"
    assert (bundles.FOLDER / above).is_file()
    before = len(bundles._read)
    for name in ("", ".", "js", "js/none.js", above, str(bundles.FOLDER / NAMES[0]), f"js/../{NAMES[0]}", "\0"):
        assert bundles.content(name) is None
    assert len(bundles._read) == before  # who asks for what is not there fills no memory


def test_texts_are_compressed_once_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(bundles, "_gzipped", {})
    assert all(bundles.gzipped(name) is None for name in NAMES)
    bundles.compress()
    texts = [name for name in NAMES if bundles.gzipped(name)]
    assert {name.rsplit(".")[-1] for name in texts} >= {"js", "css"} and not any(
        name.endswith("woff2") for name in texts
    )
    for name in texts:
        assert gzip.decompress(bundles.gzipped(name)) == bundles.content(name)
    assert sum(len(bundles.gzipped(name)) for name in texts) < 0.4 * sum(len(bundles.content(name)) for name in texts)


@pytest.mark.parametrize(
    "name, kind", [("js/a.js", "text/javascript"), ("css/a.css", "text/css"), ("media/a.woff2", "font/woff2")]
)
def test_a_browser_is_told_what_a_file_is(name, kind):
    assert bundles.kind(name) == kind
