"""What "variational" means: the exact posterior of a digit, and what q(z|x) loses against it."""

import streamlit as st

from pages.shared import choose as choice
from pages.shared import controls
from pages.true_posterior import gaps, posteriors

st.markdown(
    "Which codes could have made this digit? **Variational** means not to compute that answer but to *search* for a "
    "stand-in: in a **family** (here: Gaussians with independent dimensions, **q(z|x)**, orange), the one with the "
    "least **divergence** KL(q ‖ p(z|x)). In two dimensions the exact **p(z|x)** (violet) can be had, all over the "
    "plane. **What does the stand-in lose?**"
)
vae = choice.choose_pair()
if posteriors.has_one(vae):
    posteriors.of_a_digit(vae)
    gaps.over_the_test_images(vae)
else:
    posteriors.bound_of_a_digit(vae)

controls.foot(
    """
1. **Predict:** is the orange ellipse where the violet cloud is? Look at a few digits, then at *hard ones*.
2. Find the best Gaussians. Which of the three costs most: the encoder's own error, independence, or the Gaussian shape?
3. **Predict:** of a posterior with two peaks, such as test digit 386's, what does the q of least *KL(q ‖ p)* cover, and
   what the q of least *KL(p ‖ q)*? Show the whole plane, point somewhere, and press the two buttons.
4. Improve q, step by step: nothing but this digit's μ and σ changes. Why did the encoder not answer so at once?
5. *Draw your own*: an empty sheet is no picture, and nothing is known but the prior. From the first stroke on, its
   black pixels are observed too. What does each stroke leave of the plane?
6. Draw something that is no digit. Where does the exact posterior put it, and where the encoder?
7. **Predict:** of what q loses over 1,000 digits, which part is the largest? Then look, and click on the worst digits.
""",
    r"""\log p(\X) - \underbrace{\Big(\mathbb E_q \log p(\X\mid\Z) -
    \KL\big(q(\Z\mid \X)\,\|\,p(\Z)\big)\Big)}_{\text{ELBO}} = \KL\big(q(\Z\mid\X)\,\|\,p(\Z\mid\X)\big) \;\ge\; 0""",
    __file__,
)
