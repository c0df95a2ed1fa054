"""Pictures of one's own as a dataset: what a file or folder holds, made like MNIST, or refused in words.

From reading.py down: which kind of file it is; arrays.py, idx.py, tables.py and folders.py read one kind each; pairing.py
finds pictures and labels among arrays; greys.py makes levels of 28 x 28; labels.py numbers the classes; split.py draws
the two halves; checks.py has the bounds and the error. Nothing is unpickled, and never is more than 1 GB in the memory.
"""

from vae.own_data.checks import OwnDataError
from vae.own_data.pictures import Half, Pictures
from vae.own_data.reading import of_drawings, read

__all__ = ["Half", "OwnDataError", "Pictures", "of_drawings", "read"]
