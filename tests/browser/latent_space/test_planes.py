"""The latent space in numbers: both decoders' answers at any z, and what each layer draws where."""

import re

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from tests.browser import parcels
from tests.browser.parcels import FEW, TEN, box, code, decoded, levels, normals, painted
from vae.models import encode_parameters
from vae.objective import reconstruction_loss

DIMS = [7, 2]
WEIGHT = 2.5  # of the KL
X = 5
HALVES = {"ae": TEN.autoencoder, "vae": TEN}
LIMITS = {"ae": 8.0, "vae": 4.0}
PLANE = "document.querySelector('.latent-space').view.planes.{}"
NAME = "half => document.querySelector('.latent-space').view.data.names[half]"
# The colour (red, green, blue, opacity) of the still layers at each of some positions.
COLORS = """([half, places]) => {
  const plane = document.querySelector(".latent-space").view.planes[half], context = plane.still.getContext("2d");
  const pixel = (place) => plane.view.toPixels(place).map(Math.round);
  return places.map((place) => Array.from(context.getImageData(...pixel(place), 1, 1).data));
}"""


@pytest.fixture
def latent_space(mounted):
    """Dimensions 8 and 3 of ten, without any layer."""

    def latent_space(layers: str = "none", names: tuple[str, str] = ("AE", "VAE")):
        data = {
            "dims": DIMS,
            "latentDim": 10,
            "colors": parcels.COLORS,
            "limits": LIMITS,
            "names": dict(zip(HALVES, names)),
            "captions": {"ae": "left", "vae": "right"},
            "weights": {"ae": 0.0, "vae": WEIGHT},
            "unseen": [],
            "hard": "hard",
            "given": {"x": str(X), "layers": layers},
        }
        sent = {f"codes_{half}": parcels.codes(config, DIMS) for half, config in HALVES.items()}
        return mounted("latent_space", data, {**parcels.digits(), **parcels.pair(TEN), **sent})

    return latent_space


def point(page, half: str, position) -> None:
    """Moves the pointer to a position of a half's plane."""
    place = "([half, position]) => document.querySelector('.latent-space').view.planes[half].view.toPixels(position)"
    left, top = page.evaluate(place, [half, list(position)])
    page.locator(f".half.{half} canvas").hover(position={"x": left, "y": top})


def whole_code(half: str, position) -> np.ndarray:
    """The chosen digit's code with the plane's two dimensions replaced."""
    z, _ = code(HALVES[half], X)
    z[DIMS] = position
    return z


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.\d+", text.replace("−", "-"))]


def test_both_decoders_answer_at_the_pointer_and_the_other_dimensions_are_the_digits(latent_space):
    page = latent_space()
    for half, config in HALVES.items():
        np.testing.assert_allclose(levels(page, f"canvas.digit.{half}"), decoded(config, code(config, X)[0]), atol=1)
    of_x = page.locator(".reading").text_content()
    assert numbers(of_x) == pytest.approx([*code(TEN.autoencoder, X)[0][DIMS], *code(TEN, X)[0][DIMS]], abs=0.0051)
    for half in HALVES:
        point(page, half, (1.2, -0.7))
        z = page.evaluate("document.querySelector('.latent-space').view.position")
        assert z == pytest.approx([1.2, -0.7], abs=2 * LIMITS[half] / 200)
        for name, config in HALVES.items():
            np.testing.assert_allclose(
                levels(page, f"canvas.digit.{name}"), decoded(config, whole_code(name, z)), atol=1
            )
        assert numbers(page.locator(".reading").text_content())[:2] == pytest.approx(z, abs=0.0051)
    page.locator(".half.vae canvas").press("ArrowUp")
    up = [z[0], z[1] + LIMITS["vae"] / 50]
    np.testing.assert_allclose(levels(page, "canvas.digit.vae"), decoded(TEN, whole_code("vae", up)), atol=1)


def test_at_a_code_its_digit_is_shown_with_its_label_and_its_sigma(latent_space):
    page = latent_space()
    mu, sigma = (np.array(rows) for rows in zip(*(code(TEN, index) for index in range(FEW))))
    point(page, "vae", mu[42][DIMS])
    words = page.locator(".reading").text_content()
    index = int(re.search(r"test digit (\d+), labelled 4, lies here in this plane \(its other 8", words)[1])
    z = page.evaluate("document.querySelector('.latent-space').view.position")
    assert index == np.square(mu[:, DIMS] - z).sum(1).argmin()
    np.testing.assert_allclose(levels(page, "canvas.digit.x"), parcels.images(index).reshape(28, 28) * 255, atol=0.51)
    assert numbers(words)[2:] == pytest.approx(sigma[index][DIMS], abs=0.0051)
    point(page, "vae", (-3.9, 3.9))
    assert not levels(page, "canvas.digit.x").any() and "lies here" not in page.locator(".reading").text_content()


