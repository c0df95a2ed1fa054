"""The routes of a class: one small request for whatever somebody does, one stream of what is new for each browser."""

import contextlib
import csv
import io
import json
import os
import socket
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import segno
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from pages.classroom import drawings, trained
from pages.classroom.classes import LASTS, Refused
from pages.classroom.looks import held, look_up, looks
from pages.classroom.names import LOOK
from pages.classroom.plan import plan
from pages.shared import readings
from pages.shared.server import ending
from pages.shared.visitors import Paces, TooManyPages
from vae.runs.files import StoreError

ALIVE = 15.0  # seconds after which a stream says that it is still there
MOST_BYTES = 4_000  # of a request
NEVER = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
# How often one address may begin classes, try codes that are none, and add drawings: a school is behind one address.
_beginning, _guessing, _drawing = Paces(10, 1 / 60), Paces(30, 0.5), Paces(300, 30)


def routes(base: str) -> list[Route]:
    """The routes below the server's own path."""
    here = f"{base}/class"
    return [
        Route(here, _start, methods=["POST"]),
        Route(f"{here}/{{code}}/join", _join, methods=["POST"]),
        Route(f"{here}/{{code}}/leave", _leave, methods=["POST"]),
        Route(f"{here}/{{code}}/vote", _vote, methods=["POST"]),
        Route(f"{here}/{{code}}/move", _move, methods=["POST"]),
        Route(f"{here}/{{code}}/runs", _note_runs, methods=["POST"]),
        Route(f"{here}/{{code}}/runs", _runs, methods=["GET"]),
        Route(f"{here}/{{code}}/drawing", _draw, methods=["POST"]),
        Route(f"{here}/{{code}}/act", _act, methods=["POST"]),
        Route(f"{here}/{{code}}/teach", _teach, methods=["POST"]),
        Route(f"{here}/{{code}}/stream", _stream, methods=["GET"]),
        Route(f"{here}/{{code}}/secret", _secret_of, methods=["POST"]),
        Route(f"{here}/{{code}}/votes.csv", _votes, methods=["GET"]),
        Route(f"{here}/{{code}}/qr.svg", _qr, methods=["GET"]),
    ]


async def _start(request: Request) -> Response:
    async def begun(asked: dict) -> Response:
        _keep(_beginning, request)
        code, secret = await run_in_threadpool(held().start)
        answer = {"code": code, "link": f"{_public(request)}/?join={code}"}
        return _with_secret(request, JSONResponse(answer, headers=NEVER), code, secret)

    return await _answered(request, begun)


async def _teach(request: Request) -> Response:
    """Another device of the teacher's: who has the secret gets the cookie."""

    async def known(asked: dict) -> Response:
        code, secret = request.path_params["code"], str(asked.get("secret", ""))
        if not await run_in_threadpool(held().is_teacher, code, secret):
            _keep(_guessing, request)
            raise Refused("This link does not make you the teacher of a class here.")
        return _with_secret(request, JSONResponse({"code": code}, headers=NEVER), code, secret)

    return await _answered(request, known)


async def _secret_of(request: Request) -> Response:
    """The secret again, for a link to the teacher's other devices: for whoever has it."""

    async def known(asked: dict) -> Response:
        code, secret = request.path_params["code"], _secret(request, request.path_params["code"])
        if not await run_in_threadpool(held().is_teacher, code, secret):
            raise Refused(f"Only the teacher of the class {code} can have that.")
        return JSONResponse({"secret": secret}, headers=NEVER)

    return await _answered(request, known)


async def _join(request: Request) -> Response:
    async def joined(asked: dict) -> Response:
        try:
            had = str(asked.get("member", ""))
            member = await run_in_threadpool(held().join, request.path_params["code"], had)
        except Refused:
            _keep(_guessing, request)
            raise
        looks.now(request.path_params["code"])
        return JSONResponse({"member": member}, headers=NEVER)

    return await _answered(request, joined)


async def _leave(request: Request) -> Response:
    async def left(asked: dict) -> Response:
        await run_in_threadpool(held().leave, request.path_params["code"], str(asked.get("member", "")))
        looks.now(request.path_params["code"])
        return JSONResponse({}, headers=NEVER)

    return await _answered(request, left)


async def _vote(request: Request) -> Response:
    async def voted(asked: dict) -> Response:
        wish = [asked.get(name) for name in ("member", "question", "round", "turn", "choice")]
        if [type(value) for value in wish] != [str, str, int, int, int]:
            raise Refused("A vote has a member, a question, a round, a turn and a choice.")
        await run_in_threadpool(held().vote, request.path_params["code"], *wish)
        looks.now(request.path_params["code"])
        return JSONResponse({}, headers=NEVER)

    return await _answered(request, voted)


