"""Pictures of one's own as a dataset: what a file or folder holds, made like MNIST, or refused in words.

From reading.py down: which kind of files they are; arrays.py and idx.py (with stacks.py and pairing.py: which are the
pictures, which the labels), tables.py with lines.py, and folders.py with images.py read one kind each; levels.py,
greys.py, sizes.py and turns.py make levels of 28 x 28; labels.py numbers the classes; split.py draws the two halves;
checks.py has the bounds and the error. Nothing is unpickled, and never is more than 1 GB in the memory.
"""

from vae.own_data.checks import OwnDataError
from vae.own_data.pictures import Half, Pictures
from vae.own_data.reading import of_drawings, read

__all__ = ["Half", "OwnDataError", "Pictures", "of_drawings", "read"]
