"""A class in the store: who is in it, what each has predicted, and what its teacher does.

    classes/CODE/class.json           since when, and the checksum of the teacher's secret
                 members/NUMBER       an empty file a member
                 votes/QUESTION/...   an empty file a vote: ROUND.NUMBER.TURN.CHOICE
                 teacher/N.json       what the teacher did, one after the other
                 runs/RUN_ID          an empty file a run that somebody in it asked for
                 places/...           an empty file a member: NUMBER.TURN.PAGE, in the place of the one before

Whatever counts is never changed, only added: several servers on one store lose and split nothing. Who leaves is no
member any more, and has his number again when he comes back; his votes stay. A question is "LESSON.STEP".
"""

import contextlib
import hashlib
import hmac
import json
import re
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from cachetools import TTLCache

from pages.classroom.names import LOOK, Names
from pages.lessons import LESSONS
from pages.shared.address import MOST_STEPS
from vae.runs.contents import METRICS
from vae.runs.files import Files
from vae.runs.layers import CLASSES
from vae.runs.states import SETTLED

LETTERS = "ACDEFHJKMNPRTVWXY"  # none that looks like another, or like a number
CODE = re.compile(rf"[{LETTERS}]{{5}}")
MEMBER = re.compile(r"[0-9a-f]{16}")
VOTE = re.compile(rf"(\d{{1,2}})\.({MEMBER.pattern})\.(\d{{1,6}})\.(\d)")
PLACE = re.compile(rf"({MEMBER.pattern})\.(\d{{1,6}})\.(\w+)")
RUN = re.compile(r"(?:ae|vae)-\d{1,2}d-[0-9a-f]{12}")
PARAMETERS = re.compile(r"[^\s<>\"#]*")
BOARD = "board"  # the page of the class itself
PAGES = {BOARD, *(lesson.name for lesson in LESSONS)}
LASTS = 12 * 3_600.0  # seconds
MOST_CLASSES, MOST_MEMBERS, MOST_CHOICES, MOST_ROUNDS, MOST_TURNS = 200, 500, 10, 20, 200
MOST_RUNS, MOST_MOVES = 300, 999_999
ACTS = ("votes", "reveal", "again", "here", "pause", "go on", "end")
ON_A_QUESTION = ("votes", "reveal", "again")
LONGEST = 2_000  # letters of an address that the teacher shows


class Refused(Exception):
    """What was asked of a class is not allowed; the message says why, in words."""


@dataclass(frozen=True)
class Round:
    """One time that a question was asked: what each member chose, whether all may see that, and the answer too."""

    choices: Mapping[str, int]
    is_shown: bool = False
    is_revealed: bool = False

    def bars(self, options: int = MOST_CHOICES) -> list[int]:
        """How many chose each option."""
        counts = Counter(self.choices.values())
        return [counts[choice] for choice in range(options)]


@dataclass(frozen=True)
class Class:
    """A class as it is now."""

    code: str
    members: frozenset[str] = frozenset()
    questions: Mapping[str, tuple[Round, ...]] = field(default_factory=dict)
    view: str = ""  # the address to which the teacher has called all, "" before
    called: int = 0  # how often
    is_paused: bool = False
    is_over: bool = False
    places: Mapping[str, int] = field(default_factory=dict)  # how many are on a page
    runs: tuple[str, ...] = ()  # which it has asked for
    ended: int = 0  # how many of these have ended
    settled: int = 0  # and how many of those have come to what they stay at

    def for_member(self, member: str) -> dict:
        """What a member may know: of a round that is not shown only how many have answered, and the own choice."""
        asked = {}
        for question, rounds in self.questions.items():
            now = rounds[-1]
            asked[question] = {
                "round": len(rounds),
                "answered": len(now.choices),
                "mine": now.choices.get(member),
                "isShown": now.is_shown,
                "isRevealed": now.is_revealed,
                "bars": [one.bars() if one.is_shown else None for one in rounds],
            }
        return {**self._for_all(), "questions": asked}

    def for_teacher(self) -> dict:
        """All that the teacher sees: also what is not revealed yet."""
        asked = {
            question: {
                "round": len(rounds),
                "answered": len(rounds[-1].choices),
                "isShown": rounds[-1].is_shown,
                "isRevealed": rounds[-1].is_revealed,
                "bars": [one.bars() for one in rounds],
            }
            for question, rounds in self.questions.items()
        }
        return {**self._for_all(), "questions": asked, "places": dict(self.places)}

    def _for_all(self) -> dict:
        return {
            "code": self.code,
            "members": len(self.members),
            "view": self.view,
            "called": self.called,
            "isPaused": self.is_paused,
            "isOver": self.is_over,
            "runs": len(self.runs),
            "ended": self.ended,
            "settled": self.settled,
        }

    def table(self) -> list[tuple[str, int, str, int]]:
        """Every vote that counts, as (question, round, member, choice)."""
        return [
            (question, number, member, choice)
            for question, rounds in sorted(self.questions.items())
            for number, one in enumerate(rounds, 1)
            for member, choice in sorted(one.choices.items())
        ]


