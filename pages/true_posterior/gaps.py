"""What q loses over many images: measured by a worker, shown by assets/browser/true_posterior/gaps.*."""

import math

import streamlit as st
import torch

from pages.shared import class_names, news, parcels, run_again
from pages.shared import lab as ui
from pages.shared.component import base64_of, component
from pages.shared.expected import duration
from pages.shared.frame import fragment
from pages.shared.glossary import say
from pages.shared.once import once
from pages.shared.pair import halves
from pages.shared.plain import message
from pages.shared.readings import says_damage
from pages.shared.steer import complaint, says_off
from vae.config import RunConfig
from vae.measures.gap import Gap
from vae.runs.gaps import SPLITS
from vae.runs.store import StoreError
from vae.runs.worker import GAP_IMAGES, gap_images
from vae.sizes import size_of

KEY = "gaps"
MOST = 10  # digits of a gallery
LEAST = -3  # power of ten, in nats, where the histograms begin
SECONDS = 0.08  # an image, measured on one of two busy cores
CERTAIN = 1.96  # standard errors to both sides, within which a mean of so many is with 95 %
NOTHING = 0.01  # nats: of a q that loses less no more is said
NAMES = {"amortisation": "amortisation", "independence": "independence", "shape": "the Gaussian shape"}

_gaps = component("true_posterior", "gaps")


@says_damage
def over_the_test_images(vae: RunConfig) -> None:
    """Histograms of the parts of what q loses, and the digits that lose most; measured when somebody asks."""
    size = size_of(vae.dataset)
    test, training = (min(GAP_IMAGES, count) for count in (size.test, size.train))
    st.subheader(f"Over {test:,} test digits, and {'as many' if training == test else f'{training:,}'} training digits")
    model = _model(vae)
    measured = _measured(model)
    if _count(measured) == gap_images(vae.dataset):
        complaint()
        _draw(vae, model, *measured)
    else:
        fragment(_watch)(vae, model, ui.runs().is_measuring(*model))


def _model(vae: RunConfig) -> tuple[str, str]:
    """The run and the checksum of its model."""
    return vae.run_id, halves(vae)[1].sha256


@says_damage
def _watch(vae: RunConfig, model: tuple[str, str], before: bool) -> None:
    """How far the measuring is, and what there is of it by now."""
    if _model(vae) != model:
        run_again()  # another model, for the run has been trained on meanwhile
    news.watch("/".join(model))
    ui.runs().ensure_gaps(*model)
    if ui.runs().is_measuring(*model) != before:
        run_again()  # other buttons
    measured = _measured(model)
    images = gap_images(vae.dataset)
    if _count(measured) == images:
        run_again()  # nobody need look any more
    complaint()
    _steer(model, _count(measured), images, before)
    _draw(vae, model, *measured)


def _measured(model: tuple[str, str]) -> list["_Bounds"]:
    """What was measured of each split so far."""
    return [_Bounds(ui.runs().store.gap(*model, split)) for split in SPLITS]


def _count(measured: list["_Bounds"]) -> int:
    return sum(bounds.count for bounds in measured)


def _draw(vae: RunConfig, model: tuple[str, str], test: "_Bounds", training: "_Bounds") -> None:
    """The outcome in words, histograms, and the digits that lose most."""
    if not test.count:
        return
    outcome, picture = _summary(vae, model[1], test)
    said = [outcome, _of_training_digits(vae, model[1], test, training), f":small[{_note(vae)}]"]
    say("\n\n".join(filter(None, said)))
    _gaps(
        key=KEY,
        data={
            "subject": " ".join(model),
            "parcels": {"labels": parcels.of_labels(vae.dataset)},
            "images": parcels.of_images(vae.dataset),
            **class_names.in_browser(vae.dataset),
            "done": test.count,
            "tempered": vae.kl_weight != 1,
            **picture,
        },
        height="content",
    )


class _Bounds:
    """What was measured of a split: the same where it is of as many digits."""

    def __init__(self, bounds: dict[str, list[float]]):
        self.count, self.bounds = len(bounds.get("encoder", ())), bounds

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Bounds) and self.count == other.count

    def __hash__(self) -> int:
        return hash(self.count)

    @property
    def gap(self) -> Gap:
        """The bounds as tensors."""
        return Gap(**{name: torch.tensor(values) for name, values in self.bounds.items()})


@once(60)
def _summary(vae: RunConfig, model_sha256: str, measured: _Bounds) -> tuple[str, dict]:
    """What was measured in words, and what the component draws of it."""
    gap = measured.gap
    decades = [LEAST, math.ceil(_total(gap).max().clamp(min=10).log10().item())]
    return _outcome(gap, vae.kl_weight), {"decades": decades, "rows": _rows(gap)}


