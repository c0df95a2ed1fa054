"""The latent space page: what its address, its draw and its damaged runs make of it."""

import json
import re

import pytest

from vae.config import RunConfig

VAE = RunConfig()
TEN = RunConfig(latent_dim=10)


def samples(app) -> list[str]:
    """The pictures of the three rows of fresh samples."""
    return re.findall('src="(.*?)"', app.get("html")[-1].proto.body)


def titles(app) -> list[str]:
    """The names of the axes of both scatters."""
    layouts = [json.loads(chart.proto.spec)["layout"] for chart in app.get("plotly_chart")]
    return [layout[axis]["title"]["text"] for layout in layouts for axis in ("xaxis", "yaxis")]


def test_the_smallest_pair_is_shown_first(visit):
    assert titles(visit("latent_space")) == ["z₁", "z₂", "μ₁", "μ₂"]


def test_each_draw_has_samples_of_its_own_and_always_the_same(visit):
    app = visit("latent_space")
    first = samples(app)
    again = samples(app.button[0].click().run())
    assert app.number_input(key="draw").value == 1
    assert not set(first) & set(again)
    assert samples(visit("latent_space", draw=1)) == again


def test_an_index_in_the_address_chooses_the_digit(visit):
    app = visit("latent_space", index=4711)
    assert not app.warning
    assert any(m.value.startswith("**Test digit 4,711**") for m in app.markdown)


@pytest.mark.parametrize("index", ["10000", "-1", "abc", "²", ""])
def test_an_index_that_is_none_is_said_and_the_first_digit_shown(visit, index):
    app = visit("latent_space", index=index)
    assert not app.exception
    assert f"index = `{index}` in the address is not allowed" in app.warning[0].value
    assert any(m.value.startswith("**Test digit 0**") for m in app.markdown)


def test_a_run_that_is_none_is_said_and_the_first_pair_shown(visit):
    app = visit("latent_space", run="nonsense")
    assert not app.exception
    assert "run = `nonsense` in the address is not here" in app.warning[0].value
    assert app.selectbox(key="run").value == VAE.run_id


def test_the_address_carries_the_pair_that_was_chosen(visit):
    app = visit("latent_space")
    app.selectbox(key="run").set_value(TEN.run_id).run()
    assert not app.warning
    assert app.query_params["run"] == TEN.run_id
    assert visit("latent_space", run=TEN.run_id).selectbox(key="run").value == TEN.run_id


def test_ten_dimensions_are_seen_in_their_principal_plane_or_two_at_a_time(visit):
    app = visit("latent_space")
    app.selectbox(key="run").set_value(TEN.run_id).run()
    assert titles(app)[2:] == ["μ: 1st principal axis", "2nd principal axis"]
    app.selectbox(key="plane").set_value("two dimensions of z").run()
    app.selectbox(key="across").set_value(10).run()
    assert not app.exception
    assert titles(app) == ["z₁₀", "z₂", "μ₁₀", "μ₂"]


@pytest.mark.parametrize("name", ["model.safetensors", "snapshots/64.safetensors", "history.jsonl", "config.json"])
@pytest.mark.parametrize("half", [VAE, VAE.autoencoder], ids=["vae", "ae"])
def test_a_damaged_run_is_set_aside_and_never_shown(visit, damage, lab, half, name):
    damage(half.run_id, name)
    app = visit("latent_space")
    assert not app.exception
    assert lab.damage_reports(half.run_id) or app.selectbox(key="run").value != VAE.run_id
