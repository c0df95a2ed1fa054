"""The modules of components have an address that says their texts, and nothing else."""

import gzip

from pages.shared import component


def test_servers_that_compress_in_different_ways_have_the_same_addresses(monkeypatch):
    mine = component.version()
    compress = gzip.compress
    monkeypatch.setattr(gzip, "compress", lambda text, level, mtime: compress(text, 1, mtime=mtime))
    for kept in (component.modules, component.version):
        kept.cache_clear()
    try:
        assert component.version() == mine
    finally:
        for kept in (component.modules, component.version):
            kept.cache_clear()


def test_another_text_has_another_address(monkeypatch, tmp_path):
    (tmp_path / "shared").mkdir()
    monkeypatch.setattr(component, "BROWSER", tmp_path)
    found = set()
    for name, text in (("a", "one"), ("a", "two"), ("b", "two")):
        (tmp_path / "shared" / f"{name}.js").write_text(text)
        component.version.cache_clear()
        found.add(component.version())
    component.version.cache_clear()
    assert len(found) == 3