def _steer(model: tuple[str, str], done: int, images: int, is_measuring: bool) -> None:
    """How far the measuring is, why it ended, and the button that has it begin, stop or go on."""
    may_measure = says_off()
    row = st.container(horizontal=True, vertical_alignment="center")
    if is_measuring:
        row.button("Stop", icon=":material/stop:", on_click=_stop, args=model)
        so_far = f"{done:,} of {images:,} digits are measured" if done else "waiting for a free worker …"
        why = ui.runs().fault("/".join(model)) or ui.runs().hindrance()
        row.progress(done / images, message(why) if why else so_far)
        return
    label = "Go on" if done else f"Measure {images:,} digits"
    row.button(
        label, icon=":material/play_arrow:", type="primary", disabled=not may_measure,
        on_click=_measure, args=model,
    )  # fmt: skip
    left = duration(SECONDS * (images - done))
    row.caption(
        f"{done:,} of {images:,} are measured, test digits first, then training digits; the others take about {left}, "
        "longer while runs are trained"
    )
    if ended := ui.runs().store.gap_control(*model).get("message"):
        st.error(message(ended), icon=":material/error:")


def _measure(*model: str) -> None:
    _try(ui.runs().measure_gaps, model)


def _stop(*model: str) -> None:
    _try(ui.runs().stop_gaps, model)


def _try(action, model: tuple[str, str]) -> None:
    try:
        action(*model)
    except StoreError as error:
        st.session_state["complaint"] = str(error)


def _total(gap: Gap) -> torch.Tensor:
    return gap.log_evidence - gap.encoder


def _rows(gap: Gap) -> list[dict]:
    """What the component draws: all of the loss, then its parts, each with the digits that have most of it."""
    rows = [{"part": "all", **_figures(_total(gap))}]
    for part, nats in gap.parts.items():
        most = [{"index": index, "nats": nats[index].item()} for index in nats.argsort(descending=True)[:MOST].tolist()]
        rows.append({"part": part, **_figures(nats), "most": most})
    return rows


def _figures(nats: torch.Tensor) -> dict:
    return {
        "values": base64_of(nats.numpy()),
        "mean": nats.mean().item(),
        "median": nats.quantile(0.5).item(),
    }


def _outcome(gap: Gap, weight: float) -> str:
    """What was measured, in two sentences."""
    total = _total(gap)
    nats, posterior = ("nats", "exact") if weight == 1 else ("tempered nats", "tempered")
    lost = f"q loses **{total.mean():.2f} {nats}** on average against the {posterior} posterior"
    if total.mean() < NOTHING:
        return f"{lost}: as good as nothing."
    shares = {NAMES[part]: (nats.sum() / total.sum()).item() for part, nats in gap.parts.items()}
    (largest, share), *others = sorted(shares.items(), key=lambda part: -part[1])
    parts = ", ".join([f"{_percent(share)} of it is {largest}", *(f"{_percent(less)} {part}" for part, less in others)])
    tenth = total.topk(max(1, len(total) // 10)).values.sum() / total.sum()
    return (
        f"{lost}, {total.quantile(0.5):.2f} in the median: {parts}. "
        f"The tenth of the digits for which q is worst have {_percent(tenth.item())} of all that is lost."
    )


@once(60)
def _of_training_digits(vae: RunConfig, model_sha256: str, test: _Bounds, training: _Bounds) -> str:
    """Whether the encoder is worse for digits that it has never seen, in words; empty until all are measured."""
    if test.count + training.count < gap_images(vae.dataset) or _total(test.gap).mean() < NOTHING:
        return ""
    nats = "nats" if vae.kl_weight == 1 else "tempered nats"
    seen, unseen = training.gap, test.gap
    parts = ", ".join(
        f"{_percent((part.sum() / _total(seen).sum()).item())} {NAMES[name]}" for name, part in seen.parts.items()
    )
    of_seen, of_unseen = (gap.parts["amortisation"] for gap in (seen, unseen))
    more = (of_unseen.mean() - of_seen.mean()).item()
    margin = CERTAIN * math.hypot(*(part.std().item() / math.sqrt(len(part)) for part in (of_seen, of_unseen)))
    verdict = f"the encoder is {'worse' if more > 0 else 'better'} for digits that it has never seen"
    if abs(more) <= margin:
        verdict = "too few digits to tell whether the encoder is worse for those that it has never seen"
    change = f"{more:+.2f} ± {margin:.2f}".replace("-", "−")
    return (
        f"Over the first {training.count:,} **training** digits it loses {_total(seen).mean():.2f} {nats}: {parts}. By "
        f"amortisation the test digits lose {of_unseen.mean():.2f} and the training digits {of_seen.mean():.2f}, a "
        f"difference of {change} {nats} (95 %): {verdict}."
    )


def _note(vae: RunConfig) -> str:
    """What the parts must not be taken for."""
    unlike = (
        "Amortisation of test digits is not only the one encoder for all: some are unlike all that it was trained "
        "with, and training digits tell how much that is."
    )
    if vae.init_from and vae.trainable != "all":
        return f"This decoder is an AE's, and was never trained through such a q. {unlike}"
    return (
        f"{unlike} And independence and shape are small where a decoder was trained through such a q, as this one "
        "was: it has shaped its posteriors to fit it."
    )


def _percent(share: float) -> str:
    return "under 1\N{NO-BREAK SPACE}%" if share < 0.01 else f"{100 * share:.0f}\N{NO-BREAK SPACE}%"
