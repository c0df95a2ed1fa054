"""Training before the eyes of a class: whatever a student or the server does meanwhile, the pair comes to its end."""

import re
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from tests.browser.server import Server, wait_for
from vae.config import RunConfig

SHORT = {"train_size": 2_000, "hidden_dims": (32, 16), "epochs": 1}
LONG = {"train_size": 12_000, "hidden_dims": (64, 32), "epochs": 5, "batch_size": 32}  # some seconds


def address(config: RunConfig) -> str:
    """The Train page's link for a pair: what is not the default."""
    given = {k: v for k, v in config.to_dict().items() if v != RunConfig().to_dict()[k]}
    return "/train?" + urlencode({k: ",".join(map(str, v)) if k == "hidden_dims" else v for k, v in given.items()})


def press(page: Page, name: str) -> None:
    main = page.get_by_test_id("stMain")  # Streamlit has a “Stop” of its own in the header
    main.get_by_role("button", name=re.compile(f"{name}$")).click()


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


def test_a_pair_trains_before_ones_eyes_to_the_end(visit, server):
    config = RunConfig(**SHORT, seed=1)
    page = visit(address(config))
    expect(page.get_by_text("Nothing trained with these settings yet")).to_be_visible()
    press(page, "Train both")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(2)
    trained(page)
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    expect(page.locator(".strips img")).to_have_count(5)
    expect(page.get_by_role("button", name="Train both again (seed 2)")).to_be_visible()
    assert [server.store.status(run_id).state for run_id in pair(config)] == ["complete"] * 2


def test_a_pair_paused_and_reloaded_stays_where_it_is_until_it_is_resumed(visit, server):
    config = RunConfig(**LONG, seed=2)
    page = visit(address(config))
    press(page, "Train both")
    under_way(server, config)
    press(page, "Pause")
    expect(page.get_by_text("paused at epoch")).to_have_count(2)
    before = wait_for(lambda: (now := steps(server, config)) == steps(server, config) and now)
    page.reload()
    expect(page.get_by_text("paused at epoch")).to_have_count(2)
    press(page, "Resume")
    trained(page)
    assert max(before) < config.total_steps
    assert began_once(server, config)


def test_a_training_goes_on_through_a_reload_and_a_look_at_another_page(visit, server):
    config = RunConfig(**LONG, seed=3)
    page = visit(address(config))
    press(page, "Train both")
    before = under_way(server, config)
    page.reload()
    expect(page.get_by_role("button", name="Training …")).to_be_disabled()
    assert min(steps(server, config)) >= min(before)
    page.get_by_role("link", name="From AE to VAE").click()
    expect(page.get_by_role("heading", name="From autoencoder")).to_be_visible()
    page.get_by_role("link", name="Train side by side").click()
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("3")
    trained(page)
    assert began_once(server, config)


def test_two_browsers_watch_one_training(visit, server):
    config = RunConfig(**SHORT | {"epochs": 20}, seed=5)
    pages = [visit(address(config)) for _ in range(2)]
    for page in pages:
        expect(page.get_by_role("button", name="Train both")).to_be_visible()
    press(pages[0], "Train both")
    press(pages[1], "Train both")
    for page in pages:
        trained(page)
    assert began_once(server, config)


def test_a_killed_server_started_again_brings_the_training_to_its_end(own_server, visit):
    config = RunConfig(**LONG, seed=6)
    page = visit(own_server.url + address(config), allowed="ERR_CONNECTION_REFUSED|WebSocket|disconnected from server")
    expect(page.get_by_role("link", name="Latent space")).to_be_visible()
    press(page, "Train both")
    wait_for(lambda: all(own_server.store.checkpoint(run_id) for run_id in pair(config)))
    under_way(own_server, config)
    family = own_server.family()
    own_server.kill()
    wait_for(lambda: not any(process.is_running() for process in family))
    saved = [int(own_server.store.checkpoint(run_id)["step"]) for run_id in pair(config)]
    assert 0 < max(saved) < config.total_steps
    own_server.start()
    page.reload()
    expect(page.get_by_role("button", name="Training …")).to_be_disabled()
    trained(page)
    assert began_once(own_server, config)


def test_the_link_carries_the_settings_that_were_clicked(visit):
    page = visit("/train")
    expect(page.locator(".js-plotly-plot")).to_have_count(3)
    page.get_by_text("More settings").click()
    page.get_by_role("combobox", name="Likelihood").click()
    page.get_by_role("option", name="gaussian").click()
    expect(page.get_by_role("combobox", name="Likelihood")).to_have_value("gaussian")
    for role, name, value in (("textbox", "Hidden layers", "40,20"), ("spinbutton", "Epochs", "7")):
        page.get_by_role(role, name=name).fill(value)
        page.get_by_role(role, name=name).press("Enter")
    page.wait_for_url(lambda url: all(part in url for part in ("epochs=7", "hidden_dims=40", "likelihood=gaussian")))
    other = visit(page.url)
    expect(other.get_by_role("spinbutton", name="Epochs")).to_have_value("7")
    other.get_by_text("More settings").click()
    expect(other.get_by_role("textbox", name="Hidden layers")).to_have_value("40,20")
    expect(other.get_by_role("combobox", name="Likelihood")).to_have_value("gaussian")


def test_play_goes_on_to_the_end_of_the_training_and_then_from_its_beginning(visit):
    page = visit("/train?step=724")  # of the pretrained pair
    shown = page.get_by_test_id("stSliderThumbValue")
    expect(shown).to_have_text(re.compile("^step 724 "))
    press(page, "Play")
    expect(shown).to_have_text(re.compile(f"^step {RunConfig().total_steps} "))
    press(page, "Play")
    expect(shown).to_have_text(re.compile(r"^step \d{1,2} "))
    press(page, "Halt")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    expect(page).to_have_url(re.compile(r"step=\d+"))


def test_a_stopped_pair_keeps_its_models_for_the_latent_space(visit, server):
    config = RunConfig(**LONG, seed=7)
    page = visit(address(config))
    press(page, "Train both")
    under_way(server, config)
    press(page, "Stop")
    expect(page.get_by_text("stopped at epoch")).to_have_count(2)
    assert max(steps(server, config)) < config.total_steps
    page.get_by_role("link", name="Latent space").click()
    page.get_by_role("combobox", name="Runs").click()
    page.get_by_role("option", name="seed 7").click()
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    expect(page).to_have_url(re.compile("run="))
    expect(visit(page.url).get_by_role("combobox", name="Runs")).to_have_value(re.compile("seed 7"))
