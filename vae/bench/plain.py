"""The recipe that most tutorials copy, trained as they do, and from a tensor in memory."""

import gzip
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy, relu
from torch.utils.data import DataLoader, Subset

from vae import data, datasets, downloads
from vae.bench.size import Size, judges

BATCH = 128
Epoch = Callable[[], Iterable[Tensor]]  # the batches of a pass, each (batch, 784), shuffled anew


@dataclass
class Result:
    """A training: its seconds, evaluations left out, and its -ELBO in nats on test and on validation images."""

    seconds: float
    test: float
    validation: float | None = None


class PlainVAE(nn.Module):
    """The textbook network, 784-400-20-400-784 with ReLU, that most tutorials train."""

    def __init__(self):
        super().__init__()
        self.fc1, self.mu, self.log_var = nn.Linear(784, 400), nn.Linear(400, 20), nn.Linear(400, 20)
        self.fc3, self.fc4 = nn.Linear(20, 400), nn.Linear(400, 784)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Images (batch, 784) -> x_hat (batch, 784), mu and log_var (batch, 20)."""
        hidden = relu(self.fc1(x))
        mu, log_var = self.mu(hidden), self.log_var(hidden)
        z = mu + torch.exp(0.5 * log_var) * torch.randn_like(mu)
        return torch.sigmoid(self.fc4(relu(self.fc3(z)))), mu, log_var

    def loss(self, x: Tensor) -> Tensor:
        """Cross-entropy and KL, summed over the batch: nats."""
        x_hat, mu, log_var = self(x)
        kl = -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp())
        return binary_cross_entropy(x_hat, x, reduction="sum") + kl


def from_loader(count: int, seed: int) -> Epoch:
    """The first training images as tutorials have them: DataLoader with ToTensor, an image at a time."""
    from torchvision.transforms import ToTensor  # here: vae.downloads makes torchvision fit for import first

    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "MNIST", "raw")
        raw.mkdir(parents=True)
        for name in datasets.MD5:
            (raw / name.removesuffix(".gz")).write_bytes(gzip.decompress((datasets.BUNDLED / name).read_bytes()))
        images = downloads.datasets.MNIST(folder, train=True, transform=ToTensor())
    shuffle = torch.Generator().manual_seed(seed)
    loader = DataLoader(Subset(images, range(count)), batch_size=BATCH, shuffle=True, generator=shuffle)
    return lambda: (x.view(-1, datasets.PIXELS) for x, _ in loader)


def from_memory(count: int, seed: int) -> Epoch:
    """The first training images as one tensor, of which a batch takes its rows."""
    images, shuffle = data.load("mnist", "train").images[:count], torch.Generator().manual_seed(seed)
    return lambda: (images[rows] for rows in torch.randperm(count, generator=shuffle).split(BATCH))


SOURCES = {"DataLoader": from_loader, "tensor": from_memory}


def plain_run(source: str, size: Size, seed: int) -> Result:
    """Trains the plain recipe, Adam 1e-3 and batches of 128, with the first images from one of SOURCES."""
    batches = SOURCES[source](size.images, seed)
    torch.manual_seed(seed)
    model = PlainVAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    began = time.perf_counter()
    for _ in range(size.plain_epochs):
        for x in batches():
            optimizer.zero_grad()
            model.loss(x).backward()
            optimizer.step()
    seconds = time.perf_counter() - began
    with torch.no_grad():
        return Result(seconds, *((model.loss(images) / len(images)).item() for images in judges(size)))
