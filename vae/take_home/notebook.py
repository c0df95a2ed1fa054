"""The notebook of a run that is taken home: its Python file in a cell, and what one can do with it in others."""

import json

SHOW = '''SHADES = " .:-=+*#%@"

def show(pictures):
    """Pictures beside each other, as letters: a line for every second row of pixels."""
    for row in range(0, 28, 2):
        lines = [picture.reshape(28, 28)[row : row + 2].mean(0) for picture in pictures]
        print("  ".join("".join(SHADES[min(9, int(10 * level))] for level in line) for line in lines))'''
SAMPLES = "with torch.no_grad():\n    show(model.sample(4, seed=0))"
BACK = """stored = read("check.safetensors")
show(stored["x"])
with torch.no_grad():
    show(model.reconstruct(stored["x"]))"""
WALK = """with torch.no_grad():
    codes = model.encode(stored["x"][:2])
    start, end = codes[0] if isinstance(codes, tuple) else codes  # of a VAE: mu
    show([model.decode(start + share * (end - start)) for share in (0.0, 0.33, 0.67, 1.0)])"""
MAIN = "\n\nif __name__ =="


def notebook(source: str) -> str:
    """The text of model.ipynb (nbformat 4.5). source: that of model.py, whose folder the notebook lies in."""
    model = source.partition(MAIN)[0].replace("Path(__file__).parent", "Path()")
    cells = [
        _words(f"# A run of the AE→VAE lab\n\n{source.split(chr(34) * 3)[1].strip()}"),
        _code(model.split(chr(34) * 3, 2)[2].strip()),
        _words("## Does it answer as it did?"),
        _code('model = load()\nprint(f"largest difference from the stored answers: {check():.1e}")'),
        _words("## Pictures of codes that are drawn from N(0, I)"),
        _code(f"{SHOW}\n\n{SAMPLES}"),
        _words("## Test images, and what comes back of them"),
        _code(BACK),
        _words("## A walk from one code to another"),
        _code(WALK),
    ]
    told = [cell | {"id": f"cell-{number}"} for number, cell in enumerate(cells)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    whole = {"cells": told, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False)


def _words(text: str) -> dict:
    return {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)}


def _code(text: str) -> dict:
    lines = text.splitlines(keepends=True)
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": lines}
