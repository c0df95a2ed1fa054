"""The page of all runs: what it lists, opens and compares, and who may delete what."""

from dataclasses import replace

import pytest

from pages.shared import visitors
from tests.pages.seen import words
from tests.vae.runs.test_store import train_in
from vae.config import RunConfig
from vae.runs import limit

SMALL = RunConfig(epochs=1, train_size=1_000, hidden_dims=(16,))


def marked(app, *run_ids: str):
    """The page with these rows marked, as by clicks."""
    names = app.dataframe[0].value["name"].tolist()
    app.session_state["runs 0"] = {"selection": {"rows": [names.index(run_id) for run_id in run_ids], "columns": []}}
    return app.run()


def test_it_lists_every_run_with_its_figures(visit, lab):
    train_in(lab, SMALL)
    table = visit("classroom/runs").dataframe[0].value.set_index("name")
    assert set(table.index) == set(lab.run_ids())
    test = lab.metrics(SMALL.run_id)["test"]
    row = table.loc[SMALL.run_id]
    assert (row["−ELBO"], row["KL"], row["state"]) == (test["negative_elbo"], test["kl"], "complete")
    assert row["origin"] == "trained here" and 0 < row["size, MB"] < 1
    assert table.loc[RunConfig().run_id, "origin"] == "comes with the project"


def test_a_marked_run_opens_and_two_are_compared(visit, lab):
    app = marked(visit("classroom/runs"), RunConfig(kl_weight=10.0).run_id)
    links = [link.proto.label for link in app.get("page_link")]
    assert "Open it on Latent space" in links and "Open it on “Variational”" in links
    assert f"./take_home/{RunConfig(kl_weight=10.0).run_id}/model.py" in words(app)
    assert not [button for button in app.button if "Delete" in button.label]
    one, other = RunConfig(), RunConfig(kl_weight=10.0)
    rows = marked(visit("classroom/runs"), one.run_id, other.run_id).dataframe[1].value.set_index("what")
    assert rows.loc["KL weight", ["the first", "the second"]].tolist() == ["1.0", "10.0"]
    kl = [lab.metrics(run.run_id)["test"]["kl"] for run in (one, other)]
    assert rows.loc["KL", "difference"] == f"{kl[1] - kl[0]:+.1f}"
    assert "Seed" not in rows.index and "Epochs" not in rows.index


def test_ones_own_run_is_deleted_and_had_back(visit, lab, monkeypatch):
    monkeypatch.setattr(visitors, "address", lambda: "127.0.0.1")
    train_in(lab, SMALL)
    app = marked(visit("classroom/runs"), SMALL.run_id)
    delete = next(button for button in app.button if button.label == "Delete this run")
    app = delete.click().run()
    assert lab.status(SMALL.run_id).state == "absent" and not app.exception
    assert SMALL.run_id not in app.dataframe[0].value["name"].tolist()
    app = next(button for button in app.button if button.label == "Undo").click().run()
    assert lab.status(SMALL.run_id).state == "complete" and not app.exception
    assert SMALL.run_id in app.dataframe[0].value["name"].tolist()


@pytest.mark.parametrize("address, may", [("10.0.0.7", False), ("127.0.0.1", True), ("", True)])
def test_of_others_runs_only_who_sits_at_the_server_deletes_any(visit, lab, monkeypatch, address, may):
    train_in(lab, SMALL)
    monkeypatch.setattr(visitors, "address", lambda: address)
    app = marked(visit("classroom/runs"), SMALL.run_id)
    assert bool([button for button in app.button if button.label == "Delete this run"]) == may


def test_a_run_that_is_at_work_is_not_deleted_and_that_is_said(visit, lab, monkeypatch):
    monkeypatch.setattr(visitors, "address", lambda: "127.0.0.1")
    train_in(lab, SMALL)
    app = marked(visit("classroom/runs"), SMALL.run_id)
    lab.upper.delete(f"{SMALL.run_id}/metrics.json")  # somebody goes on with it meanwhile
    app = next(button for button in app.button if button.label == "Delete this run").click().run()
    assert "stop it first" in app.error[0].value and not app.exception


def test_the_command_deletes_too(lab, small, capsys):
    from vae.__main__ import main

    train_in(lab, replace(small, seed=5))
    assert main(["runs", "--store", lab.url, "--delete", replace(small, seed=5).run_id]) == 0
    assert lab.status(replace(small, seed=5).run_id).state == "absent"
    for run_id, why in ((RunConfig().run_id, "comes with the project"), ("vae-2d-000000000000", "has no run")):
        with pytest.raises(SystemExit) as ended:
            main(["runs", "--store", lab.url, "--delete", run_id])
        assert ended.value.code == 2 and why in capsys.readouterr().err


def test_of_a_store_with_an_end_it_says_what_made_way_and_a_run_can_be_kept(visit, lab, monkeypatch):
    monkeypatch.setattr(visitors, "address", lambda: "127.0.0.1")
    monkeypatch.setenv("VAE_STORE_LIMIT", "2 GB")
    train_in(lab, SMALL)
    train_in(lab, replace(SMALL, seed=1))
    limit.keep_within(lab, 0, replace(SMALL, seed=1).run_id)
    app = marked(visit("classroom/runs"), replace(SMALL, seed=1).run_id)
    assert "may take 2 GB (VAE_STORE_LIMIT)" in app.caption[0].value and SMALL.run_id in app.caption[0].value
    app.toggle[0].set_value(True).run()
    assert not app.exception and lab.is_kept(replace(SMALL, seed=1).run_id)
    assert limit.keep_within(lab, 0) == []
