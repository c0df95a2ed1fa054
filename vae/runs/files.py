"""Files under one fsspec URL, each written whole or not at all; whatever goes wrong there is said in words."""

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

from vae.texts import on_one_line

UNFINISHED = ".unfinished"  # the end of a local file's name while it is being written
LEFT_OVER = 3_600.0  # seconds after which an unfinished file is that of a writer that was killed
# Seconds between tries: Windows lets nobody replace, move or remove a file while another has it open, nor open one that
# is just being replaced. Elsewhere who may not do it now may not do it later.
TRIES = (0.01, 0.05, 0.2, 0.5, 1.0) if os.name == "nt" else ()
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
# Pauses until a folder is removed again in which there was a new file: of a worker that tried to take its run, say.
FILLED = (0.01, 0.05, 0.2)
# What is wrong with one local file or folder, and not with the store: a folder in its place, a loop of links, ...
SPOILED = {errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.EACCES, errno.EPERM, errno.ENAMETOOLONG}
IN_ITS_PLACE = {errno.EISDIR, errno.ENOTDIR, errno.ELOOP}  # the same for who writes


class StoreError(RuntimeError):
    """The store itself cannot be used; the message names its address, the reason and the way out."""


class StoreFault(StoreError):
    """A store that could be used until now cannot be read or written any more; `reason` says why, in short."""

    def __init__(self, message: str, reason: str):
        super().__init__(message)
        self.reason = reason

    def __reduce__(self):
        return StoreFault, (self.args[0], self.reason)


class SpoiledFile(RuntimeError):
    """What lies in a file's place cannot be read, or written over, though others can; the message says why."""


class Files:
    """Whole files by their path under one fsspec URL. Raises StoreFault where the store cannot do what is asked."""

    def __init__(self, url: str):
        if "::" in url:
            raise ValueError("what lies behind a chain of addresses (::) is seen too late, or not at all, by others")
        self.fs, self.root = fsspec.url_to_fs(url, use_listings_cache=False)
        self.is_local = isinstance(self.fs, LocalFileSystem)

    def address(self, path: str = "") -> str:
        """Where a path is, for people."""
        place = f"{self.root}/{path}".rstrip("/")
        return place if self.is_local else self.fs.unstrip_protocol(place)

    def make_root(self) -> None:
        """Sees to it that there is a place to write to; raises OSError where there is none."""
        self.fs.makedirs(self.root, exist_ok=True)
        if self.is_local and not os.access(self.root, os.W_OK):
            raise PermissionError("the folder is not writable")

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder of this path."""
        try:
            with self._in_words("read"):
                if not self.is_local:
                    return self.fs.exists(f"{self.root}/{path}")
                os.stat(f"{self.root}/{path}")  # pages ask for hundreds
        except (FileNotFoundError, SpoiledFile):
            return False
        return True

    def read(self, path: str, most: int | None = None) -> bytes:
        """A file's content; raises FileNotFoundError, or SpoiledFile if it cannot be read or has over `most` bytes."""
        place = f"{self.root}/{path}"
        with self._in_words("read"):
            if self.is_local:
                with _patiently(open, place, "rb") as file:
                    content = file.read(-1 if most is None else most + 1)
            elif most is None or self.fs.size(place):
                content = self.fs.cat_file(place, end=most and most + 1)
            else:
                content = b""  # of which S3 gives no part
        if most is not None and len(content) > most:
            raise SpoiledFile(f"it has more than {most:,} bytes")
        return content

    def write(self, path: str, content: bytes) -> None:
        """All of the content or nothing: object stores publish a file whole, a local one is renamed into place."""
        target = f"{self.root}/{path}"
        with self._in_words("written"):
            if self.is_local:
                with _unfinished(target, content) as unfinished:
                    _patiently(os.replace, unfinished, target)
            else:
                self._pipe(target, content)

    def create(self, path: str, content: bytes) -> bool:
        """Writes a file that is not there yet; False where somebody else's is: of many who try, one succeeds."""
        target = f"{self.root}/{path}"
        with self._in_words("written"):
            try:
                if self.is_local:
                    with _unfinished(target, content) as unfinished:
                        _create(unfinished, target)
                else:
                    self._pipe(target, content, mode="create")
            except FileExistsError:
                return False
        return True

    def _pipe(self, target: str, content: bytes, **how) -> None:
        """Writes where folders come by themselves, as in an object store, and where they have to be made first."""
        try:
            self.fs.pipe_file(target, content, **how)
        except FileNotFoundError:
            self.fs.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
            self.fs.pipe_file(target, content, **how)

    def delete(self, path: str) -> None:
        """Removes a file or a folder with all it holds, where it is there."""
        with self._in_words("written"), contextlib.suppress(FileNotFoundError):
            for pause in FILLED:
                try:
                    return _patiently(self.fs.rm, f"{self.root}/{path}", recursive=True)
                except OSError as error:
                    if error.errno != errno.ENOTEMPTY:
                        raise
                    time.sleep(pause)
            _patiently(self.fs.rm, f"{self.root}/{path}", recursive=True)

    def move(self, path: str, target: str) -> None:
        """Gives a file or folder another path; where that is done file by file, what is added meanwhile stays."""
        place, new = f"{self.root}/{path}", f"{self.root}/{target}"
        with self._in_words("written"):
            self.fs.makedirs(new.rsplit("/", 1)[0], exist_ok=True)
            if self.is_local:
                _patiently(os.replace, place, new)
                return
            for file in self.fs.find(place):
                self.fs.mv(file, new + file.removeprefix(place))

    def size(self, path: str) -> int:
        """How many bytes the files in a folder have, and in those in it."""
        with self._in_words("read"), contextlib.suppress(FileNotFoundError):
            return self.fs.du(f"{self.root}/{path}")
        return 0

    def every_file(self) -> Iterator[tuple[str, int, float]]:
        """The path, the bytes and the time of writing (seconds since 1970) of every file."""
        with self._in_words("read"):
            found = self.fs.find(self.root, detail=True)
        start = len(self.root.rstrip("/")) + 1
        for place, about in found.items():
            written = about.get("mtime") or about.get("LastModified") or about.get("created") or 0.0
            yield place[start:], about["size"], written if isinstance(written, float) else written.timestamp()

    def folders(self, path: str = "") -> list[str]:
        """The names of the folders in a folder."""
        return [name for name, kind in self._entries(path) if kind == "directory"]

    def files(self, path: str) -> list[str]:
        """The names of the files in a folder, without those still being written."""
        return [name for name, kind in self._entries(path) if kind == "file" and not name.endswith(UNFINISHED)]

    def misplaced(self, path: str, folders: set[str]) -> list[str]:
        """The names in a folder at which something else lies than a file, or than a folder for one of `folders`."""
        return [name for name, kind in self._entries(path) if kind != ("directory" if name in folders else "file")]

    def sweep(self, path: str, age: float = LEFT_OVER) -> None:
        """Removes what killed writers left unfinished in a folder and in those in it, when it is of that age."""
        if not self.is_local:
            return
        for file in Path(self.root, path).rglob(f"*{UNFINISHED}"):
            with contextlib.suppress(OSError):
                if time.time() - file.stat().st_mtime > age:
                    file.unlink()

    def _entries(self, path: str) -> list[tuple[str, str]]:
        """The names in a folder, each a "file", a "directory" or something "other"; none where there is no folder."""
        place = f"{self.root}/{path}".rstrip("/")
        try:
            with self._in_words("read"):
                if self.is_local:  # whose own way stumbles over files that are being put in place or removed
                    with os.scandir(place) as entries:
                        return [(entry.name, _kind(entry)) for entry in entries]
                entries = self.fs.ls(place, detail=True)
        except (FileNotFoundError, SpoiledFile):
            return []
        return [(entry["name"].rstrip("/").rsplit("/", 1)[-1], entry["type"]) for entry in entries]

    @contextlib.contextmanager
    def _in_words(self, done: str) -> Iterator[None]:
        """Says in words what cannot be done ("read" or "written"): a backend's errors need not be OSErrors."""
        try:
            yield
        except FileNotFoundError as error:
            raise error if done == "read" else self._fault(done, error) from error
        except Exception as error:
            is_one_files = isinstance(error, OSError) and error.errno in (SPOILED if done == "read" else IN_ITS_PLACE)
            raise SpoiledFile(_reason(error)) if is_one_files and self.is_local else self._fault(done, error) from error

    def _fault(self, done: str, error: Exception) -> StoreFault:
        no_room = isinstance(error, OSError) and error.errno in NO_ROOM
        way_out = "Make room there" if no_room else "See to it"
        return StoreFault(
            f"the store {self.address()} cannot be {done}: {_reason(error)}. {way_out}, and what was begun goes on; or "
            "name another store by VAE_STORE or --store.",
            _reason(error),
        )