class Classes:
    """The classes of a store, into which is looked once in so many seconds a class."""

    def __init__(self, files: Files, clock: Callable[[], float] = time.time, look: float = LOOK):
        self.files, self.clock, self.names = files, clock, Names(files, look)
        self._acts: dict[str, dict] = {}  # of teachers, by path: they never change
        self._settled: dict[str, str] = {}  # a run -> the state that it stays in
        self._unsettled: TTLCache[str, str] = TTLCache(MOST_CLASSES * MOST_RUNS, look)
        self._lock = threading.Lock()  # of both

    def start(self) -> tuple[str, str]:
        """Begins a class; returns its code, and the secret that makes somebody its teacher."""
        self._forget_old_ones()
        going_on = [code for code in self.names.of_folders(CLASSES) if self._is_going_on(code)]
        if len(going_on) >= MOST_CLASSES:
            raise Refused(
                f"{MOST_CLASSES} classes go on at this server, which is as many as it holds. Try again later."
            )
        secret = secrets.token_urlsafe(24)
        content = json.dumps({"since": self.clock(), "secret": _checksum(secret)}).encode()
        while True:
            code = "".join(secrets.choice(LETTERS) for _ in range(5))
            if self.names.create(f"{CLASSES}/{code}/class.json", content):
                return code, secret

    def _forget_old_ones(self) -> None:
        """Removes what classes have said that ended half a day ago or longer."""
        for code in self.names.of_folders(CLASSES):
            known = self._about(code)
            if known and self.clock() - known["since"] > 2 * LASTS:
                self.names.delete(f"{CLASSES}/{code}")
                for path in [path for path in self._acts if path.startswith(f"{CLASSES}/{code}/")]:
                    del self._acts[path]

    def join(self, code: str, member: str = "") -> str:
        """Makes somebody a member; returns the number, which is random and says nothing of who it is.

        member: the number that somebody had who has left.
        """
        now = self._open(code)
        if len(now.members) >= MOST_MEMBERS:
            raise Refused(f"The class {code} is full: it has {MOST_MEMBERS} members.")
        member = member if MEMBER.fullmatch(member) else secrets.token_hex(8)
        self.names.write(f"{CLASSES}/{code}/members/{member}")
        return member

    def leave(self, code: str, member: str) -> None:
        """A member is none any more, and nowhere; what was voted stays."""
        if not self._is_going_on(code):
            raise Refused(f"There is no class {code} here, or it is over: ask for the code again.")
        self._check_member(code, member)
        for _, path in self._places_of(code, member):
            self.names.delete(path)
        self.names.delete(f"{CLASSES}/{code}/members/{member}")

    def vote(self, code: str, member: str, question: str, number: int, turn: int, choice: int) -> None:
        """A member's choice in the round of a number; a later turn takes the place of an earlier one.

        Until the teacher shows the votes; at another server than the teacher's for up to a second more.
        """
        _check_question(question)
        if not 0 <= turn <= MOST_TURNS or not 0 <= choice < MOST_CHOICES:
            raise Refused(f"turn {turn}, choice {choice}: 0 to {MOST_TURNS:,} and 0 to {MOST_CHOICES - 1} are allowed.")
        now = self._open(code)
        self._check_member(code, member)
        if not _is_open(now, question, number):
            self.names.look_again(f"{CLASSES}/{code}/teacher")  # who may have asked again at another server just now
            now = self._open(code)
        if number != _number_of(now, question):
            raise Refused("The teacher has asked again meanwhile: choose once more.")
        if not _is_open(now, question, number):
            raise Refused("The votes are on show already, and none counts any more until the teacher asks again.")
        self.names.write(f"{CLASSES}/{code}/votes/{question}/{number}.{member}.{turn}.{choice}")

    def move(self, code: str, member: str, turn: int, page: str) -> None:
        """A member has opened a page; a later turn takes the place of an earlier one, of which nothing is left."""
        if not self._is_going_on(code):
            raise Refused(f"There is no class {code} here, or it is over: ask for the code again.")
        if page not in PAGES or not 1 <= turn <= MOST_MOVES:
            raise Refused("This is no page of the lab.")
        self._check_member(code, member)
        self.names.write(f"{CLASSES}/{code}/places/{member}.{turn}.{page}")
        for _, earlier in self._places_of(code, member)[:-1]:
            self.names.delete(earlier)

    def _places_of(self, code: str, member: str) -> list[tuple[int, str]]:
        """A member's places, the latest last: the turn, and the path."""
        place = f"{CLASSES}/{code}/places"
        own = (found for name in self.names.of_files(place) if (found := PLACE.fullmatch(name)) and found[1] == member)
        return sorted((int(found[2]), f"{place}/{found[0]}") for found in own)

    def is_member(self, code: str, member: str) -> bool:
        """Whether somebody is in a class that there is; also who has joined at another server just now."""
        if not self._is_going_on(code) or not MEMBER.fullmatch(member):
            return False
        members = f"{CLASSES}/{code}/members"
        return member in self.names.of_files(members) or self.files.exists(f"{members}/{member}")

    def _check_member(self, code: str, member: str) -> None:
        if not self.is_member(code, member):
            raise Refused(f"You are not in the class {code} any more: join it again.")

    def note_runs(self, code: str, run_ids: list[str]) -> None:
        """Runs that somebody in the class has asked for; who did is not kept."""
        now = self._open(code)
        if not all(RUN.fullmatch(run_id) for run_id in run_ids):
            raise Refused("These are no names of runs.")
        new = [run_id for run_id in run_ids if run_id not in now.runs and self.files.exists(run_id)]
        for run_id in new[: max(0, MOST_RUNS - len(now.runs))]:
            self.names.write(f"{CLASSES}/{code}/runs/{run_id}")

    def act(self, code: str, secret: str, do: str, question: str = "", view: str = "") -> None:
        """What the teacher does. Raises Refused for everybody else."""
        if not self.is_teacher(code, secret):
            raise Refused(f"Only the teacher of the class {code} can do that.")
        if do not in ACTS:
            raise Refused(f"{do!r}: one of {', '.join(ACTS)} is allowed.")
        if do in ON_A_QUESTION:
            _check_question(question)
        page, _, parameters = view.partition("?")
        if len(view) > LONGEST or page not in PAGES | {""} or not PARAMETERS.fullmatch(parameters):
            raise Refused("This is no address of a page of the lab.")
        now = self._open(code)
        if do == "again" and len(now.questions.get(question, ())) >= MOST_ROUNDS:
            raise Refused(f"A question can be asked {MOST_ROUNDS} times.")
        content = json.dumps({"do": do, "question": question, "view": view, "at": self.clock()}).encode()
        number = len(self.names.of_files(f"{CLASSES}/{code}/teacher")) + 1
        while not self.names.create(f"{CLASSES}/{code}/teacher/{number:06}.json", content):
            number += 1  # another device of the teacher's was first

    def is_teacher(self, code: str, secret: str) -> bool:
        """Whether this is the secret of the class's teacher."""
        known = self._about(code)
        return bool(known) and hmac.compare_digest(known["secret"], _checksum(secret))

    def now(self, code: str) -> Class | None:
        """The class as it is; None where there is none, or no more."""
        if not self._is_going_on(code):
            return None
        place = f"{CLASSES}/{code}"
        acts = [self._act(f"{place}/teacher/{name}") for name in sorted(self.names.of_files(f"{place}/teacher"))]
        asked = {*self.names.of_folders(f"{place}/votes"), *(one["question"] for one in acts if one["question"])}
        calls = [one["view"] for one in acts if one["do"] == "here"]
        members = frozenset(name for name in self.names.of_files(f"{place}/members") if MEMBER.fullmatch(name))
        pauses = [one["do"] for one in acts if one["do"] in ("pause", "go on")]
        return Class(
            code=code,
            members=members,
            questions={question: self._rounds(place, question, acts) for question in sorted(asked)},
            view=calls[-1] if calls else "",
            called=len(calls),
            is_paused=pauses[-1:] == ["pause"],
            is_over=any(one["do"] == "end" for one in acts),
            places=self._places(place, members),
            runs=tuple(sorted(filter(RUN.fullmatch, self.names.of_files(f"{place}/runs")))),
        )

    def with_runs(self, now: Class) -> Class:
        """A class, and how many of its runs have ended."""
        states = [self._state(run_id) for run_id in now.runs]
        return replace(now, ended=sum(map(bool, states)), settled=sum(state in SETTLED for state in states))

    def _state(self, run_id: str) -> str:
        """In which state a run has ended; empty where it has not."""
        with self._lock:
            state = self._settled.get(run_id) or self._unsettled.get(run_id)
        if state is None:
            state = self._read_state(run_id)
            with self._lock:
                (self._settled if state in SETTLED else self._unsettled)[run_id] = state
        return state

    def _read_state(self, run_id: str) -> str:
        with contextlib.suppress(FileNotFoundError, ValueError, KeyError):  # somebody is just about to end it
            return json.loads(self.files.read(f"{run_id}/metrics.json", most=METRICS))["status"]
        return ""

    def _places(self, place: str, members: frozenset[str]) -> dict[str, int]:
        latest: dict[str, tuple[int, str]] = {}
        for name in self.names.of_files(f"{place}/places"):
            if (found := PLACE.fullmatch(name)) and found[1] in members:
                latest[found[1]] = max(latest.get(found[1], (0, "")), (int(found[2]), found[3]))
        return dict(sorted(Counter(page for _, page in latest.values()).items()))

    def _rounds(self, place: str, question: str, acts: list[dict]) -> tuple[Round, ...]:
        done = [one["do"] for one in acts if one["question"] == question]
        latest: list[dict[str, tuple[int, int]]] = [{} for _ in range(1 + done.count("again"))]
        for name in self.names.of_files(f"{place}/votes/{question}"):
            if found := VOTE.fullmatch(name):
                number, member, turn, choice = int(found[1]), found[2], int(found[3]), int(found[4])
                if 1 <= number <= len(latest):
                    latest[number - 1][member] = max(latest[number - 1].get(member, (-1, 0)), (turn, choice))
        shown: list[set[str]] = [set() for _ in latest]  # of each round: what the teacher did in it
        at = 0
        for do in done:
            shown[at].add(do)
            at += do == "again"
        choices = [{member: choice for member, (_, choice) in one.items()} for one in latest]
        return tuple(Round(one, bool(did & {"votes", "reveal"}), "reveal" in did) for one, did in zip(choices, shown))

    def _open(self, code: str) -> Class:
        now = self.now(code)
        if now is None or now.is_over:
            raise Refused(f"There is no class {code} here, or it is over: ask for the code again.")
        return now

    def _is_going_on(self, code: str) -> bool:
        known = self._about(code)
        return bool(known) and 0 <= self.clock() - known["since"] < LASTS

    def _about(self, code: str) -> dict | None:
        if not CODE.fullmatch(code):
            return None
        try:
            return self._act(f"{CLASSES}/{code}/class.json")
        except FileNotFoundError:
            return None

    def _act(self, path: str) -> dict:
        if path not in self._acts:
            self._acts[path] = json.loads(self.files.read(path, most=10_000))
        return self._acts[path]


def _number_of(now: Class, question: str) -> int:
    """How often a question has been asked."""
    return len(now.questions.get(question, (None,)))


def _is_open(now: Class, question: str, number: int) -> bool:
    """Whether a round is the one in which a question is asked now, and its votes are not on show."""
    rounds = now.questions.get(question, (Round({}),))
    return number == len(rounds) and not rounds[-1].is_shown


def _check_question(question: str) -> None:
    lesson, _, step = question.partition(".")
    is_step = step.isascii() and step.isdecimal() and 1 <= int(step) <= MOST_STEPS
    if lesson not in PAGES - {BOARD} or not is_step:
        raise Refused("This is no step of a lesson.")


def _checksum(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
