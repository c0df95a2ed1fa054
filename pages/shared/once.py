"""What is worked out once for a whole class: a hundred who ask at a time wait for one answer, and it is kept."""

import contextlib
import functools
import threading
from collections.abc import Callable

import streamlit as st
from cachetools import LRUCache, TTLCache, cached


def once(size: int, words: str = "") -> Callable:
    """Keeps a function's last `size` answers by its arguments; `words` stand on the page while one is worked out.

    Nobody may write to an answer: all get the same object.
    """

    def decorate(function: Callable) -> Callable:
        @cached(LRUCache(size), condition=threading.Condition())
        @functools.wraps(function)
        def answer(*arguments):
            with st.spinner(words) if words else contextlib.nullcontext():
                return function(*arguments)

        return answer

    return decorate


def recent(seconds: float) -> Callable:
    """Keeps a function's answers by its arguments for so many seconds, as `once` does."""
    return lambda function: cached(TTLCache(1000, seconds), condition=threading.Condition())(function)


def known(function: Callable, *arguments):
    """An answer of `once` or `recent` that is there already; None where it has to be worked out."""
    with function.cache_condition:
        return function.cache.get(function.cache_key(*arguments))


def forget(function: Callable, *arguments) -> None:
    """Has a function of `recent` answer anew."""
    with function.cache_condition:
        function.cache.pop(function.cache_key(*arguments), None)