async def _move(request: Request) -> Response:
    async def moved(asked: dict) -> Response:
        wish = [asked.get(name) for name in ("member", "turn", "page")]
        if [type(value) for value in wish] != [str, int, str]:
            raise Refused("Who moves says member, turn and page.")
        await run_in_threadpool(held().move, request.path_params["code"], *wish)
        looks.now(request.path_params["code"])
        return JSONResponse({}, headers=NEVER)

    return await _answered(request, moved)


async def _note_runs(request: Request) -> Response:
    async def noted(asked: dict) -> Response:
        code, run_ids = request.path_params["code"], asked.get("runs")
        if not isinstance(run_ids, list) or not all(isinstance(run_id, str) for run_id in run_ids):
            raise Refused("Runs are named by a list of texts.")
        if not await _is_in(request, str(asked.get("member", ""))):
            raise Refused(f"You are not in the class {code} any more: join it again.")
        await run_in_threadpool(held().note_runs, code, run_ids)
        looks.now(code)
        return JSONResponse({}, headers=NEVER)

    return await _answered(request, noted)


async def _runs(request: Request) -> Response:
    """The figures of all runs that a class has asked for, for whoever is in it."""
    code = request.path_params["code"]
    try:
        if not await _is_in(request, request.query_params.get("member", "")[:40]):
            return PlainTextResponse(f"There is no class {code} here in which you are.", 404, NEVER)
        now = looks.seen(code) or await run_in_threadpool(look_up, code)
        rows = await run_in_threadpool(trained.rows, now) if now else []
    except StoreError as error:
        return PlainTextResponse(str(error), 503, NEVER)
    return JSONResponse(rows, headers=NEVER)


async def _is_in(request: Request, member: str) -> bool:
    """Whether it is a member of the class, or its teacher."""
    code = request.path_params["code"]
    if await run_in_threadpool(held().is_teacher, code, _secret(request, code)):
        return True
    return await run_in_threadpool(held().is_member, code, member)


async def _act(request: Request) -> Response:
    async def acted(asked: dict) -> Response:
        wish = {name: str(asked.get(name, "")) for name in ("do", "question", "view")}
        code = request.path_params["code"]
        await run_in_threadpool(held().act, code, _secret(request, code), **wish)
        looks.now(code)
        return JSONResponse({}, headers=NEVER)

    return await _answered(request, acted)


async def _draw(request: Request) -> Response:
    """A drawing with its label, of a class or of one browser."""

    async def drawn(asked: dict) -> Response:
        _keep(_drawing, request)
        wish = [str(asked.get(name, "")) for name in ("label", "pixels")]
        files = readings.store().upper
        count, total = await run_in_threadpool(drawings.add, files, request.path_params["code"], *wish)
        return JSONResponse({"count": count, "all": total}, headers=NEVER)

    return await _answered(request, drawn)


async def _votes(request: Request) -> Response:
    """Every vote that counts, as CSV, for the teacher; a member is a number within its class."""
    code = request.path_params["code"]
    try:
        if not await run_in_threadpool(held().is_teacher, code, _secret(request, code)):
            return PlainTextResponse(f"Only the teacher of the class {code} can have its votes.", 403, NEVER)
        now = await run_in_threadpool(held().now, code)
    except StoreError as error:
        return PlainTextResponse(str(error), 503, NEVER)
    if now is None:
        return PlainTextResponse(f"There is no class {code} here.", 404, NEVER)
    voters = {member for _, _, member, _ in now.table()}  # of whom some may have left
    numbers = {member: number for number, member in enumerate(sorted(now.members | voters), 1)}
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["lesson", "step", "question", "round", "member", "answer"])
    lessons = {lesson["name"]: lesson for lesson in await run_in_threadpool(plan)}
    for question, number, member, choice in now.table():
        name, _, at = question.partition(".")
        step = dict(enumerate(lessons[name]["steps"], 1)).get(int(at), {"words": "", "options": []})
        answer = dict(enumerate(step["options"])).get(choice, choice + 1)
        table.writerow([lessons[name]["title"], at, step["words"], number, numbers[member], answer])
    headers = NEVER | {"Content-Disposition": f'attachment; filename="votes-{code}.csv"'}
    return PlainTextResponse(text.getvalue(), headers=headers, media_type="text/csv")


