"""The page of a class: for its teacher the code, who is where, and the lesson plan with its votes; what it has trained.

All of it is drawn in the browser (assets/browser/classroom/board.js), which alone knows of which class it is.
"""

from pages.classroom.plan import plan
from pages.shared import address
from pages.shared.component import component, read, styles

_board = component("classroom", "board", css=styles("classroom", "board") + read("classroom/class_row.css"))


def show() -> None:
    """The page."""
    _board(key="board", data={"given": address.given("join"), "plan": plan()}, height="content")


if __name__ == "__main__":
    show()
