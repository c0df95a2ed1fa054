"""What components keep in the address: the ends of what is allowed, and garbage, of every parameter of every page."""

import re
from pathlib import Path

import pytest

from pages.shared.address import PARAMETERS
from tests.pages.seen import sent
from vae.config import RunConfig

ROOT = Path(__file__).parents[2]
TEN = RunConfig(latent_dim=10).run_id
OWN = "own-" + "A" * 522 + "Q"
DIGITS = (
    ["0", "9999", OWN, "own-" + "-_" * 261 + "Z"],
    [
        "10000",
        "-1",
        "1.5",
        "²",
        "٣",
        "",
        " 1",
        "99999999",
        "own-",
        OWN[:-1],
        OWN + "A",
        OWN[:-1] + "=",
        "Own" + OWN[3:],
    ],
)
CODES = (
    ["0", "-1000", "1000,-1000.0", "0.123456789,1", ",".join(["1"] * 32)],
    ["1000.1", "-1000.1", "1e3", "nan", "inf", "1_0", "1,", ",1", "1,,2", "", "+1", ".5", "0 1", ",".join(["1"] * 33)],
)
# For each parameter what is allowed, its ends among it, and what is not, just beyond its ends among it.
VALUES = {
    "x": DIGITS,
    "x2": DIGITS,
    "z": CODES,
    "z_ae": CODES,
    "z_vae": CODES,
    "join": (["ACDEF", "xyzab"], ["ACDE", "ACDEFG", "ACD1F", "", "<b>ab"]),
    "passes": (["1", "99999"], ["0", "100000", "-1", "1.0", "", "abc", "²", "1e3"]),
    "chosen": (
        [],  # of which the KL weight's own page tells more: the run must be there
        ["vae-2d", "ae-2d-190d6dc25bb9", "vae-2d-0123456789aB", "vae-123d-0123456789ab", "vae-2d-0123456789abc", ""],
    ),
    "eps_seed": (["0", "999999"], ["1000000", "-1", "1.5", "", "nan", "٣"]),
    "eps_scale": (["0", "3", "1.25"], ["-0.1", "-1", "3.1", "-3", "nan", "1,1", "", "1e0", "٣"]),
    "eps": (["-100", "100,-100", "0.5,0"], ["100.1", "-100.1", "0,101", "1,2,3", "nan", "", "a,b", "1,"]),
    "present": (["1"], ["0", "true", "11", ""]),
    "lesson": (["1", "20"], ["0", "21", "-1", "1.0", "", "abc", "²"]),
    "h": (["-200", "200", "0.05"], ["200.5", "-200.5", "1,1", "nan", "inf", "", "abc"]),
    "sphere": (["1"], ["0", "true", "11", ""]),
    "classes": (["0", "9", "4,9", "0,1,2,3,4,5,6,7,8,9", "99"], ["", "100", "4,4", "4,", "-1", "a", "4, 9", "²"]),
    "layers": (
        ["none", "codes", "codes,ellipses,prior,density,grid,holes"],
        ["code", "codes,none", "codes,", "", "Codes", "codes, grid"],
    ),
}
PAGES = {  # page: its component, and the parameters that it keeps
    "home": ("networks", ["x", "passes"]),
    "latent_space": ("latent_space", ["x", "z", "layers", "classes"]),
    "resampling": ("resampling", ["x", "eps_seed", "eps_scale", "eps"]),
    "walk": ("walk", ["x", "x2", "z_ae", "z_vae", "sphere"]),
    "kl_weight": ("ladder", ["x", "chosen"]),
    "log_sigma": ("sigma_plane", ["h"]),
    "true_posterior": ("posterior", ["x"]),
    "conversion": ("steps", ["lesson", "present", "join"]),
}


def test_every_parameter_has_values_here_and_a_page():
    ruled = {name for name, parameter in PARAMETERS.items() if parameter.rule}
    of_widgets = ruled & {name for _, _, names in WIDGETS for name in names}
    assert set(VALUES) == ruled - of_widgets == {name for _, names in PAGES.values() for name in names}


def test_each_parameter_of_the_table_is_read_where_the_table_says():
    for name, parameter in PARAMETERS.items():
        files = [ROOT / "pages" / f"{parameter.owner}.py", ROOT / "assets" / "browser" / f"{parameter.owner}.js"]
        texts = [file.read_text(encoding="utf-8") for file in files if file.exists()]
        assert any(re.search(rf"\b{name}\b", text) for text in texts), name


