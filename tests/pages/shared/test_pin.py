"""What the address pins beside a page's picture, and what it refuses."""

import pytest

from tests.pages.seen import model_parcel, sent
from tests.pages.test_address import OWN, VALUES
from vae.config import RunConfig

TWO, TEN, LIGHT = RunConfig(), RunConfig(latent_dim=10), RunConfig(kl_weight=0.1)
TANH = RunConfig(model="ae", bottleneck="tanh")
# A page's component, and of its pins what is allowed beside the run: all that its picture and its fields have.
PAGES = {
    "resampling": ("resampling", f"across 3 up 9 x {OWN} eps_seed 7 eps_scale 2.5 eps 1,-2"),
    "latent_space": ("latent_space", "across 1 up 10 shared_axes true x 5 z 1,-2 layers codes,holes classes 4,9"),
    "walk": ("walk", f"x {OWN} x2 9999 z_ae 1,-2 z_vae 0.5,3 sphere 1"),
}
every_page = pytest.mark.parametrize("page", PAGES)


@every_page
def test_a_pin_is_sent_with_its_own_run_of_another_size_and_nothing_of_it_is_the_pages(shown, stored, page):
    component, beside = PAGES[page]
    app = shown(page, x="3", pin=f"run {TEN.run_id} {beside}")
    assert not app.exception and not app.warning
    live = sent(app, component)
    pinned = live.pop("pinned")
    for content, config in ((live, TWO), (pinned["data"], TEN)):
        assert content["latentDim"] == config.latent_dim
        for half, run in (("ae", config.autoencoder), ("vae", config)):
            assert content["parcels"][half] == model_parcel(stored, run.run_id)
    words = beside.split(" ")
    view = dict(zip(words[::2], words[1::2]))
    own = live["toPin"]["own"]
    assert live["given"] == {"x": "3"} and pinned["data"]["given"] == {name: view[name] for name in own}
    if "across" in view:
        assert pinned["data"]["dims"] == [int(view["across"]) - 1, int(view["up"]) - 1] and live["dims"] == [0, 1]
    left = {"left": "f = identity"} if page == "latent_space" else {}
    assert pinned["view"] == view | left | {"run": TEN.run_id, "settings": None}
    assert (live["toPin"]["title"], pinned["title"]) == ("2-D · 3 epochs · seed 0", "10-D · 3 epochs · seed 0")
    assert pinned["data"]["isPinned"] and "isPinned" not in live
    # The live picture is the same as without.
    alone = sent(shown(page, x="3"), component)
    assert "pinned" not in alone and live == alone


def test_what_stands_on_the_left_and_the_axes_of_a_pinned_plane_are_its_own(shown, stored):
    app = shown("latent_space", left="f = sigmoid", pin=f"run {TWO.run_id} left {TANH.run_id} shared_axes true")
    live = sent(app, "latent_space")
    pinned = live["pinned"]["data"]
    assert (live["names"]["ae"], pinned["names"]["ae"]) == ("AE, f = sigmoid", "AE, f = tanh")
    assert (live["limits"], pinned["limits"]) == ({"ae": 1.2, "vae": 3}, {"ae": 3, "vae": 3})
    assert pinned["parcels"]["ae"] == model_parcel(stored, TANH.run_id)
    assert live["toPin"]["others"] == {"run": TWO.run_id, "left": RunConfig(model="ae", bottleneck="sigmoid").run_id}
    assert live["pinned"]["view"]["left"] == "f = tanh"


def test_the_plane_of_a_run_of_more_dimensions_is_pinned_with_the_names_of_these(shown):
    live = sent(shown("resampling", run=TEN.run_id), "resampling")
    across, up = (str(d + 1) for d in live["dims"])
    assert live["toPin"]["others"] == {"run": TEN.run_id, "across": across, "up": up}


@every_page
def test_a_pin_that_is_not_allowed_is_said_and_left_out(visit, page):
    component, _ = PAGES[page]
    app = visit(page)
    before = sent(app, component)
    run = f"run {TWO.run_id}"
    bad = ["", "x", "run", " ", "x 5", f"{run} x", f"{run} x 5 x 6", f"{run} h 1", f"{run} pin 1", f"{run}  x 5"]
    bad += ["run vae-2d-0123456789ab", "run ae-2d-190d6dc25bb9", "run ../x", f"{run} x {'9' * 3_000}", "run **b**"]
    bad += [f"{run} {name} {value}" for name in before["toPin"]["own"] for value in VALUES[name][1] if value]
    if page != "walk":
        bad += [f"{run} across {value}" for value in ("0", "3", "1.5", "x")]
    if page == "latent_space":
        bad += [f"{run} left {TEN.autoencoder.run_id}", f"{run} left f", f"{run} shared_axes false"]
    for text in bad:
        app.query_params["pin"] = text
        app.run()
        assert not app.exception, text
        [warning] = [one.value for one in app.warning]
        assert warning.startswith("Nothing is pinned, for in the pin of this address "), text
        assert sent(app, component) == before and "pin" not in app.query_params, text


def test_a_refusal_says_what_is_wrong_and_what_would_be_right(visit):
    missing = "vae-2d-0123456789ab"
    for text, said in {
        f"run {missing} x 5": f"run = `{missing}` is not allowed: the VAE of a pair that is on this server, trained to "
        "its end",
        f"run {TWO.run_id} x 10000": "x = `10000` is not allowed: the number of a test digit from 0 to 9,999, or a "
        "drawing",
        f"run {TWO.run_id} up 3": "up = `3` is not allowed: a whole number from 1 to 2",
        "x 5": "pin = `x 5` is not allowed: names and values by turns, each name once, the run among them: "
        "run, across, up, x, eps_seed, eps_scale, eps",
    }.items():
        [warning] = [one.value for one in visit("resampling", pin=text).warning]
        assert warning == f"Nothing is pinned, for in the pin of this address {said}."


def test_a_pin_is_there_again_when_one_comes_back_to_its_page_until_it_is_taken_out(visit):
    pin = f"run {LIGHT.run_id} x 5"

    def leave_and_come_back(app):
        for page in ("walk", "resampling"):
            app.query_params.clear()  # as the browser does
            app.switch_page(f"pages/{page}/{page}.py").run()
        return sent(app, "resampling")

    app = visit("resampling", pin=pin)
    assert leave_and_come_back(app)["pinned"]["data"]["given"] == {"x": "5"} and app.query_params["pin"] == pin
    del app.query_params["pin"]
    app.run()
    assert "pinned" not in sent(app, "resampling")
    assert "pinned" not in leave_and_come_back(app)
