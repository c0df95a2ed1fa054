"""Train side by side: the same settings, once as an AE and once as a VAE, before the eyes of the class."""

import streamlit as st

from pages.shared import controls, steer
from pages.train import watch

st.markdown(
    "Both networks get the same digits in the same order, the same first weights and the same reconstruction loss. "
    "Only the bottleneck differs, and the KL term: **whatever you see differ below comes from these two.**"
)
vae = controls.run_settings()
ae = vae.autoencoder

steer.buttons(ae, vae)
watch.training(ae, vae)

controls.foot(
    """
1. **Predict:** which of the two will reconstruct better? Train, and compare the rows of *x̂*. The AE has the easier
   task: nobody adds noise to its codes or asks them to stay near 0.
2. **Predict:** where will the codes go? Play the training and watch the two scatters: the KL term pulls the VAE's
   codes into the prior's circles, while the AE's spread as they like.
3. Train both again, and switch on *Where both terms pull*: for each class a green arrow for the loss, a red one
   for the KL. **Predict:** when does the red one begin to hold against the green? Class by class they need not cancel,
   for one encoder answers for all digits; the curves below show the means over all.
4. Set the KL weight to 0 and train. What is left of the difference? To 10: what happens to *x̂*?
5. Ten dimensions instead of two: which loss falls, and what does the KL cost now?
""",
    r"""\underbrace{\mathbb E_{q(\Z\mid\X)}\big[-\log p(\X\mid \Z)\big]}_{
    \text{AE (whose } q \text{ is one point) and VAE: reconstruction}}
    \;+\; \underbrace{\beta\;\KL\big(\mathcal N(\MU,\SIGMA^2)
    \,\|\,\mathcal N(0, I)\big)}_{\text{VAE only: }\beta = \text{KL weight}}""",
    __file__,
)
