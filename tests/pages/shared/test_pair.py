"""The two halves of a pair, as a page has them."""

from dataclasses import replace

from pages.shared import lab as server
from pages.shared.pair import halves
from tests.vae.runs.test_store import train_in


def test_a_pair_that_has_just_ended_is_there_although_it_was_not_a_moment_ago(lab, small):
    vae = replace(small, epochs=1)
    pair = [vae.autoencoder, vae]
    assert [server.trained(half.run_id) for half in pair] == [None, None]  # which is kept for two seconds
    for half in pair:
        train_in(lab, half)
    assert [run.config for run in halves(vae)] == pair
