"""Links in a real browser: of a stranger, whose text takes no effect, and of another server, whose run is trained."""

import re
from urllib.parse import urlencode

from playwright.sync_api import expect

from pages.shared import linked
from tests.outside import LINE_ENDS, WORST, on_one_line
from vae.config import RunConfig

SMALL = RunConfig(train_size=1_000, batch_size=100, hidden_dims=(16,), epochs=2, seed=5)
WORSE = {
    "run": "\r\r# head\r\r![x](http://evil.example/x.png)",
    "x": f"`{LINE_ENDS[-2] * 2}<b>bold</b> $x^2$ :red[x]",
    "x2": "www.evil.example x@evil.example",
    "z_ae": ":material/home: :smile: -> http://evil.x",
    "z_vae": "\x85\x85> quote\n\n    code\v\v- item",
    "sphere": WORST,
}


def test_a_strangers_link_shows_its_text_and_nothing_of_it_takes_effect(visit):
    page = visit(f"/walk?{urlencode(WORSE)}")
    said = page.get_by_test_id("stAlert")
    expect(said).to_have_count(len(WORSE))
    for name, text in WORSE.items():
        alert = said.filter(has_text=re.compile(rf"^\W*{name} = "))
        seen = on_one_line(text, 40).replace("`", "'").replace(":material/", ":material\u2060/")
        assert alert.locator("code").text_content() == seen
        assert alert.locator("p").count() == 1
        assert alert.locator("p *:not(code)").count() == 0  # no link, picture, heading, colour, formula or icon
    assert page.get_by_test_id("stMain").locator("a[href*='evil'], img[src*='evil'], blockquote").count() == 0
    expect(page.locator(".walk")).to_be_visible()


def test_a_run_of_another_server_is_trained_by_one_click_and_shown(visit, server):
    link = urlencode({"run": SMALL.run_id, "settings": linked.settings_of(SMALL)})
    page = visit(f"/resampling?{link}")
    expect(page.get_by_text("is not trained on this server yet: 2-D · 2 epochs · seed 5")).to_be_visible()
    expect(page.locator(".resampling canvas").first).to_be_visible()  # something is on show meanwhile
    page.get_by_role("button", name="Train it here").click()
    expect(page.get_by_role("combobox", name=re.compile("Runs"))).to_have_value(re.compile("seed 5"))
    expect(page.get_by_text("is not trained on this server yet")).to_have_count(0)
    expect(page).to_have_url(re.compile(f"run={SMALL.run_id}.*settings=train_size.1000"))
    assert server.store.status(SMALL.run_id).state == "complete"
    page.reload()
    expect(page.get_by_role("combobox", name=re.compile("Runs"))).to_have_value(re.compile("seed 5"))
