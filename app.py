"""The AE→VAE lab: `streamlit run app.py`. Both the server and the script that runs for each visitor's page."""

if __name__ == "__main__":  # a visitor's page
    from pages.shared import frame

    frame.show()
elif __name__ != "__mp_main__":  # the server; worker processes import this file too, and must not become a second one
    from vae import places

    places.have_home()  # before Streamlit looks for one

    import streamlit as st
    from starlette.middleware import Middleware

    from pages.classroom import routes
    from pages.shared import server

    beside = [Middleware(server.Beside, more=routes.routes)]
    app = st.App(__file__, lifespan=server.lifespan, middleware=beside, on_script_error=server.say_in_words)
