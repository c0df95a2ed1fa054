"""Sweeps of one's own: which runs, how far each of them is, and what came of it."""

from collections.abc import Sequence

import pyarrow
import streamlit as st

from pages.shared import controls, several
from pages.shared import lab as ui
from pages.shared.once import once
from pages.shared.plain import plain
from vae.config import ConfigError, RunConfig
from vae.runs.store import RunStatus
from vae.runs.sweep import sweep
from vae.typed import read_numbers

EXAMPLE = "0, 0.3, 1, 4"
LABELS = {"kl_weight": "KL weights β", "seed": "Seeds"}
COLUMNS = {
    "model": "Model",
    "kl_weight": st.column_config.NumberColumn("KL weight", format="%g"),
    "seed": "Seed",
    "state": "State",
    "progress": st.column_config.ProgressColumn("Progress", min_value=0, max_value=1, format="percent"),
    "reconstruction": st.column_config.NumberColumn("Reconstruction", format="%.1f"),
    "kl": st.column_config.NumberColumn("KL", format="%.1f"),
    "negative_elbo": st.column_config.NumberColumn("−ELBO", format="%.1f"),
    "active_units": "Active",
}
SETTINGS = {name: (controls.FEW | controls.MORE)[name] for name in ("latent_dim", "epochs", "dataset", "batch_size")}
FIGURES = ("reconstruction", "kl", "negative_elbo", "active_units")


def of_ones_own() -> None:
    """Settings, buttons, and a row a run; rows of runs that are there already are full at once."""
    configs = _settings()
    if configs:
        several.train(configs, _table)


def _settings() -> tuple[RunConfig, ...]:
    """The runs that are asked for; none where a setting is bad, which is said in words."""
    with st.container(horizontal=True):
        kl_weights = st.text_input(
            LABELS["kl_weight"],
            EXAMPLE,
            key="kl_weights",
            bind="query-params",
            help="1 to 12 numbers, as 0.3, 1 or 0,3; 1.",
        )
        seed_text = st.text_input(LABELS["seed"], "0", key="seeds", bind="query-params", help="1 to 3 whole numbers.")
        values = {name: controls.setting(name, label) for name, label in SETTINGS.items()}
    controls.need_images(values["dataset"])
    try:
        base = RunConfig(**values)
        typed = read_numbers("kl_weights", kl_weights)
        if typed.reading:
            st.caption(f"Read as **{typed.reading}**.")
        return sweep(base, typed.values, read_numbers("seeds", seed_text, int).values)
    except ConfigError as error:
        label = LABELS.get(error.name.removesuffix("s"), error.name)
        st.error(f"**{label}**: {plain(error.value)} is not allowed: {error.allowed}")
        return ()


def _table(configs: Sequence[RunConfig], now: list[RunStatus]) -> None:
    done = sum(status.state == "complete" for status in now)
    share = sum(status.step for status in now) / sum(config.total_steps for config in configs)
    st.progress(min(share, 1.0), f"{done} of {len(configs)} runs are complete")
    tests = [ui.test_of(config.run_id) if status.has_model else {} for config, status in zip(configs, now)]
    figures = tuple(tuple(map(test.get, FIGURES)) for test in tests)
    st.dataframe(_rows(tuple(configs), tuple(now), figures), column_config=COLUMNS, hide_index=True, key="sweep")


@once(50)
def _rows(configs: tuple[RunConfig, ...], now: tuple[RunStatus, ...], figures: tuple[tuple, ...]) -> pyarrow.Table:
    rows = [
        {
            "model": config.model.upper(),
            "kl_weight": None if config.model == "ae" else config.kl_weight,
            "seed": config.seed,
            "state": "not trained yet" if status.state == "absent" else status.state,
            "progress": status.step / config.total_steps,
            **dict(zip(FIGURES, measured)),
        }
        for config, status, measured in zip(configs, now, figures)
    ]
    return pyarrow.Table.from_pylist(rows)