class Nothing(Files):
    """In the place of a store of which nothing can be read: holds nothing, and says why nothing can be written."""

    def __init__(self, message: str):
        super().__init__("memory://nothing")
        self.message = message

    def _refuse(self, *_) -> None:
        raise StoreFault(self.message, self.message)

    write = create = delete = move = _refuse

    def exists(self, path: str) -> bool:
        """Nothing is there."""
        return False

    def read(self, path: str, most: int | None = None) -> bytes:
        """Raises FileNotFoundError."""
        raise FileNotFoundError(path)

    def _entries(self, path: str) -> list[tuple[str, str]]:
        return []


def _kind(entry: os.DirEntry) -> str:
    try:
        return "directory" if entry.is_dir() else "file" if entry.is_file() else "other"
    except OSError:  # a loop of links
        return "other"


@contextlib.contextmanager
def _unfinished(target: str, content: bytes) -> Iterator[str]:
    """A file of the content beside its place; it is not there any more afterwards, whatever happens."""
    unfinished = f"{target}.{os.getpid()}-{time.time_ns()}{UNFINISHED}"
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, "a file lies in the place of a folder") from None
    try:
        with open(unfinished, "wb") as file:
            file.write(content)
        yield unfinished
    finally:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)


def _patiently(act: Callable, *arguments, **named):
    """Does what the system may refuse for a moment (TRIES)."""
    for pause in TRIES:
        try:
            return act(*arguments, **named)
        except PermissionError:
            time.sleep(pause)
    return act(*arguments, **named)


def _create(unfinished: str, target: str) -> None:
    """Gives a whole file its name; raises FileExistsError where the name is taken."""
    try:
        os.link(unfinished, target)
    except FileExistsError:
        if os.path.lexists(target) and not os.path.exists(target):  # a link that leads nowhere
            return _patiently(os.replace, unfinished, target)
        raise
    except OSError:  # a file system without hard links: who comes first has the name, and then the file in it
        with open(target, "xb"):
            _patiently(os.replace, unfinished, target)


def _reason(error: Exception) -> str:
    """An error in its own short words, without paths."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
    said = on_one_line(said).rstrip(". ")
    return said[:1].lower() + said[1:]
