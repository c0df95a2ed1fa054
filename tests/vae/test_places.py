"""Where the lab keeps what it makes for itself: in the user's cache, and among the temporary files where it may not."""

import os
import tempfile

import pytest

from tests import sandbox
from vae import places

HOMES = {
    "one's own": (0o700, "home"),
    "may not be entered": (0o000, "temporary"),  # as HOME=/root is for another user
    "may be looked at": (0o500, "what is there"),
    "may be written, not entered": (0o600, "temporary"),
}


@pytest.mark.parametrize("home", HOMES)
@pytest.mark.parametrize("there", ["", ".cache", ".cache/ae-vae-lab"])
def test_where_the_users_cache_may_not_be_written_the_folder_is_among_the_temporary_files(
    tmp_path, monkeypatch, home, there
):
    mode, expected = HOMES[home]
    (tmp_path / "home" / there).mkdir(parents=True)
    (tmp_path / "home").chmod(mode)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home" / ".cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    folder = sandbox.obeying(places.cache_folder)
    (tmp_path / "home").chmod(0o700)
    user = f"ae-vae-lab-{os.getuid()}"
    is_home = expected == "home" or (expected == "what is there" and there)
    assert folder == (tmp_path / "home/.cache/ae-vae-lab" if is_home else tmp_path / "tmp" / user)
