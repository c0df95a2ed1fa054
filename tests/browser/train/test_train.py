"""Training before the eyes of a class: whatever a student or the server does meanwhile, the pair comes to its end."""

import contextlib
import re
import time
from urllib.parse import urlencode

from playwright.sync_api import Page, TimeoutError, expect

from pages.lessons import LESSONS
from tests.browser.navigation import go
from tests.browser.server import PATIENCE, Server, wait_for
from vae.config import RunConfig

SHORT = {"train_size": 2_000, "hidden_dims": (32, 16), "epochs": 6}
UNENDING = {"train_size": 12_000, "hidden_dims": (64, 32), "epochs": 100, "batch_size": 32}  # minutes

# What Streamlit writes to the console while there is no server: which of it depends on how long there is none.
SERVER_IS_GONE = (
    "ERR_CONNECTION_|WebSocket|disconnected from server|in reaching server endpoint|server is not responding"
)

MANY = 200  # colours: where half-transparent dots lie on each other there are more than one a digit
COLORS = """canvas => new Set(new Uint32Array(
  canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size"""
# Of the slider that goes back and forth; while a training is under way another one, that cannot, keeps its place.
THUMB = "[data-testid=stSliderThumbValue]:not([disabled])"
PICTURE = "canvas => canvas.toDataURL()"


def address(config: RunConfig) -> str:
    """The Train page's link for a pair: what is not the default."""
    given = {k: v for k, v in config.to_dict().items() if v != RunConfig().to_dict()[k]}
    return "/train?" + urlencode({k: ",".join(map(str, v)) if k == "hidden_dims" else v for k, v in given.items()})


def press(page: Page, name: str) -> None:
    main = page.get_by_test_id("stMain")  # Streamlit has a “Stop” of its own in the header
    main.get_by_role("button", name=re.compile(f"{name}$")).click()


def choose(page: Page, label: str, option: str) -> None:
    """Takes an option of a select box; a rerun meanwhile may close the box, and then a person clicks again."""
    box, wanted = page.get_by_role("combobox", name=label), page.get_by_role("option", name=option)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        box.click()
        box.fill(option)  # of a long list only what is typed is near
        with contextlib.suppress(TimeoutError):
            wanted.click(timeout=3000)
            return
    raise AssertionError(f"{label} does not offer {option}")


def trained(page: Page) -> None:
    """Waits until the page says that both are trained."""
    expect(page.get_by_text(re.compile("(AE|VAE) · trained in"))).to_have_count(2)


def pair(config: RunConfig) -> list[str]:
    return [config.autoencoder.run_id, config.run_id]


def steps(server: Server, config: RunConfig) -> list[int]:
    return [server.store.status(run_id).step for run_id in pair(config)]


def under_way(server: Server, config: RunConfig, least: int = 1) -> list[int]:
    """The steps of both runs, once both are beyond the least and before either is at its end."""
    now = wait_for(lambda: (now := steps(server, config)) and min(now) >= least and now)
    assert max(now) < config.total_steps, "the pair was too quick for this test"
    return now


def began_once(server: Server, config: RunConfig) -> bool:
    """Whether each run's curve goes from its first step to its last, each step once."""
    histories = [[line["step"] for line in server.store.history(run_id)] for run_id in pair(config)]
    return all(h == sorted(set(h)) and h[-1] == config.total_steps for h in histories)


SHIFTS = """() => {
  globalThis.shifted = [];
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries())
      if (!hadRecentInput) shifted.push([value, sources.map(({ node, previousRect, currentRect }) =>
        [node?.dataset?.testid ?? node?.className, previousRect.y, currentRect.y])]);
  }).observe({ type: "layout-shift" });
}"""


