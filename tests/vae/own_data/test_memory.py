"""The largest files never take more than 1 GB of memory."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[3]
READ = """
import sys
from pathlib import Path
from vae.own_data import read
dataset = read([Path(sys.argv[1])])
assert len(dataset.train.levels) == 190_000 and len(dataset.test.levels) == 10_000
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the most memory that was used is asked of Linux")
@pytest.mark.parametrize("shape, dtype, order", [((200_000, 28, 28), ">i2", "C"), ((200_000, 784), "u1", "F")])
def test_two_hundred_thousand_pictures_take_less_than_a_gigabyte(shape, dtype, order, tmp_path):
    file = tmp_path / "large.npy"
    whole = np.lib.format.open_memmap(file, "w+", dtype, shape, order == "F")  # which has holes, not zeros
    whole.reshape(-1, order="A")[[10_000, 30_000_000]] = 1
    del whole
    kilobytes = subprocess.run([sys.executable, "-c", READ, file], cwd=ROOT, capture_output=True, check=True).stdout
    assert int(kilobytes) < 1_000_000
