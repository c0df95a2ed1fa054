"""The collapse's page: curves of every dimension, and sweeps from the first press to the last row."""

import functools
import shutil
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from pages.collapse import collapse_answers, sweeping
from tests.browser.server import wait_for
from tests.pages.seen import curves, sent, words
from vae.config import RunConfig
from vae.runs.store import PRETRAINED, RunStore
from vae.runs.sweep import LADDER, RAMPLESS, ladder

QUICK = {"kl_weights": "0,10", "seeds": "0", "latent_dim": "3", "epochs": "1"}
TEN = RunConfig(latent_dim=10)


def frame(app):
    """The table of the sweep."""
    return app.dataframe[0].value


def test_the_curves_of_a_training_are_red_where_a_dimension_is_active_in_the_end(shown, stored, q_of):
    app = shown("collapse", models="10-D", warm_up="true")
    assert app.segmented_control[0].options == [f"β = {weight:g}" for weight in LADDER[10]]
    for drawn, runs in ((curves(app, 0), [TEN]), (curves(app, 1), [TEN, RAMPLESS])):
        assert len(drawn) == 10 * len(runs)
        for place, curve in enumerate(drawn):
            run_id, dimension = runs[place // 10].run_id, place % 10
            history = stored.history(run_id)
            assert curve["y"] == pytest.approx([line["kl_per_dimension"][dimension] for line in history])
            is_active = q_of(run_id)[0].var(0)[dimension] > 0.01
            assert curve["line"]["color"] == ("#e03131" if is_active else "#8a94a6")
    assert {curve["line"]["color"] for curve in curves(app, 1)} == {"#e03131", "#8a94a6"}


BAD = {
    "kl_weights": ["", ",", "abc", "-1", "1,1", "nan", "inf", ",".join(map(str, range(13)))],
    "seeds": ["", "x", "0,0", "0,1,2,3", "-1", "9" * 5000],
}


@pytest.mark.parametrize("name", BAD)
def test_a_sweep_that_is_none_is_refused_in_words(visit, name):
    app = visit("collapse", **{name: BAD[name][0]})
    for value in BAD[name]:
        app.text_input(key=name).set_value(value).run()
        assert not app.exception
        assert "is not allowed" in app.error[0].value
        assert any("The words: nats" in text.value for text in app.markdown)  # the rest of the page stays
    app.text_input(key=name).set_value("1").run()
    assert not app.error


def test_weights_may_be_written_with_blanks_and_semicolons(visit):
    table = frame(visit("collapse", kl_weights="1 ; 0.3 0,"))
    assert table["kl_weight"].tolist()[1:] == [0.0, 0.3, 1.0]


def test_how_a_decimal_comma_was_read_is_said_above_the_button_and_what_is_ambiguous_refused(visit):
    app = visit("collapse")
    assert not [caption for caption in app.caption if "Read as" in caption.value]
    for typed, read, weights in (("0,3; 1", "0.3 and 1", [0.3, 1.0]), ("0,3", "0 and 3", [0.0, 3.0])):
        app.text_input(key="kl_weights").set_value(typed).run()
        assert [caption.value for caption in app.caption if "Read as" in caption.value] == [f"Read as **{read}**."]
        assert frame(app)["kl_weight"].tolist()[1:] == weights
    app.text_input(key="kl_weights").set_value("0,3, 1").run()
    assert "it can be read as 0, 3 and 1, or as 0.3 and 1" in app.error[0].value
    app.text_input(key="kl_weights").set_value("1; x").run()
    assert "`x` is not allowed: a number from 0 to 1000" in app.error[0].value and not app.exception


def test_a_run_without_curves_is_said(visit, lab):
    config = ladder(2)[0]
    history = [{k: v for k, v in line.items() if k != "kl_per_dimension"} for line in lab.history(config.run_id)]
    model, test = lab.model(config.run_id).state_dict(), lab.metrics(config.run_id)["test"]
    for run in (config, config.autoencoder):
        shutil.copytree(PRETRAINED / run.run_id, Path(lab.url) / run.run_id)
    lab.upper.delete(f"{config.run_id}/metrics.json")
    lab.finish(config, "complete", history, model, test=test)
    app = visit("collapse", models="2-D")
    app.segmented_control[0].set_value("β = 0").run()
    assert not app.exception
    assert "nobody wrote them down" in app.info[0].value


def test_runs_that_are_there_already_fill_their_rows_at_once(visit, lab):
    table = frame(visit("collapse", kl_weights="1, 7"))
    assert table["state"].tolist() == ["complete", "complete", "not trained yet"]
    assert table["kl"].tolist()[1] == lab.metrics(RunConfig().run_id)["test"]["kl"]
    assert table["kl_weight"].tolist()[1:] == [1.0, 7.0]


@pytest.fixture
def quick(monkeypatch):
    """Sweeps of runs that train in a moment: what the page does not ask for is smaller than usual."""
    monkeypatch.setattr(sweeping, "RunConfig", functools.partial(RunConfig, train_size=1_000, hidden_dims=(16,)))


def wait_until_all_are(states: set[str], app, read_anew) -> None:
    """Looks at the sweep's table until every run is in one of the states."""

    def are_all() -> bool:
        read_anew()
        app.run()
        return set(frame(app)["state"]) <= states

    wait_for(are_all)


def test_a_sweep_trains_every_run_and_then_there_is_a_ladder_of_its_own(visit, lab, quick, read_anew):
    app = visit("collapse", **QUICK)
    assert frame(app)["state"].tolist() == ["not trained yet"] * 3 and frame(app)["progress"].tolist() == [0.0] * 3
    next(button for button in app.button if button.label == "Train 3 runs").click().run()
    assert any(button.label == "Stop all" for button in app.button)
    wait_until_all_are({"complete"}, app, read_anew)
    assert frame(app)["progress"].tolist() == [1.0] * 3
    assert [bar.proto.text for bar in app.get("progress")] == ["3 of 3 runs are complete"]
    small = RunConfig(train_size=1_000, hidden_dims=(16,), latent_dim=3, epochs=1)
    runs = [small.autoencoder, *(replace(small, kl_weight=weight) for weight in (0.0, 10.0))]
    for (_, row), config in zip(frame(app).iterrows(), runs):
        test = lab.metrics(config.run_id)["test"]
        assert row["model"] == config.model.upper() and row["reconstruction"] == test["reconstruction"]
        if config.model == "vae":
            expected = config.kl_weight, test["kl"], test["kl"] + test["reconstruction"]
            assert row[["kl_weight", "kl", "negative_elbo"]].tolist() == pytest.approx(expected, abs=1e-3)
    read_anew()
    app = visit("kl_weight", models="3-D hidden_dims (16,)")
    assert not app.warning, app.warning
    assert [rung["weight"] for rung in sent(app, "ladder")["rungs"]] == [0, 10]


def test_stop_all_ends_a_sweep_where_it_is(visit, lab, quick, read_anew):
    app = visit("collapse", kl_weights="0,10", latent_dim="3", epochs="200")
    next(button for button in app.button if button.label == "Train 3 runs").click().run()
    wait_for(lambda: any(lab.status(run_id).step for run_id in lab.upper.folders()))
    next(button for button in app.button if button.label == "Stop all").click().run()
    wait_until_all_are({"stopped", "not trained yet"}, app, read_anew)  # the latter if its turn had not come
    assert "stopped" in set(frame(app)["state"])
    assert next(button for button in app.button if button.label == "Train 3 runs").disabled is False


def test_a_warm_up_is_compared_with_none_in_words(shown, stored):
    app = shown("collapse", models="10-D", warm_up="true")
    for name, config in {"warm-up over 30% of the training": TEN, "no warm-up": RAMPLESS}.items():
        test = stored.metrics(config.run_id)["test"]
        assert (
            f"{name}: {test['active_units']} of 10 dimensions active, −ELBO {test['negative_elbo']:.1f} "
            f"= reconstruction {test['reconstruction']:.1f} + KL {test['kl']:.1f} nats"
        ) in words(app)


def test_the_page_opens_with_ten_dimensions(shown):
    assert shown("collapse").selectbox(key="models").value == "10-D"


def test_what_is_predicted_is_answered_by_the_runs(lab, stored):
    active = stored.metrics(replace(TEN, kl_weight=4.0).run_id)["test"]["active_units"]
    answer = collapse_answers.active_with_a_larger_weight(RunConfig())
    expected = {10: collapse_answers.ALL}.get(active, collapse_answers.SOME if active >= 5 else collapse_answers.FEW)
    assert answer.measured == expected and answer.words.startswith(f"{active} of 10 dimensions")
    answer = collapse_answers.warm_up(RunConfig())  # its figure: tests/pages/shared/test_seeds.py
    assert answer.measured == collapse_answers.WARM_UP and "better" in answer.words and "5 seeds" in answer.words


@pytest.mark.parametrize("old", [{"kl_weights": "0.5,2"}, {"seeds": "3"}, {"warm_up": "true"}, {"epochs": "5"}])
def test_links_of_when_this_was_a_part_of_the_kl_weights_page_lead_here(visit, old):
    app = visit("kl_weight", **old, models="2-D", lesson="3")
    assert not app.exception and not app.warning and "a page of their own" in app.info[0].value
    [link] = [element.proto for element in app.get("page_link")]
    assert link.page == "collapse" and parse_qs(link.query_string) == {name: [text] for name, text in old.items()} | {
        "models": ["2-D"]
    }
    app = visit("collapse", **old, models="2-D")
    assert not app.exception and not app.warning and app.selectbox(key="models").value == "2-D"
    if "warm_up" in old:
        assert "no warm-up" in words(app)


def test_over_a_store_without_these_runs_the_page_says_what_to_do(visit, lab, monkeypatch):
    monkeypatch.setattr(RunStore, "states", lambda store: {})
    app = visit("collapse")
    assert not app.exception and "train some below" in app.info[0].value