def test_nothing_jumps_while_a_pair_is_trained(visit):
    """The layout shift that Chromium counts (web.dev/cls), until the end and what is shown then, is below 0.1."""
    page = visit(address(RunConfig(**SHORT | {"epochs": 40}, seed=21)))
    expect(page.locator(".scatter canvas")).to_have_count(2)
    expect(page.locator(".strips img")).to_have_count(5)  # black where there is nothing yet
    expect(page.locator(".js-plotly-plot")).to_have_count(1)
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
    before = [page.locator(one).first.bounding_box()["y"] for one in (".strips", ".scatter canvas")]
    press(page, "Train both")
    expect(page.get_by_role("progressbar")).to_have_count(2)
    page.evaluate(SHIFTS)
    trained(page)
    expect(page.locator(THUMB)).to_have_text(re.compile("^step "))
    after = [page.locator(one).first.bounding_box()["y"] for one in (".strips", ".scatter canvas")]
    assert max(abs(now - then) for now, then in zip(after, before)) < 60  # pixels: bars take the place of words
    shifts = page.evaluate("shifted")
    assert sum(value for value, _ in shifts) < 0.1, shifts


def test_a_pair_that_two_browsers_ask_for_trains_once_and_before_the_eyes_of_both(visit, server):
    config = RunConfig(**SHORT, seed=1)
    pages = [visit(address(config)) for _ in range(2)]
    for page in pages:
        expect(page.get_by_text("Nothing trained with these settings yet")).to_be_visible()
    buttons = [page.get_by_role("button", name=re.compile("Train both$")).element_handle() for page in pages]
    for button in buttons:  # at once: a page that sees the other's run under way has another button
        button.evaluate("button => button.click()")
    for page in pages:
        trained(page)
        expect(page.get_by_role("progressbar")).to_have_count(2)
        expect(page.get_by_role("button", name="Train both again (seed 2)")).to_be_visible()
        expect(page.locator(".js-plotly-plot")).to_have_count(2)  # losses, and where both terms pull
        expect(page.locator(".scatter canvas")).to_have_count(2)  # those of the training are gone
        for canvas in (page.locator(".scatter canvas").nth(place) for place in range(2)):
            wait_for(lambda canvas=canvas: canvas.evaluate(COLORS) > MANY)
        expect(page.locator(".strips img")).to_have_count(5)
    canvases = [pages[0].locator(".scatter canvas").nth(place) for place in range(2)]
    plain = [canvas.evaluate(PICTURE) for canvas in canvases]
    pages[0].get_by_test_id("stCheckbox").filter(has_text="Where both terms pull").click()
    expect(pages[0]).to_have_url(re.compile("pulls=true"))
    for canvas, before in zip(canvases, plain):  # arrows, one a class and a term
        wait_for(lambda canvas=canvas: canvas.evaluate("canvas => canvas.closest('.scatter').arrows.length") == 10)
        assert canvas.evaluate(PICTURE) != before
    assert began_once(server, config)
    assert [server.store.status(run_id).state for run_id in pair(config)] == ["complete"] * 2


def test_a_pair_under_way_bears_reloads_and_page_switches_and_is_paused_resumed_and_stopped(visit, server):
    config = RunConfig(**UNENDING, seed=7)
    page = visit(address(config))
    press(page, "Train both")
    before = under_way(server, config)

    page.reload()
    expect(page.get_by_role("button", name="Training …")).to_be_disabled()
    go(page, "One digit twice")
    expect(page.get_by_role("heading", name="From autoencoder")).to_be_visible()
    go(page, "Train side by side")
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("7")
    expect(page.get_by_role("button", name="Training …")).to_be_disabled()
    under_way(server, config, least=max(before) + 1)

    press(page, "Pause")
    expect(page.get_by_text("paused at epoch")).to_have_count(2)
    paused = steps(server, config)
    page.reload()
    expect(page.get_by_text("paused at epoch")).to_have_count(2)
    assert steps(server, config) == paused
    expect(page).not_to_have_url(re.compile("step="))  # at the end of what there is, which is no choice

    press(page, "Resume")
    under_way(server, config, least=max(paused) + 1)
    press(page, "Stop")
    expect(page.get_by_text("stopped at epoch")).to_have_count(2)
    assert max(steps(server, config)) < config.total_steps
    histories = [server.store.history(run_id) for run_id in pair(config)]
    shown = max(line["step"] for history in histories for line in history if "pictures" in line)
    expect(page.locator(THUMB)).to_have_text(re.compile(f"^step {shown} "))
    expect(page).not_to_have_url(re.compile("step="))

    go(page, "Latent space")
    choose(page, "Runs", "seed 7")
    expect(page).to_have_url(re.compile(f"run={config.run_id}"))
    expect(page.locator(".reading")).to_contain_text("=")
    expect(visit(page.url).get_by_role("combobox", name="Runs")).to_have_value(re.compile("seed 7"))