def test_holes_are_where_one_draws_and_hardly_any_digit_is_at_home(latent_space):
    """Within 2 sigma of N(0, I), where q(z) is less than a tenth of it; and how much of N(0, I) that is."""
    page, found, told = latent_space("holes"), {}, []
    for half, limit in LIMITS.items():
        coded = [code(HALVES[half], n) for n in range(FEW)]
        mu, cell = np.array([mu[DIMS] for mu, _ in coded]), 2 * limit / 40
        sigma = np.zeros_like(mu) if half == "ae" else np.array([sigma[DIMS] for _, sigma in coded])
        wide = np.maximum(sigma, cell / 2)
        _, holes, places = holes_within(limit, mu, wide)
        own_drawn, own_holes, _ = holes_within(2.0, mu, wide)  # whatever is seen
        told.append(100 * own_drawn[own_holes].sum() / own_drawn.sum())
        expected = holes[:, 4:].ravel()  # above the numbers
        off = places[:, 4:].reshape(-1, 2) + 0.2 * cell  # beside the axes and their numbers' thin lines
        colors = page.evaluate(COLORS, [half, off.tolist()])
        pink = np.array([opacity > 0 and red > 200 for red, _, _, opacity in colors])
        found[half] = expected.mean()
        assert np.mean(pink == expected) > 0.99  # but what is written at the left
    assert 0 < max(found.values()) < 0.5
    shares = re.findall(r"(\d+) % \((\w+)", page.locator(".bare").text_content())
    assert [name for _, name in shares] == ["AE", "VAE"]
    assert [int(share) for share, _ in shares] == pytest.approx(told, abs=1.5)


