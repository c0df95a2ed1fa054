"""The colours of style sheets and canvases are those of Python's figures."""

import pytest

from pages.shared.colors import CLASS_COLORS, COLORS, GREY, HEAD_COLORS
from pages.shared.component import read
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


def test_what_stands_on_a_colour_is_in_the_ink_that_can_be_read_there(modules):
    modules.goto(EMPTY)
    colors = [*CLASS_COLORS, "#000000", "#ffffff", "#767676", "#777777"]
    inks = modules.evaluate(
        "async (colors) => { const { inkOn } = await import('./shared/colors.js'); return colors.map(inkOn); }", colors
    )
    for color, ink in zip(colors, inks):
        levels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        light = [level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in levels]
        luminance = 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]
        contrast = {"#000": (luminance + 0.05) / 0.05, "#fff": 1.05 / (luminance + 0.05)}
        assert contrast[ink] == max(contrast.values()) >= 4.5
