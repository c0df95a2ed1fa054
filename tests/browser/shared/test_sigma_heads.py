"""The three heads in JavaScript against torch's float32 and its autograd, also where they overflow or underflow."""

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from vae.objective import kl_divergence

ANSWERS = """async ([head, outputs]) => {
  const { answer } = await import("./shared/sigma_heads.js");
  return outputs.map((h) => Object.values(answer(head, h)).map(String));  // JSON has no Infinity and no NaN
}"""
PLACES = """async ([head, sigmas]) => {
  const { HEADS } = await import("./shared/sigma_heads.js");
  return sigmas.map((sigma) => HEADS[head].at(sigma));
}"""
SIGMA = {"raw": lambda h: h, "softplus": softplus, "log": torch.exp}
LOG_SIGMA = {"raw": torch.log, "softplus": lambda h: softplus(h).log(), "log": lambda h: h}
OUTPUTS = np.float32([*np.linspace(-120, 120, 4_801), 0.5413, 0.04, 1e-3, 1e-30, 44.36, 44.37, 88.72, 88.73, -103.9])


def in_javascript(modules, head: str) -> np.ndarray:
    """sigma, log sigma, KL and gradient, a column each, for all outputs."""
    return np.array(modules.evaluate(ANSWERS, [head, OUTPUTS.tolist()]), np.float64)


def in_torch(head: str) -> np.ndarray:
    """The same, one output at a time: in a long row torch loses the last bits of log1p just before the underflow."""
    rows = []
    for output in torch.from_numpy(OUTPUTS):
        h = output.clone().requires_grad_()
        log_sigma = LOG_SIGMA[head](h)
        kl = kl_divergence(torch.zeros(()), log_sigma)
        kl.backward()
        rows.append([SIGMA[head](h).item(), log_sigma.item(), kl.item(), h.grad.item()])
    return np.array(rows)


@pytest.mark.parametrize("head", SIGMA)
def test_a_head_answers_as_in_torch_and_fails_where_torch_fails(modules, head):
    answers, expected = in_javascript(modules, head), in_torch(head)
    # Near sigma = 1 the terms of KL and gradient, of the size of 1, cancel to float32's rounding. Just before it
    # underflows sigma is a few times float32's smallest number, and may be one such step off.
    smallest = np.finfo(np.float32).smallest_subnormal
    np.testing.assert_allclose(answers[:, 0], expected[:, 0], rtol=1e-5, atol=1.5 * smallest)
    np.testing.assert_allclose(answers[:, 1:], expected[:, 1:], rtol=1e-5, atol=1e-6)


def test_each_head_fails_in_its_own_place(modules):
    raw, soft, log = (in_javascript(modules, head) for head in SIGMA)
    h, kl, gradient = OUTPUTS, 2, 3
    np.testing.assert_array_equal(np.isnan(raw[:, kl]), h < 0)
    assert raw[h == 0, kl] == np.inf and raw[h == 0, gradient] == -np.inf
    np.testing.assert_array_equal(np.isnan(soft[:, gradient]), h < -103.98)  # log of half the smallest float32
    np.testing.assert_array_equal(np.isinf(soft[:, gradient]), (h > -103.98) & (h < -88.725))
    np.testing.assert_array_equal(np.isinf(log[:, kl]), h > 44.3614)  # half the log of the largest float32
    assert np.isfinite(log[h <= 0]).all()


@pytest.mark.parametrize("head", SIGMA)
def test_a_sigma_is_found_again_at_its_output(modules, head):
    sigmas = [0.01, 0.04, 0.5, 1.0, 3.0]
    outputs = torch.tensor(modules.evaluate(PLACES, [head, sigmas]))
    np.testing.assert_allclose(SIGMA[head](outputs), sigmas, rtol=1e-5)
