"""From a file, or from drawings that were collected, to a dataset: the parts of the page of own pictures."""

import html
import math
import re
import tempfile
import threading
from pathlib import Path

import numpy as np
import streamlit as st

from pages.classroom import drawings
from pages.shared import address, class_names
from pages.shared.digits import film_strips
from pages.shared.once import forget, once
from pages.shared.plain import message, plain
from pages.shared.readings import store
from vae.config import RunConfig
from vae.datasets import PIXELS
from vae.own_data import OwnDataError, Pictures, of_drawings, read
from vae.runs.files import SpoiledFile, StoreFault
from vae.runs.shelf import LONGEST, About, name_of
from vae.sizes import size_of

MOST_MB = 100  # of a file: `python -m vae data add` takes larger ones
SHOWN, STRIPS = 14, 12  # pictures of a class, and classes, that are shown before it is taken
KINDS = (
    ".npz or .npy arrays (n, 28, 28), (n, 784) or (n, height, width), idx files as MNIST's and EMNIST's (pictures and "
    "labels together), a .csv like Kaggle's with a column for the label, or a .zip of pictures with a folder a class. "
    f"Up to {MOST_MB} MB here; `python -m vae data add FILE --name letters` takes larger ones. Labels may be missing."
)
TURNS = {"transpose": "Rows and columns", "invert": "Black and white"}
AS_FOUND = "as it seems right"
CHOICES = {AS_FOUND: None, "swapped": True, "as they are": False}
MOST_EPOCHS = 100  # at first: of few images


def from_file() -> None:
    """A file, or several that belong together, shown as they would be taken."""
    given = st.file_uploader(
        "Files that belong together", accept_multiple_files=True, max_upload_size=MOST_MB, help=KINDS, key="own files"
    )
    if not given:
        st.caption(KINDS)
        return
    upload = Upload(given)
    wished = [CHOICES[st.session_state.get(f"{name} {upload.key}", AS_FOUND)] for name in TURNS]
    try:
        _offer(upload.key, _read(upload, *wished), _tidy(given[0].name).split(".")[0])
    except (OwnDataError, OSError) as error:
        st.error(f"This cannot be taken. {message(error)}", icon=":material/block:")


class Upload:
    """Files as somebody has given them; their bytes are Streamlit's, which forgets them with the visit."""

    def __init__(self, files: list):
        self.files, self.key = files, " ".join(one.file_id for one in files)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Upload) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def write(self, folder: Path) -> list[Path]:
        """Writes the files, each into a folder of its own, for two may have one name; raises OwnDataError for too much.

        Their names say what they are, but are not trusted.
        """
        if (size := sum(one.size for one in self.files)) > MOST_MB * 1_000_000:
            raise OwnDataError("these files", f"{size / 1e6:,.0f} MB together, but at most {MOST_MB} are allowed here")
        paths = []
        for number, one in enumerate(self.files):
            path = folder / str(number) / _tidy(one.name)
            path.parent.mkdir()
            path.write_bytes(one.getbuffer())
            paths.append(path)
        self.files = []  # this is kept with what was read
        return paths


def _tidy(name: str) -> str:
    """What is left of a file's name when it is one and nothing else."""
    return re.sub(r"[^\w.() -]", "_", name.replace("\\", "/").rpartition("/")[2]).lstrip(".")[-80:] or "file"


@once(2)
def _read(upload: Upload, transpose: bool | None, invert: bool | None) -> Pictures:
    """What files hold; one reading at a time, for it may take up to 1 GB."""
    bar = st.progress(0.0, "Waiting until another file is read …")
    try:
        with _reading, tempfile.TemporaryDirectory() as folder:
            paths = upload.write(Path(folder))
            on_progress = lambda share: bar.progress(min(max(share, 0.0), 1.0), "Reading …")  # noqa: E731
            return read(paths, transpose=transpose, invert=invert, on_progress=on_progress)
    finally:
        bar.empty()


_reading = threading.Lock()


