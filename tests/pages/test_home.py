"""The home page's numbers: what passes through again changes where, and only where, the lesson says so."""

import re

import pytest

from vae.config import RunConfig

VAE = RunConfig()


def captions(app) -> list[list[str]]:
    """The numbers under the film strips: those of the AE and those of the VAE."""
    rows = [re.findall("<i>(.*?)</i>", p) for p in re.findall("<p>(.*?)</p>", app.get("html")[-1].proto.body)]
    return [row for row in rows if row]


def test_each_pass_gives_the_vae_another_z_and_the_ae_the_same(visit):
    app = visit("home")
    for _ in range(4):
        app.button[0].click().run()
    ae, vae = captions(app)
    assert len(ae) == len(vae) == 5
    assert len(set(ae)) == 1
    assert len(set(vae)) == 5


def test_the_same_pass_gives_the_same_numbers_to_every_visitor(visit):
    first, second = visit("home"), visit("home")
    assert captions(first) == captions(second)
    assert captions(first.button[0].click().run()) == captions(second.button[0].click().run())


def test_only_the_latest_passes_stay_on_the_page(visit):
    app = visit("home", passes=500)
    before = captions(app)[1]
    assert len(before) <= 10
    assert captions(app.button[0].click().run())[1][:-1] == before[1:]


@pytest.mark.parametrize("passes", ["0", "-1", "abc", "1000000", ""])
def test_a_number_of_passes_that_is_none_is_said_and_one_pass_shown(visit, passes):
    app = visit("home", passes=passes)
    assert not app.exception
    assert f"passes = `{passes}` in the address is not allowed" in app.warning[0].value
    assert [len(row) for row in captions(app)] == [1, 1]


def test_another_digit_has_another_code(visit):
    assert captions(visit("home", digit=3)) != captions(visit("home", digit=4))


def test_a_digit_that_is_none_shows_the_default(visit):
    app = visit("home", digit="eleven")
    assert not app.exception
    assert app.warning[0].value.startswith("digit = `eleven` in the address is not allowed: one of 0 to 9")
    assert captions(app) == captions(visit("home"))


def test_a_damaged_model_is_said_and_set_aside_and_the_pretrained_one_answers_again(visit, damage, lab):
    damage(VAE.run_id, "model.safetensors")
    app = visit("home")
    assert not app.exception
    assert f"run {VAE.run_id} is damaged: model.safetensors" in app.error[0].value
    assert "set aside in" in app.error[0].value
    assert len(lab.damage_reports(VAE.run_id)) == 1
