"""Names of files in a store's folders, as this server knows them: asked for once a second at most, however many ask.

What a server writes itself it knows at once; what others write it sees with the next look.
"""

import threading
from collections.abc import Callable

from cachetools import TTLCache

from vae.runs.files import Files

LOOK = 1.0  # seconds between two looks into the store
FRESH = 0.8  # of them: what a look finds is older than that when the next one comes
MOST_FOLDERS = 20_000
LOCKS = 64


class Names:
    """Files of a store in which classes write, all of them small, and most of them empty: their names say it all."""

    def __init__(self, files: Files, look: float = LOOK):
        self.files = files
        self._listed: TTLCache[str, set[str]] = TTLCache(MOST_FOLDERS, FRESH * look)
        self._lock = threading.Lock()  # of the cache
        # Of folders, shared by many; held while one is looked up: what is written meanwhile is added to what was found,
        # and never lost.
        self._looking = [threading.Lock() for _ in range(LOCKS)]

    def of_files(self, folder: str) -> list[str]:
        """The names of the files in a folder."""
        return self._known(folder, self.files.files)

    def of_folders(self, folder: str) -> list[str]:
        """The names of the folders in a folder."""
        return self._known(f"{folder}/", self.files.folders)

    def look_again(self, folder: str) -> None:
        """Has the next who asks for the files in a folder find what is there now."""
        with self._lock:
            self._listed.pop(folder, None)

    def _known(self, key: str, look_up: Callable[[str], list[str]]) -> list[str]:
        with self._looking[hash(key) % LOCKS]:
            if (names := self._names(key)) is None:
                names = set(look_up(key.rstrip("/")))
                with self._lock:
                    self._listed[key] = names
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
        for key in (folder, f"{folder}/"):
            self._change(key, set.discard, name)

    def _note(self, path: str) -> None:
        folder, _, name = path.rpartition("/")
        above, _, own = folder.rpartition("/")
        self._change(folder, set.add, name)
        self._change(f"{above}/", set.add, own)

    def _change(self, key: str, change: Callable[[set[str], str], None], name: str) -> None:
        with self._looking[hash(key) % LOCKS]:
            if (names := self._names(key)) is not None:
                change(names, name)

    def _names(self, key: str) -> set[str] | None:
        with self._lock:
            return self._listed.get(key)