def from_drawings() -> None:
    """Drawings that were collected under a code, shown as they would be taken."""
    st.markdown(
        "Draw on the sheet of any lesson, press **Collect**, say what it is, and **Add**. A class collects under its "
        "code, everybody else under a code of their own."
    )
    bind = address.binding("collected")
    code = st.text_input("Code", key="collected", bind=bind, max_chars=5, width=160).strip().upper()
    if not code:
        return
    counts = drawings.counted(store().upper, code) if drawings.CODE.fullmatch(code) else {}
    if not counts:
        st.info(f"Nothing was collected under {plain(code)} yet.", icon=":material/draw:")
        return
    shares = ", ".join(f"{count} × {plain(label)}" for label, count in counts.items())
    st.markdown(f"{_many(sum(counts.values()), 'drawing')}: {shares}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.multiselect("Labels to take", list(counts), list(counts), key=f"labels of {code} {len(counts)}")
        st.button("Look again", icon=":material/refresh:")
    try:
        levels, labels = _collected(code, tuple((label, counts[label]) for label in wanted))
        names, numbers = np.unique(labels, return_inverse=True)
        _offer(f"{code} {wanted} {len(labels)}", of_drawings(levels, numbers, tuple(map(str, names))), code)
    except OwnDataError as error:
        st.info(f"Not yet a dataset. {message(str(error).partition(': ')[2])}", icon=":material/hourglass_empty:")


@once(8)
def _collected(code: str, counts: tuple[tuple[str, int], ...]) -> tuple[np.ndarray, np.ndarray]:
    """The drawings of some labels, read once for as many as there are of each."""
    return drawings.collected(store().upper, code, [label for label, _ in counts])


def _offer(key: str, pictures: Pictures, title: str) -> None:
    """What was found, as it would be taken; and the button that takes it."""
    count = _many(len(pictures.train.labels) + len(pictures.test.labels), "picture")
    classes = _many(len(pictures.names), "class", "classes") if pictures.names else "no labels"
    st.markdown(f"**{count}, {classes}.**")
    if not pictures.names:
        st.caption("Labels often lie in a file of their own: give both together, if there is one.")
    st.html(f"<ul>{''.join(f'<li>{html.escape(words)}</li>' for words in pictures.done)}</ul>")
    with st.container(horizontal=True):
        for name in pictures.offers:
            st.selectbox(TURNS[name], CHOICES, key=f"{name} {key}", width=220)
    st.html(_strips(pictures))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("What to call it", value=title[:LONGEST], max_chars=LONGEST, key=f"title {key}", width=260)
        st.button("Take it", type="primary", icon=":material/check:", on_click=_take, args=(pictures, f"title {key}"))
        if (taken := st.session_state.get("taken")) and taken == name_of(pictures):
            st.markdown(":material/check_circle: Taken.", width="content")
            _way_to_train(taken)
    if words := st.session_state.pop("not taken", ""):
        st.error(message(words), icon=":material/block:")


def _take(pictures: Pictures, title: str) -> None:
    """Keeps what was found; title: where in the session's state its name is, which may have just been typed."""
    try:
        title = st.session_state[title]
        st.session_state["taken"] = dataset = store().add_dataset(pictures, title)
        forget(class_names.own)
        if (there := store().about(dataset).title) != title.strip():
            st.session_state["not taken"] = f"These pictures are here already, and are called {there}."
    except (OwnDataError, StoreFault, SpoiledFile) as error:
        st.session_state["not taken"] = str(error)


def _strips(pictures: Pictures) -> str:
    """The first pictures of each of the first classes; of pictures without labels the first ones."""
    half, rows = pictures.train, {}
    for label, name in enumerate(pictures.names[:STRIPS] or ("pictures",)):
        own = half.levels[np.flatnonzero(half.labels == label)[:SHOWN]].astype(np.float32) / 255
        rows[name] = np.concatenate([own, np.zeros((SHOWN - len(own), PIXELS), np.float32)])
    more = len(pictures.names) - STRIPS
    beyond = f"<small>and {_many(more, 'further class', 'further classes')}</small>" if more > 0 else ""
    return film_strips(rows) + beyond


def all_sets() -> None:
    """The sets of own pictures of this store, each with the way to train on it."""
    there = class_names.own()
    if not there:
        st.caption("No own pictures yet. What you take above stands here, for everybody at this server.")
    for about in sorted(there, key=lambda about: about.dataset != st.session_state.get("taken")):
        _one(about, about.dataset == st.session_state.get("taken"))


def _one(about: About, is_new: bool) -> None:
    size = size_of(about.dataset)
    names = ", ".join(plain(name) for name in about.names[:STRIPS]) + (", …" if len(about.names) > STRIPS else "")
    said = f"{size.train:,} pictures to train with, {size.test:,} to test with; {names or 'no labels'}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**{plain(class_names.title(about.dataset))}**{' — taken' if is_new else ''}: {said}", width="content"
        )
        _way_to_train(about.dataset)


def _way_to_train(dataset: str) -> None:
    st.page_link(
        "pages/train/train.py",
        label="Train on it",
        icon=":material/play_circle:",
        query_params={"dataset": dataset, **_settings(size_of(dataset).train)},
    )


def _settings(images: int) -> dict[str, str]:
    """Settings for so many training images, as an address has them: the steps of MNIST's default, or 100 passes."""
    default = RunConfig()
    batch = default.batch_size if images >= 100 * default.batch_size else 32
    epochs = math.ceil(default.total_steps / (min(images, default.train_size) // batch))
    return {"epochs": str(max(min(epochs, MOST_EPOCHS), default.epochs)), "batch_size": str(batch)}


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count:,} {one if count == 1 else more or f'{one}s'}"
