"""The colours of style sheets and canvases are those of Python's figures."""

import pytest

from pages.shared.component import read
from pages.shared.figures import COLORS, GREY, HEAD_COLORS
from tests.browser.conftest import EMPTY

SEEN = """async ([css, names]) => {
  const { colorOf } = await import("./shared/colors.js");
  document.head.innerHTML = `<style>${css}</style>`;
  const host = document.createElement("div"), inner = document.createElement("canvas");
  document.body.replaceChildren(host);
  const shadow = host.attachShadow({ mode: "open" });
  shadow.innerHTML = `<style>${css}</style>`;
  shadow.append(inner);
  return names.map((name) => [colorOf(document.body, name), colorOf(inner, name)]);
}"""
FADED = """async ([color, opacities]) => {
  const { faded } = await import("./shared/colors.js");
  const brush = document.createElement("canvas").getContext("2d");
  return opacities.map((opacity) => {
    brush.clearRect(0, 0, 1, 1);
    brush.fillStyle = faded(color, opacity);
    brush.fillRect(0, 0, 1, 1);
    return brush.getImageData(0, 0, 1, 1).data[3];
  });
}"""


def test_a_symbol_has_one_colour_in_python_style_sheets_and_canvases(modules):
    modules.goto(EMPTY)
    expected = {name.replace("_", "-"): color for name, color in COLORS.items()}
    expected |= {f"head-{head}": color for head, color in HEAD_COLORS.items()} | {"grey": GREY}
    expected |= {"mark": COLORS["eps"], "complaint": COLORS["kl"]}
    seen = modules.evaluate(SEEN, [read("shared/lab.css"), list(expected)])
    assert dict(zip(expected, seen)) == {name: [color, color] for name, color in expected.items()}


def test_a_faded_colour_is_as_opaque_as_asked(modules):
    modules.goto(EMPTY)
    opacities = [0, 0.01, 0.15, 0.5, 1]
    assert modules.evaluate(FADED, ["#9b5de5", opacities]) == pytest.approx([255 * o for o in opacities], abs=1)
