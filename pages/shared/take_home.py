"""A run to take home by a click: its files (vae/take_home/), made when somebody asks for one."""

import contextlib
import re
import time

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pages.shared import in_words, readings
from pages.shared.once import once
from pages.shared.plain import plain
from pages.shared.visitors import Paces, TooManyPages
from vae.config import RunConfig
from vae.datasets import DatasetError
from vae.runs.files import StoreError
from vae.runs.store import DamagedRun

RUN_ID = re.compile(r"(?:ae|vae)-\d{1,2}d-[0-9a-f]{12}")
WORDS = {
    "all.zip": "all of it",
    "model.safetensors": "weights",
    "config.json": "settings",
    "model.py": "Python file (needs torch alone)",
    "model.ipynb": "notebook of it",
    "check.safetensors": "what it must answer",
    "history.csv": "curves as CSV",
    "test.csv": "test figures as CSV",
}
_asking = Paces(60, 2)  # files of one address: a school is behind one


def links(shown: RunConfig | None) -> str:
    """Markdown: what a page shows, a VAE with its AE or an AE, and the ways to the files of each; empty without a run.

    A run has files once it has ended with a model.
    """
    from pages.shared import lab as ui  # with torch, for which a server that starts does not wait

    halves, lines = [shown] if shown else [], []
    if shown and shown.model == "vae":
        with contextlib.suppress(KeyError, DamagedRun):  # which is said where it is shown
            halves.insert(0, ui.partner(shown))
    for config in halves:
        line = heading(config.model.upper(), config)
        if ui.status(config.run_id).has_model:
            ways = (f"[{words}](./take_home/{config.run_id}/{name})" for name, words in WORDS.items())
            line = f"{line}: {', '.join(ways)}"
        lines.append(line)
    return "\n\n".join(lines)


def heading(what: str, config: RunConfig) -> str:
    """Markdown: what is on show, and its settings, which stand below each of its pictures."""
    return f"**{what} · {in_words.describe(config, plain)}**"


async def file(request: Request) -> Response:
    """A file of a run; what cannot be had is said in words."""
    run_id, name = request.path_params["run_id"], request.path_params["name"]
    try:
        if _asking.wait(request.client.host if request.client else "", time.monotonic()) > 0:
            raise TooManyPages
        content = await run_in_threadpool(_file, run_id, name)
    except KeyError:
        return PlainTextResponse("There is no such file of a run here that has ended with a model.", 404)
    except DamagedRun as error:
        return PlainTextResponse(str(error), 404)
    except TooManyPages:
        return PlainTextResponse("Many files were asked for from where you are: wait for a minute.", 429)
    except (StoreError, DatasetError) as error:
        return PlainTextResponse(str(error), 503)
    place = f"{run_id}.zip" if name == "all.zip" else name
    headers = {"Content-Disposition": f'attachment; filename="{place}"'}
    return Response(content, media_type="application/octet-stream", headers=headers)


def _file(run_id: str, name: str) -> bytes:
    if not RUN_ID.fullmatch(run_id) or name not in WORDS:
        raise KeyError(name)
    store = readings.store()
    metrics = store.metrics(run_id) or {}
    files = _files(run_id, store.url, metrics["model_sha256"], str(metrics.get("test")))
    return _zip(run_id, files) if name == "all.zip" else files[name]


@once(8)
def _files(run_id: str, *_: str) -> dict[str, bytes]:
    """All files of a run, as it is in this store; of a run that is trained further there is another model."""
    from vae.take_home.folder import contents

    return contents(run_id, readings.store())


def _zip(run_id: str, files: dict[str, bytes]) -> bytes:
    from vae.take_home.folder import as_zip

    return as_zip(run_id, files)
