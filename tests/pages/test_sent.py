"""What components send is held to the rules of the address: whatever comes, page, state and address stay."""

import base64
import re
from pathlib import Path

import pytest

from pages.shared.address import PARAMETERS, SENT
from pages.shared.component import BROWSER
from tests.outside import EVIL, WORST, effects
from tests.pages.seen import sent
from tests.pages.sending import send
from tests.pages.test_address import VALUES
from vae.runs.sweep import RAMPLESS

ROOT = Path(__file__).parents[2]
CODE = {"ae": [0.0, 0.0], "vae": [0.0, 0.0]}
DEEP: list = []
for _ in range(50):
    DEEP = [DEEP]
WRONG = [
    False, True, 0, -1, 1.5, 1e308, float("nan"), float("inf"), 10**400, "", "x", "9" * 5_000, WORST, "\ud800", [], {},
    [None], {"digit": "1"}, DEEP, ["218"], {"": {"": [1]}},
]  # fmt: skip
BAD_WAYS = [
    [CODE],
    [CODE] * 101,
    "way",
    [CODE, {"ae": [0.0, 0.0]}],
    [CODE, {**CODE, "vae": []}],
    [CODE, {**CODE, "vae": [0.0] * 33}],
    [CODE, {**CODE, "vae": [0.0, float("nan")]}],
    [CODE, {**CODE, "vae": [0, 10**400]}],
    [CODE, {**CODE, "vae": [0, 10_000.1]}],
    [CODE, {**CODE, "vae": [True, False]}],
    [CODE, {**CODE, "ae": ["a", "b"]}],
    [CODE, "x"],
]
# What is sent, by which component of which page, and what of it is not allowed beside WRONG.
SENDERS = {
    "digit": ("true_posterior", "posterior", VALUES["x"][1]),
    "fitted": ("true_posterior", "posterior", VALUES["x"][1]),
    "chosen": ("kl_weight", "ladder", VALUES["chosen"][1]),
    "gif": ("walk", "walk", BAD_WAYS),
    "news": ("train", "news", []),
}


def test_each_value_that_a_component_sends_has_a_line_and_a_sender_here():
    said = re.compile(r"set(?:State|Trigger)Value\(\"(\w+)\"")
    named = {name for module in BROWSER.rglob("*.js") for name in said.findall(module.read_text(encoding="utf-8"))}
    assert named == set(SENT) == set(SENDERS)


def test_no_page_takes_what_is_sent_past_the_rules():
    texts = [(file.name, file.read_text(encoding="utf-8")) for file in (ROOT / "pages").rglob("*.py")]
    assert [name for name, text in texts if re.search(r"on_\w+_change=(?!handlers)", text)] == []
    assert [name for name, text in texts if "components.v2" in text] == ["component.py"]


@pytest.mark.parametrize("name", SENDERS)
@pytest.mark.parametrize("is_state", [True, False], ids=["state", "trigger"])
def test_what_is_not_allowed_is_said_and_changes_nothing(visit, name, is_state):
    page, component, more = SENDERS[name]
    app = visit(page, **({"epochs": 7} if name == "news" else {}))  # which nobody has trained
    before, address = sent(app, component), dict(app.query_params)
    for value in [*WRONG, *more]:
        if name == "news" and isinstance(value, str):
            continue  # any text is news
        send(app, component, name, value, is_state)
        assert not app.exception, value
        said = [warning.value for warning in app.warning]
        assert len(said) == 1 and said[0].startswith(f"{name} = ") and said[0].endswith(f"{SENT[name].allowed}."), value
        assert len(said[0]) < 400 and not effects(said[0])
        assert sent(app, component) == before and dict(app.query_params) == address, value
    assert not any(EVIL in error.value for error in app.error)
    app.run()
    assert not app.exception and not (app.warning and not is_state)


def test_what_is_allowed_is_taken(visit):
    app = visit("true_posterior")
    send(app, "posterior", "digit", "7", True)
    assert sent(app, "posterior")["answer"]["digit"] == "7" and not app.warning
    app = visit("kl_weight", models="10-D")
    assert RAMPLESS.run_id not in [rung["id"] for rung in sent(app, "ladder")["rungs"]]
    send(app, "ladder", "chosen", RAMPLESS.run_id, False)
    assert RAMPLESS.run_id in [rung["id"] for rung in sent(app, "ladder")["rungs"]]
    assert app.query_params["chosen"] == RAMPLESS.run_id and not app.warning and not app.exception
    app = visit("walk")
    send(app, "walk", "gif", [CODE, CODE], False)
    assert base64.b64decode(sent(app, "walk")["gif"]).startswith(b"GIF89a") and not app.warning
    send(app, "walk", "gif", [{"ae": [0.0], "vae": [0.0]}] * 2, False)
    assert "its codes have not 2 numbers" in app.warning[0].value and not app.exception
    assert sent(app, "walk")["gif"] is None


def test_the_rules_are_those_of_the_address():
    assert SENT["digit"] is SENT["fitted"] is PARAMETERS["x"] and SENT["chosen"] is PARAMETERS["chosen"]
    for name, (good, _) in VALUES.items():
        assert all(PARAMETERS[name].allows(value) for value in good)
        assert not any(PARAMETERS[name].allows(value) for value in WRONG if not isinstance(value, str))