def test_whatever_a_page_reads_of_its_address_is_in_the_table():
    read = re.compile(r"""(?:\bst\.query_params(?:\.get|\.pop)?[(\[]|given\(|binding\()((?:"\w+",? ?)+)""")
    texts = [file.read_text(encoding="utf-8") for file in (ROOT / "pages").rglob("*.py")]
    names = {name for text in texts for found in read.findall(text) for name in re.findall(r"\w+", found)}
    bound = {name for text in texts for name in re.findall(r'key="(\w+)", bind=', text)}
    assert len(names | bound) > 20 and names | bound <= set(PARAMETERS)


def rounds(names: list[str], which: int) -> list[dict[str, str]]:
    """All values of all parameters, as many at once as a page has: the n-th of each in the n-th visit."""
    values = [VALUES[name][which] for name in names]
    return [
        {name: own[place] for name, own in zip(names, values) if place < len(own)}
        for place in range(max(map(len, values)))
    ]


@pytest.mark.parametrize("page", PAGES)
def test_what_is_allowed_reaches_the_component_and_garbage_is_said_and_left_out(visit, page):
    component, names = PAGES[page]
    app = visit(page)
    for good in rounds(names, 0):
        app.query_params.clear()
        app.query_params.update(good)
        app.run()
        assert not app.exception and not app.warning, good
        assert sent(app, component)["given"] == good
        assert {name: app.query_params[name] for name in good} == good
    for bad in rounds(names, 1):
        app.query_params.clear()
        app.query_params.update(bad)
        app.run()
        assert not app.exception
        said = [warning.value for warning in app.warning]
        assert len(said) == len(bad), (bad, said)
        for words, (name, value) in zip(said, bad.items()):
            quoted = f"{value[:40]}{' …' if len(value) > 40 else ''}" or "(nothing)"
            allowed = PARAMETERS[name].allowed
            assert words == f"{name} = `{quoted}` in the address is not allowed: {allowed}. The default is shown."
        assert sent(app, component)["given"] == {}
        assert not set(bad) & set(app.query_params)


def test_garbage_beside_what_is_allowed_leaves_that_alone(shown):
    app = shown("resampling", x="7", eps_seed="-1", eps="1,2", eps_scale="-0.5")
    assert sent(app, "resampling")["given"] == {"x": "7", "eps": "1,2"}


WHOLE = (["0", "10000"], ["10001", "-1", "1.5", "nan", "٣", "9" * 5_000])
DIMENSION = (["1", "10"], ["0", "11", "1.5", "-1", "", "x"])
CODE = (["ABCDE", "xyzab"], ["ABCD", "ABCDEF", "AB1DE", "", "<b>ab", "ÄBCDE"])
SHOWN = dict.fromkeys(["predict_structure", "predict_objective", "predict_training"], "Just show me")
# Of widgets: a page and what else is in its address, then for each parameter what is allowed, what is not, the default.
WIDGETS = [
    ("latent_space", {"run": TEN}, {"draw": (*WHOLE, 0), "across": (*DIMENSION, 7), "up": (*DIMENSION, 10)}),
    ("conversion", SHOWN, {"eps_draw": (*WHOLE, 0)}),
    ("classroom/pictures", {}, {"collected": (*CODE, "")}),
]


@pytest.mark.parametrize("page, beside, parameters", WIDGETS, ids=[page for page, *_ in WIDGETS])
def test_a_widget_takes_what_is_allowed_in_the_address_and_says_garbage(shown, page, beside, parameters):
    def value_of(app, name: str):
        return {
            widget.key: widget.value for kind in ("number_input", "selectbox", "text_input") for widget in app.get(kind)
        }[name]

    for place in range(2):
        good = {name: allowed[place] for name, (allowed, _, _) in parameters.items()}
        app = shown(page, **beside, **good)
        assert not app.exception and not [words for words in app.warning if "not allowed" in words.value]
        assert {name: value_of(app, name) for name in good} == {
            name: type(parameters[name][2])(value) for name, value in good.items()
        }
    for place in range(6):
        app = shown(page, **beside, **{name: bad[place] for name, (_, bad, _) in parameters.items()})
        assert not app.exception
        for name, (_, bad, default) in parameters.items():
            assert value_of(app, name) == default
            start = f"{name} = `{bad[place][:40] or '(nothing)'}"
            assert any(w.value.startswith(start) and "is not allowed" in w.value for w in app.warning), start
