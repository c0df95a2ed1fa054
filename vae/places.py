"""Where on this machine the lab keeps what it makes for itself, also where there is no home or nothing to write to."""

import os
import tempfile
from pathlib import Path

import platformdirs

NAME = "ae-vae-lab"


def cache_folder() -> Path:
    """The lab's folder in the user's cache; where that cannot be written, one among the temporary files.

    It need not be there yet. Where nothing can be written at all, whoever writes to it is told so by the system.
    """
    try:
        folder = Path(platformdirs.user_cache_dir(NAME))
    except RuntimeError:  # neither HOME nor an entry of this user in the system's list
        return _temporary()
    return folder if _can_write(folder) else _temporary()


def have_home() -> None:
    """Gives this process a home folder where it has none: Streamlit does not start without one."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = str(_temporary())


def _temporary() -> Path:
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
    try:
        return Path(tempfile.gettempdir()) / f"{NAME}-{user}"
    except FileNotFoundError:  # no folder for temporary files can be written
        return Path("/tmp") / f"{NAME}-{user}"


def _can_write(folder: Path) -> bool:
    """Whether a folder can be written, or could be made."""
    # os.path.exists, for Path.exists raises PermissionError below a folder that may not be entered.
    there = next(parent for parent in (folder, *folder.parents) if os.path.exists(parent))
    return os.access(there, os.W_OK | os.X_OK)