async def _qr(request: Request) -> Response:
    """A link of this lab as a QR code, SVG."""
    link = request.query_params.get("link", "")
    if len(link) > 300 or urlsplit(link).scheme not in ("http", "https"):
        return PlainTextResponse("A link of up to 300 letters, with http or https, is needed.", 400, NEVER)
    picture = io.BytesIO()
    segno.make(link, error="m").save(picture, kind="svg", border=2, scale=8, dark="#000", light="#fff")
    return Response(picture.getvalue(), media_type="image/svg+xml", headers=NEVER)


async def _stream(request: Request) -> Response:
    """Server-sent events: what this browser may know of the class, whenever that is another."""
    code, member = request.path_params["code"], request.query_params.get("member", "")[:40]
    try:
        is_teacher = await run_in_threadpool(held().is_teacher, code, _secret(request, code))
        is_in = await _is_in(request, member) and await run_in_threadpool(held().now, code) is not None
    except StoreError as error:
        return PlainTextResponse(str(error), 503, NEVER)
    if not is_in:
        with contextlib.suppress(TooManyPages):
            _guessing.wait(_address(request), time.monotonic())
        return PlainTextResponse(f"There is no class {code} here in which you are.", 404, NEVER)
    return StreamingResponse(_events(code, member, is_teacher), headers=NEVER, media_type="text/event-stream")


async def _events(code: str, member: str, is_teacher: bool) -> AsyncIterator[str]:
    said = None
    async with looks.listening(code) as look:
        while True:
            seen = look.seen
            if seen is None:
                yield "event: gone\ndata: {}\n\n"
                return
            known = seen.for_teacher() if is_teacher else seen.for_member(member)
            words = json.dumps({**known, "isTeacher": is_teacher})
            if words != said:
                yield f"data: {words}\n\n"
                said = words
            if seen.is_over:
                return
            waited = 0.0
            while look.seen is seen and not ending.is_set() and waited < ALIVE:  # it may have changed while it was said
                await look.changes(LOOK)
                waited += LOOK
            if ending.is_set():
                return
            if look.seen is seen:
                yield ": alive\n\n"


async def _answered(request: Request, do) -> Response:
    """An answer to what a browser asks for, from a page of this server alone; a refusal in words."""
    origin = request.headers.get("origin", "")
    if urlsplit(origin).netloc != request.headers.get("host", ""):
        return PlainTextResponse("This was not asked for by a page of this lab.", 403, NEVER)
    body = await request.body()
    try:
        asked = json.loads(body) if len(body) <= MOST_BYTES else None
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        return PlainTextResponse("This cannot be read.", 400, NEVER)
    try:
        return await do(asked)
    except Refused as refused:
        return PlainTextResponse(str(refused), 409, NEVER)
    except TooManyPages:
        return PlainTextResponse("That was tried too often from where you are: wait for a minute.", 429, NEVER)
    except StoreError as error:
        return PlainTextResponse(str(error), 503, NEVER)


def _public(request: Request) -> str:
    """The address at which others reach the lab: VAE_PUBLIC_URL, or this computer's in the network for localhost."""
    if named := os.environ.get("VAE_PUBLIC_URL", "").rstrip("/"):
        return named
    base = request.url.path.split("/class")[0]
    host, port = request.url.hostname or "", request.url.port
    if host in ("localhost", "127.0.0.1", "::1"):
        host = _in_the_network() or host
    place = f"[{host}]" if ":" in host else host
    return f"{request.url.scheme}://{place}{f':{port}' if port else ''}{base}"


def _in_the_network() -> str:
    """This computer's own address; empty without a network. Nothing is sent: a route is looked up."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.connect(("10.255.255.255", 1))
        return asked.getsockname()[0]
    return ""


def _keep(paces: Paces, request: Request) -> None:
    """Refuses what comes too often from one address."""
    if paces.wait(_address(request), time.monotonic()) > 0:
        raise TooManyPages


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _cookie(code: str) -> str:
    return f"ae-vae-lab-teacher-{code}"


def _secret(request: Request, code: str) -> str:
    return request.cookies.get(_cookie(code), "")


def _with_secret(request: Request, response: Response, code: str, secret: str) -> Response:
    """The secret in a cookie that JavaScript cannot read, and that no other site's page sends."""
    path = request.url.path.split("/class")[0] + "/class"
    is_safe = request.url.scheme == "https"
    response.set_cookie(
        _cookie(code), secret, max_age=int(LASTS), path=path, httponly=True, samesite="strict", secure=is_safe
    )
    return response
