"""From autoencoder to variational autoencoder: the library behind the pages. It never imports streamlit."""
