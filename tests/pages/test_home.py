"""The home page around its picture: garbage in its address, and a damaged model."""

import pytest

from vae.config import RunConfig

VAE = RunConfig()
GARBAGE = {
    "passes": (("0", "-1", "abc", "1000000", "", "1.5"), "a whole number from 1 to 99,999"),
    "x": (("eleven", "10000", "-1", "own-", "own-AAAA"), "the number of a test digit from 0 to 9,999, or a drawing"),
}


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [(name, value, allowed) for name, (values, allowed) in GARBAGE.items() for value in values],
)
def test_garbage_in_the_address_is_said_and_left_out(visit, name, value, allowed):
    app = visit("home", **{name: value})
    assert not app.exception
    assert (
        app.warning[0].value
        == f"{name} = `{value or '(nothing)'}` in the address is not allowed: {allowed}. The default is shown."
    )
    assert name not in app.query_params


def test_what_is_allowed_in_the_address_stays_there(visit):
    app = visit("home", passes=99_999, x=9_999)
    assert not app.exception and not app.warning
    assert app.query_params == {"passes": "99999", "x": "9999"}


def test_a_damaged_model_is_said_and_set_aside_and_the_pretrained_one_answers_again(visit, damage, lab):
    damage(VAE.run_id, "model.safetensors")
    app = visit("home")
    assert not app.exception
    assert f"run {VAE.run_id} is damaged: model.safetensors" in app.error[0].value
    assert "set aside in" in app.error[0].value
    assert len(lab.damage_reports(VAE.run_id)) == 1
