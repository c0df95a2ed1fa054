"""Files under one fsspec URL, each written whole or not at all."""

import contextlib
import os
import time
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem


class Files:
    """Whole files by their path under one fsspec URL."""

    def __init__(self, url: str):
        self.fs, self.root = fsspec.url_to_fs(url, use_listings_cache=False)
        self.is_local = isinstance(self.fs, LocalFileSystem)

    def address(self, path: str) -> str:
        """Where a path is, for people."""
        return f"{self.root}/{path}" if self.is_local else self.fs.unstrip_protocol(f"{self.root}/{path}")

    def make_root(self) -> None:
        """Sees to it that there is a place to write to; raises OSError where there is none."""
        self.fs.makedirs(self.root, exist_ok=True)
        if self.is_local and not os.access(self.root, os.W_OK):
            raise PermissionError("the folder is not writable")

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder of this path."""
        place = f"{self.root}/{path}"
        return os.path.exists(place) if self.is_local else self.fs.exists(place)  # pages ask for hundreds

    def read(self, path: str) -> bytes:
        """A file's content; raises FileNotFoundError."""
        place = f"{self.root}/{path}"
        return Path(place).read_bytes() if self.is_local else self.fs.cat_file(place)

    def write(self, path: str, content: bytes) -> None:
        """All of the content or nothing: object stores publish a file whole, a local one is renamed into place."""
        target = f"{self.root}/{path}"
        self.fs.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
        if not self.is_local:
            self.fs.pipe_file(target, content)
            return
        unfinished = f"{target}.{os.getpid()}-{time.time_ns()}.unfinished"
        with open(unfinished, "wb") as file:
            file.write(content)
        os.replace(unfinished, target)

    def delete(self, path: str) -> None:
        """Removes a file or a folder with all it holds, where it is there."""
        with contextlib.suppress(FileNotFoundError):
            self.fs.rm(f"{self.root}/{path}", recursive=True)

    def move(self, path: str, target: str) -> None:
        """Gives a file or folder another path."""
        self.fs.makedirs(f"{self.root}/{target}".rsplit("/", 1)[0], exist_ok=True)
        self.fs.mv(f"{self.root}/{path}", f"{self.root}/{target}", recursive=True)

    def folders(self, path: str = "") -> list[str]:
        """The names of the folders in a folder."""
        return [name for name, kind in self._entries(path) if kind == "directory"]

    def files(self, path: str) -> list[str]:
        """The names of the files in a folder, without those still being written."""
        entries = self._entries(path)
        return [name for name, kind in entries if kind == "file" and not name.endswith(".unfinished")]

    def _entries(self, path: str) -> list[tuple[str, str]]:
        try:
            entries = self.fs.ls(f"{self.root}/{path}".rstrip("/"), detail=True)
        except FileNotFoundError:
            return []
        return [(entry["name"].rstrip("/").rsplit("/", 1)[-1], entry["type"]) for entry in entries]
