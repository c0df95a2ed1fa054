"""A question before each answer: the class predicts, and only then sees what was measured."""

import streamlit as st

from pages.shared import address

UNDECIDED = "Just show me"


def ask(key: str, question: str, options: list[str], about: str = "") -> str | None:
    """The question with its options; what was chosen, or None while nothing is, and the answer is to wait.

    about: what is asked about; when that changes, what was predicted before is forgotten.
    """
    remembered = f"{key} about"
    if st.session_state.setdefault(remembered, about) != about:
        st.session_state[remembered], st.session_state[key] = about, None
    every = [*options, UNDECIDED]
    bind = address.binding(key, every)
    return st.pills(f"**Predict:** {question}", every, key=key, bind=bind, wrap=True)


def is_answered(key: str, options: list[str]) -> bool:
    """Whether the question was answered, also before it is asked: on this page's first run the address tells."""
    answer = st.session_state[key] if key in st.session_state else st.query_params.get(key)
    return answer in [*options, UNDECIDED]


def compare(predicted: str, measured: str, words: str) -> None:
    """What was measured (one of the options), in words, beside what was predicted."""
    if predicted == UNDECIDED:
        st.info(words, icon=":material/straighten:")
    elif predicted == measured:
        st.success(f"**As you predicted.** {words}", icon=":material/check:")
    else:
        st.warning(f"**A surprise: “{within(measured)}”.** {words}", icon=":material/priority_high:")


def within(option: str) -> str:
    """An option as a part of a sentence."""
    return option[0].lower() + option[1:]