def test_a_killed_server_leaves_no_worker_behind_and_its_pair_goes_on_when_it_is_back(
    own_server, visit, long, undisturbed
):
    store = own_server.store
    page = visit(own_server.url + address(long), allowed=SERVER_IS_GONE)  # the first visitor comes by a deep link
    expect(page.get_by_role("navigation", name="App pages").get_by_role("link")).to_have_count(len(LESSONS))
    press(page, "Train both")
    expect(page.locator(".js-plotly-plot")).to_have_count(1)  # nothing is on its way when the server goes
    wait_for(lambda: all(store.checkpoint(run_id) for run_id in pair(long)))
    family = own_server.family()
    own_server.kill()
    wait_for(lambda: not any(process.is_running() for process in family))
    saved, before = int(store.checkpoint(long.run_id)["step"]), store.history(long.run_id)
    assert 0 < saved < long.total_steps and store.metrics(long.run_id) is None

    own_server.start()
    page.reload()
    expect(page.get_by_role("button", name="Training …")).to_be_disabled()
    go(page, "One digit twice")  # whose pictures leave the cores to the training
    wait_for(lambda: all(store.metrics(run_id) for run_id in pair(long)))
    go(page, "Train side by side")
    trained(page)
    kept = sum(line["step"] <= saved for line in before)
    assert store.history(long.run_id)[:kept] == before[:kept]  # their seconds too: nothing so far was done again
    assert began_once(own_server, long)
    assert store.metrics(long.run_id)["model_sha256"] == undisturbed["model_sha256"]


def test_the_link_carries_the_settings_that_were_clicked(visit):
    page = visit("/train")
    expect(page.locator(".js-plotly-plot")).to_have_count(1)
    page.get_by_test_id("stPopoverButton").click()
    choose(page, "Likelihood", "gaussian")
    expect(page.get_by_role("combobox", name="Likelihood")).to_have_value("gaussian")
    for role, name, value in (("textbox", "Hidden layers", "40,20"), ("spinbutton", "Epochs", "7")):
        page.get_by_role(role, name=name).fill(value)
        page.get_by_role(role, name=name).press("Enter")
    page.wait_for_url(lambda url: all(part in url for part in ("epochs=7", "hidden_dims=40", "likelihood=gaussian")))
    other = visit(page.url)
    expect(other.get_by_role("spinbutton", name="Epochs")).to_have_value("7")
    other.get_by_test_id("stPopoverButton").click()
    expect(other.get_by_role("textbox", name="Hidden layers")).to_have_value("40,20")
    expect(other.get_by_role("combobox", name="Likelihood")).to_have_value("gaussian")


def test_play_goes_on_to_the_end_of_the_training_and_then_from_its_beginning(visit):
    page = visit("/train?step=724")  # of the pretrained pair
    shown = page.locator(THUMB)
    expect(shown).to_have_text(re.compile("^step 724 "))
    press(page, "Play")
    expect(shown).to_have_text(re.compile(f"^step {RunConfig().total_steps} "))
    press(page, "Play")
    expect(shown).to_have_text(re.compile(r"^step \d{1,2} "))
    press(page, "Pause replay")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    expect(page).to_have_url(re.compile(r"step=\d+"))
