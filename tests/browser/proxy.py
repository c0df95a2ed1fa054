"""A reverse proxy as schools have them: it serves the lab below a folder of its own."""

import asyncio
import contextlib
import threading


class Proxy:
    """Answers /FOLDER/PATH with what the server at `target` (host, port) says to /PATH. Runs in a thread."""

    def __init__(self, target: tuple[str, int], folder: str):
        self.target, self.folder, self.is_cut = target, folder, False
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        # Held until they are done: asyncio does not, and one taken for garbage by another thread closed its connection
        # from there, which left other connections without an answer.
        self._tasks: set[asyncio.Task] = set()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._thread.start()
        self._ready.wait()

    @property
    def url(self) -> str:
        """Where the lab is, as a visitor sees it."""
        return f"http://127.0.0.1:{self.port}/{self.folder}"

    def cut(self) -> None:
        """Breaks every connection off, and lets none through until it is mended."""
        self.is_cut = True
        self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in self._tasks])

    def mend(self) -> None:
        """Lets connections through again."""
        self.is_cut = False

    def close(self) -> None:
        """Ends it, and every connection through it."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        server = self._loop.run_until_complete(asyncio.start_server(self._hold, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in self._tasks:
            task.cancel()
        while self._tasks:
            self._loop.run_until_complete(next(iter(self._tasks)))
        self._loop.close()

    def _hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._pass_on(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection, or one websocket for as long as it lasts."""
        with (
            contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError),
            contextlib.closing(writer),
        ):
            if self.is_cut:
                return
            method, path, *head = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)
            if not path.startswith(b"/" + self.folder.encode() + b"/") and path != b"/" + self.folder.encode():
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            path = path.removeprefix(b"/" + self.folder.encode()) or b"/"
            lines = head[0].split(b"\r\n")
            if not any(line.lower().startswith(b"upgrade:") for line in lines):
                lines = [line for line in lines if not line.lower().startswith(b"connection:")]
                lines.insert(1, b"Connection: close")
            answers, asks = await asyncio.open_connection(*self.target)
            with contextlib.closing(asks):
                asks.write(b" ".join([method, path, b"\r\n".join(lines)]))
                there, back = asyncio.ensure_future(_copy(reader, asks)), asyncio.ensure_future(_copy(answers, writer))
                try:
                    await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
                finally:
                    there.cancel()
                    back.cancel()
                    await asyncio.gather(there, back, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65_536):
        writer.write(chunk)
        await writer.drain()
