"""The colours of symbols, digits and heads: once for pictures, formulas and plots."""

# One colour a symbol, in pictures, formulas and plots alike; legible on white and on black.
COLORS = {
    "x": "#2f80ed",
    "y": "#8a94a6",
    "z": "#9b5de5",
    "mu": "#12a594",
    "sigma": "#f08c00",
    "eps": "#e64980",
    "x_hat": "#40a02b",
    "kl": "#e03131",
}
# One colour a digit: Okabe and Ito's eight and two more, moved by a little until any two differ by 17 (CIE76) at least,
# also to eyes without red or green cones.
DIGIT_COLORS = (
    "#e2a038",
    "#5fb8ed",
    "#1da073",
    "#dfc90c",
    "#1a66a3",
    "#ca5600",
    "#a25e8b",
    "#a4a5ac",
    "#864f42",
    "#9277de",
)
# For pictures of more than ten classes: two more, as far from all others.
CLASS_COLORS = (*DIGIT_COLORS, "#d8d890", "#6c18c0")
GREY = "#8a94a6"
# One colour for what h(y) may be (RunConfig.sigma).
HEAD_COLORS = {"log": "#12a594", "softplus": "#2f80ed", "raw": "#d9480f"}
