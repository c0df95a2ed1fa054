"""Names of files in a store's folders, as this server knows them: asked for once a second at most, however many ask.

What a server writes itself it knows at once; what others write it sees with the next look.
"""

import threading

from cachetools import TTLCache

from vae.runs.files import Files

LOOK = 1.0  # seconds between two looks into the store
MOST_FOLDERS = 20_000


class Names:
    """Files of a store in which classes write, all of them small, and most of them empty: their names say it all."""

    def __init__(self, files: Files, look: float = LOOK):
        self.files = files
        self._listed: TTLCache[str, set[str]] = TTLCache(MOST_FOLDERS, look)
        # Held while a folder is looked up: what is written meanwhile is added to what was found, and never lost.
        self._lock = threading.Lock()

    def of_files(self, folder: str) -> list[str]:
        """The names of the files in a folder."""
        return self._known(folder, self.files.files)

    def of_folders(self, folder: str) -> list[str]:
        """The names of the folders in a folder."""
        return self._known(f"{folder}/", self.files.folders)

    def _known(self, key: str, look_up) -> list[str]:
        with self._lock:
            if (names := self._listed.get(key)) is None:
                names = self._listed[key] = set(look_up(key.rstrip("/")))
            return [*names]

    def write(self, path: str, content: bytes = b"") -> None:
        """Writes a file; as Files does."""
        self.files.write(path, content)
        self._note(path)

    def create(self, path: str, content: bytes) -> bool:
        """Writes a file that is not there yet; as Files does."""
        is_first = self.files.create(path, content)
        self._note(path)
        return is_first

    def delete(self, path: str) -> None:
        """Removes a file or a folder; as Files does."""
        self.files.delete(path)
        folder, _, name = path.rpartition("/")
        with self._lock:
            for key in (folder, f"{folder}/"):
                self._listed.get(key, set()).discard(name)

    def _note(self, path: str) -> None:
        folder, _, name = path.rpartition("/")
        above, _, own = folder.rpartition("/")
        with self._lock:
            self._listed.get(folder, set()).add(name)
            self._listed.get(f"{above}/", set()).add(own)
