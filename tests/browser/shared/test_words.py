"""Numbers for people, and the numbers at axes."""

import math

WORDS = """async ([name, ...given]) => {
  const words = { ...(await import("./shared/words.js")), ...(await import("./shared/ticks.js")) };
  const special = { NaN, Infinity, "-Infinity": -Infinity };
  return words[name](...given.map((value) => special[value] ?? value));
}"""
SAID = {
    ("number", 1.234): "1.23",
    ("number", -0.5): "−0.50",
    ("inFigures", 0.0123): "0.0123",
    ("inFigures", -12.345): "−12.3",
    ("inFigures", 123456.0, 5): "1.2346·10⁵",
    ("inFigures", 99999.0): "1·10⁵",
    ("inFigures", 1.2e-30): "1.2·10⁻³⁰",
    ("inFigures", -4.56e12): "−4.56·10¹²",
    ("inFigures", 0.0): "0",
    ("inFigures", "NaN"): "not a number",
    ("inFigures", "Infinity"): "infinite",
    ("inFigures", "-Infinity"): "minus infinite",
    ("inWords", (1.0, -2.0)): "(1.00, −2.00)",
    ("inWords", (1.0, 2.0, 3.0, 4.0, 5.0)): "(1.00, 2.00, 3.00, 4.00, …)",
    ("inWords", (1.0, 2.0, 3.0), 2): "(1.00, 2.00, …)",
    ("subscript", 120): "₁₂₀",
}


def test_numbers_are_said_in_words(modules):
    for (name, *given), expected in SAID.items():
        assert modules.evaluate(WORDS, [name, *given]) == expected, (name, given)


def test_ticks_are_one_two_or_five_times_a_power_of_ten_and_as_many_as_fit(modules):
    for span in (0.037, 0.9, 1.0, 3.0, 12.0, 47.0, 100.0, 999.0):
        step = modules.evaluate(WORDS, ["niceStep", span, 6])
        power = 10 ** math.floor(math.log10(step) + 1e-9)
        assert round(step / power, 6) in (1, 2, 5)
        assert span / step <= 6.01 and span / step > 6 / 2.6  # the next finer step would be too many