def holes_within(limit: float, mu: np.ndarray, wide: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of 40 x 40 cells of +-limit: what N(0, I) has within 2 sigma, where that is a hole, and the cells' middles."""
    middles = ((np.arange(40) + 0.5) / 20 - 1) * limit
    across, up = (np.exp(-0.5 * ((middles[:, None] - mu[:, d]) / wide[:, d]) ** 2) / wide[:, d] for d in (0, 1))
    q = across @ up.T / FEW / (2 * np.pi)  # (column, row)
    places = np.stack(np.meshgrid(middles, middles, indexing="ij"), -1)
    density = multivariate_normal(np.zeros(2), np.eye(2)).pdf(places)
    inside = np.square(places).sum(-1) <= 4
    return density * inside, inside & (q < 0.1 * density), places


def test_density_is_the_mean_of_q_over_the_digits(latent_space):
    page = latent_space("density")
    mu, sigma = (np.array(rows)[:, DIMS] for rows in zip(*(code(TEN, index) for index in range(FEW))))
    edges = np.linspace(-4, 4, 41)
    middles = (edges[1:] + edges[:-1]) / 2
    wide = np.maximum(sigma, 0.1)  # half a cell at least
    across, up = (np.exp(-0.5 * ((middles[:, None] - mu[:, d]) / wide[:, d]) ** 2) / wide[:, d] for d in (0, 1))
    density = across @ up.T  # (column, row)
    places = [[a + 0.04, b + 0.04] for a in middles[4:] for b in middles[4:]]
    violet = np.array(page.evaluate(COLORS, ["vae", places]))[:, 3]
    expected = 255 * 0.75 * np.sqrt(density / density.max())[4:, 4:].ravel()
    assert np.mean(np.abs(violet - expected) < 8) > 0.97  # a bell ends at three sigma; and the axes lie on it


def test_the_grid_shows_what_the_decoder_draws_there(latent_space):
    page = latent_space("grid")
    # The column and row of a picture of 20 x 20, whose middle is at -4 + 8 (column + 0.5) / 20 across.
    for column, row in ((3, 2), (13, 7), (17, 16)):
        position = [-4 + 0.4 * (column + 0.5), 4 - 0.4 * (row + 0.5)]
        part = """([column, row]) => {
          const { still, view } = document.querySelector(".latent-space").view.planes.vae, side = view.size / 20;
          const context = Object.assign(document.createElement("canvas"), { width: 28, height: 28 }).getContext("2d");
          context.drawImage(still, column * side, row * side, side, side, 0, 0, 28, 28);
          return Array.from(context.getImageData(0, 0, 28, 28).data.filter((_, i) => i % 4 === 0));
        }"""
        shown = np.array(page.evaluate(part, [column, row]))
        assert np.corrcoef(shown, decoded(TEN, whole_code("vae", position)).ravel())[0, 1] > 0.9


def test_layers_come_and_go_codes_are_the_test_digits_and_an_ae_has_no_ellipses(latent_space):
    page = latent_space("codes")
    labels = list(parcels.digits()["labels"])
    for half, config in HALVES.items():
        codes = np.array([code(config, index)[0][DIMS] for index in range(60)])
        inside = (np.abs(codes) < 0.95 * LIMITS[half]).all(1)
        seen = np.array(page.evaluate(COLORS, [half, codes[inside].tolist()]))
        assert (seen[:, 3] > 140).all()
        expected = [[int(parcels.COLORS[labels[n]][i : i + 2], 16) for i in (1, 3, 5)] for n in np.flatnonzero(inside)]
        alike = np.abs(seen[:, :3] - expected).max(1) < 12
        assert alike.mean() > 0.5  # others lie on some
    page = latent_space("ellipses")
    opaque = """half => {
      const { still } = document.querySelector(".latent-space").view.planes[half];
      const { data } = still.getContext("2d").getImageData(0, 0, still.width, still.height);
      return data.filter((value, i) => i % 4 === 3 && value > 0).length;
    }"""
    with_ellipses = [page.evaluate(opaque, half) for half in HALVES]
    page.get_by_label("q(z|x) at 1 and 2").uncheck()
    without = [page.evaluate(opaque, half) for half in HALVES]
    assert with_ellipses[0] == without[0] and with_ellipses[1] > 5 * without[1]
    shot = "half => document.querySelector('.latent-space').view.planes[half].still.toDataURL()"
    bare = [page.evaluate(shot, half) for half in HALVES]
    for layer in ("where codes are likely", "what the decoder draws there", "holes", "codes of", "N(0, I) at"):
        page.get_by_label(layer).check()
        changed = [page.evaluate(shot, half) != still for half, still in zip(HALVES, bare)]
        assert all(changed) or (layer == "holes" and any(changed)), layer  # one of them may well have none
        page.get_by_label(layer).uncheck()
        assert [page.evaluate(shot, half) for half in HALVES] == bare, layer
    assert page.locator(".reading").get_attribute("aria-live") == "polite"


def test_the_chosen_digits_q_is_drawn_at_its_code_on_the_planes_dimensions(latent_space):
    page = latent_space()
    of_vae, of_ae = (painted(page, PLANE.format(half), (240, 140, 0)) for half in ("vae", "ae"))
    middle, reach = box(of_vae[0])
    mu, sigma = code(TEN, X)
    np.testing.assert_allclose(middle, mu[DIMS], atol=2 * of_vae[1])
    np.testing.assert_allclose(reach, 2 * sigma[DIMS], atol=2 * of_vae[1])
    assert len(of_ae[0]) == 0


def test_another_model_on_the_left_is_called_by_its_name(latent_space):
    page = latent_space(names=("VAE, g = tanh", "VAE"))
    assert page.locator("canvas.digit.ae").get_attribute("aria-label").startswith("VAE, g = tanh decodes z = (")
    assert page.locator(".digits figcaption").all_text_contents() == ["VAE, g = tanh decodes z", "VAE decodes z", "x"]
    assert page.locator(".reading").text_content().startswith("VAE, g = tanh: z = (")


ARROWS = """() => {
  const { arrows } = document.querySelector(".latent-space").view.pulls, list = (v) => v && Array.from(v);
  return Object.fromEntries(Object.entries(arrows).map(([half, all]) => [half, all.map((one) => ({
    at: list(one.at), reconstruction: list(one.reconstruction), kl: list(one.kl),
    widths: one.widths && [list(one.widths.reconstruction), list(one.widths.kl)],
  }))]));
}"""


def test_arrows_are_one_step_down_each_term_as_torch_has_it_and_there_is_one_a_digit(latent_space):
    """Over 16 draws of eps and their mirror images; an AE has one term, and no draw."""
    page = latent_space("pulls")
    page.wait_for_function("document.querySelector('.latent-space').view.pulls.unit")
    found = page.evaluate(ARROWS)
    half = np.array([normals(page, 1_000_000 + n, 10) for n in range(16)])
    eps = torch.tensor(np.concatenate([half, -half]), dtype=torch.float32)
    x = parcels.images(*range(40))
    for name, config in HALVES.items():
        mu, log_sigma = (
            part if part is None else part.detach() for part in encode_parameters(parcels.network(config), x)
        )
        mu.requires_grad_()
        z = mu[:, None]
        if log_sigma is not None:
            log_sigma.requires_grad_()
            z = mu[:, None] + log_sigma.exp()[:, None] * eps  # (40, 32, 10)
        logits = parcels.network(config).decode(z.reshape(-1, 10))
        losses = reconstruction_loss(logits, x.repeat_interleave(z.shape[1], 0), "bernoulli")
        (losses.sum() / z.shape[1]).backward()
        pulls = -mu.grad[:, DIMS]
        scale = pulls.abs().max().item()
        np.testing.assert_allclose([one["reconstruction"] for one in found[name]], pulls, rtol=5e-3, atol=2e-3 * scale)
        np.testing.assert_allclose([one["at"] for one in found[name]], mu.detach()[:, DIMS], atol=1e-3)
        if log_sigma is None:
            assert all(one["kl"] is one["widths"] is None for one in found[name])
        else:
            of_kl = -WEIGHT * mu.detach()[:, DIMS]
            np.testing.assert_allclose([one["kl"] for one in found[name]], of_kl, atol=1e-3)
            narrow = WEIGHT * (1 - (2 * log_sigma.detach()[:, DIMS]).exp())
            widths = np.stack([-log_sigma.grad[:, DIMS], narrow], 1)
            scale = np.abs(widths).max()
            np.testing.assert_allclose([one["widths"] for one in found[name]], widths, rtol=5e-3, atol=2e-3 * scale)


def test_the_mean_pulls_outwards_and_on_log_sigma_are_those_of_torch(latent_space):
    """Of all digits there are (fewer than in the lab), with a pair of draws each."""
    page = latent_space("pulls")
    page.wait_for_function(f"document.querySelector('.pulled').textContent.includes('over {FEW} test digits')")
    x = parcels.images(*range(FEW))
    half = np.array([normals(page, 1_000_016 + n, 10) for n in range(FEW)])
    eps = torch.tensor(np.stack([half, -half], 1), dtype=torch.float32)  # (300, 2, 10)
    for name, config in HALVES.items():
        encoded = encode_parameters(parcels.network(config), x)
        mu, log_sigma = (part if part is None else part.detach().requires_grad_() for part in encoded)
        z = mu[:, None] if log_sigma is None else mu[:, None] + log_sigma.exp()[:, None] * eps
        logits = parcels.network(config).decode(z.reshape(-1, 10))
        losses = reconstruction_loss(logits, x.repeat_interleave(z.shape[1], 0), "bernoulli")
        (losses.sum() / z.shape[1]).backward()
        outwards = -(mu.grad * mu.detach()).sum(1)
        expected = [outwards.mean(), outwards.std() / FEW**0.5]
        if log_sigma is not None:
            widths = -log_sigma.grad.sum(1)
            of_kl = WEIGHT * (1 - (2 * log_sigma.detach()).exp()).sum(1).mean()
            expected += [-WEIGHT * mu.detach().square().sum(1).mean(), widths.mean(), widths.std() / FEW**0.5, of_kl]
        words = page.locator(".pulled").text_content().split(f"{page.evaluate(NAME, name)}: ")[1]
        said = numbers(words)[: len(expected)]
        assert said == pytest.approx([float(one) for one in expected], rel=0.02, abs=0.02)


def test_the_chosen_digits_pulls_are_said_and_drawn_while_the_layer_is_on(latent_space):
    page = latent_space()
    before = page.locator(".reading").text_content()
    page.get_by_label("where one step of the loss").check()
    page.wait_for_function("document.querySelector('.pulled').textContent.includes('outwards')")
    assert "AE: the loss pulls z by" in page.locator(".reading").text_content()
    assert "the KL pulls μ by" in page.locator(".reading").text_content()
    green = painted(page, PLANE.format("vae"), (64, 160, 43))[0]
    assert len(green) > 50
    page.get_by_label("where one step of the loss").uncheck()
    assert len(painted(page, PLANE.format("vae"), (64, 160, 43))[0]) == 0
    assert page.locator(".pulled").text_content() == "" and page.locator(".reading").text_content() == before
