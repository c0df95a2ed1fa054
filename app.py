"""The AE→VAE lab: `streamlit run app.py`. A table of contents; each lesson is a file in pages/."""

if __name__ == "__main__":  # worker processes import this file again, and must not become a second app
    from pathlib import Path

    import streamlit as st

    st.set_page_config(page_title="AE→VAE lab", page_icon="assets/icon.png", layout="wide")
    with st.spinner("Starting the lab …"):
        from pages.ui.runs import runs

        runs()
    st.html(Path("assets/style.css"))
    st.navigation(
        [
            st.Page("pages/home.py", title="From AE to VAE", icon=":material/home:", default=True),
            st.Page("pages/train.py", title="Train side by side", icon=":material/play_circle:"),
            st.Page("pages/latent_space.py", title="Latent space", icon=":material/scatter_plot:"),
            st.Page("pages/resampling.py", title="Draw again: ε", icon=":material/casino:"),
            st.Page("pages/walk.py", title="Latent walk", icon=":material/tune:"),
            st.Page("pages/kl_weight.py", title="KL weight β", icon=":material/balance:"),
            st.Page("pages/conversion.py", title="Convert", icon=":material/transform:"),
            st.Page("pages/log_sigma.py", title="Why log σ", icon=":material/show_chart:"),
            st.Page("pages/true_posterior.py", title="“Variational”", icon=":material/blur_on:"),
        ],
        position="top",
    ).run()
