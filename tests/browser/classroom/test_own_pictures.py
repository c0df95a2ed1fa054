"""Own pictures in a real browser: from a file to a trained pair, on every page, for whoever has the link; drawings."""

import re

from playwright.sync_api import expect

from tests.browser.phone import PHONE
from tests.vae.own_pictures import NAMES, write_npz
from vae.sizes import is_own

PAGES = ("resampling", "walk", "true_posterior", "latent_space")


def test_a_file_becomes_a_trained_pair_that_every_page_shows_to_whoever_has_the_link(visit, server, tmp_path):
    page = visit("/train")
    expect(page.locator(".steps .which")).to_have_text("Step 1 of 5")
    page.get_by_test_id("stPopover").get_by_role("button").click()
    page.get_by_role("link", name="Train on pictures of your own").click()
    expect(page.locator("h1")).to_have_text("Own pictures")
    page.locator("input[type=file]").set_input_files(write_npz(tmp_path))
    expect(page.get_by_text("240 pictures, 3 classes.")).to_be_visible()
    expect(page.locator(".strips img")).to_have_count(3)
    for name in NAMES:
        expect(page.locator(".strips").get_by_text(name, exact=True)).to_be_visible()
    page.get_by_label("What to call it").fill("our animals")
    page.get_by_role("button", name="Take it").click()
    expect(page.get_by_text("201 pictures to train with, 39 to test with; ant, bee, cow")).to_be_visible()
    page.get_by_role("link", name="Train on it").first.click()
    page.wait_for_url("**/train?**dataset=own-**")
    epochs = page.get_by_role("spinbutton", name="Epochs")
    expect(epochs).to_have_value("100")  # about as many steps as the default pair, but not too many passes
    page.goto(page.url.replace("epochs=100", "epochs=4"))
    expect(page.get_by_text("Nothing trained with these settings yet")).to_be_visible()
    expect(epochs).to_have_value("4")
    page.get_by_role("button", name="Train both", exact=True).click()
    expect(page.get_by_text(re.compile("AE · trained in"))).to_have_count(2)  # both halves
    states = server.store.states()
    [run] = [name for name, (config, _) in states.items() if is_own(config.dataset) and config.model == "vae"]
    for place in PAGES:
        page.goto(f"{server.url}/{place}?run={run}")
        buttons = page.locator(".picker .classes").first.get_by_role("button")
        expect(buttons).to_have_text(list(NAMES))
        buttons.nth(2).click()
        expect(page.locator(".picker .name").first).to_have_text(re.compile(r"Test picture \d+, labelled cow"))
    page.locator(".legend").get_by_role("button", name="bee").click()
    page.wait_for_url("**classes=1**")

    other = visit(f"/latent_space?run={run}&classes=1&x=9999", **PHONE)  # of a digit that these have not
    expect(other.locator(".picker .name")).to_have_text(re.compile(r"Test picture 38, labelled"))
    expect(other.locator(".legend").get_by_role("button", pressed=True)).to_have_text(["bee"])


def test_drawings_are_collected_by_their_labels_and_a_file_that_cannot_be_taken_says_why(visit, tmp_path):
    page = visit("/resampling")
    expect(page.locator(".picker .name")).to_contain_text("Test digit")
    paper = page.locator(".picker .paper")
    paper.scroll_into_view_if_needed()
    collect = page.get_by_role("button", name="Collect", exact=True)
    expect(collect).to_be_hidden()
    box = paper.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 110, box["y"] + 130, steps=5)
    page.mouse.up()
    collect.click()
    add = page.get_by_role("button", name="Add", exact=True)
    said = page.locator(".collecting [role=status]")
    add.click()
    expect(said).to_have_text("Type what you have drawn.")
    page.get_by_label("What you have drawn").fill("stroke")
    add.click()
    expect(said).to_have_text(re.compile(r"Added: 1 × “stroke”\. [A-Z]{5} has 1 of the 200 that a dataset needs\."))
    add.click()
    expect(said).to_have_text("This one is added: draw the next.")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Make a dataset of them").click()
    pictures = opened.value
    pictures.get_by_role("tab", name="From drawings").click()
    expect(pictures.get_by_text("1 drawing: 1 × stroke")).to_be_visible()
    expect(pictures.get_by_text("Not yet a dataset.")).to_be_visible()

    (tmp_path / "notes.csv").write_text("label,pixel\n1,2\n")
    pictures.get_by_role("tab", name="From a file").click()
    pictures.locator("input[type=file]").set_input_files(tmp_path / "notes.csv")
    expect(pictures.get_by_text("This cannot be taken.")).to_be_visible()
    expect(pictures.get_by_text("notes.csv").last).to_be_visible()
