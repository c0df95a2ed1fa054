"""The KL term over a head's output, for three meanings of that output: assets/browser/log_sigma/sigma_plane.*, fed."""

from pages.shared import address
from pages.shared.component import component

_plane = component("log_sigma", "sigma_plane")


def show() -> None:
    """The curves, a line at h that is moved by hand, and what each head gives there."""
    _plane(
        key="sigma plane",
        data={"given": address.given("h"), "parcels": {}, "subject": "sigma plane"},
        height="content",
    )
