"""What a browser fetches once, and views that wait for it (parcels.js, mount.js, test_digits.js)."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from pages.shared.component import BROWSER, base64_of
from tests.browser import parcels
from tests.browser.conftest import EMPTY

# A view that writes down what happens to it.
MOUNTED = """async () => {
  const { mount } = await import("./shared/mount.js"), { fetchParcel } = await import("./shared/parcels.js");
  document.body.innerHTML = '<div class="root"></div>';
  const log = (globalThis.log = []);
  class View {
    constructor() { log.push("made"); }
    async open(data, parcels) {
      log.push(`open ${data.subject} with ${Object.entries(parcels)}`);
      if (data.later) await fetchParcel(data.later);
    }
    async update(data) {
      log.push(`update ${data.note}`);
      if (data.later) await fetchParcel(data.later);
    }
    leave() { log.push("leave"); }
  }
  const ends = (globalThis.ends = []);
  globalThis.give = async (data) => ends.push(await mount({ data, parentElement: document.body }, ".root", View));
}"""


@pytest.fixture
def page(modules, served):
    served.clear()
    served.update(first=b"\1", second=b"\2")
    modules.goto(EMPTY)
    modules.evaluate(MOUNTED)
    return modules


def news(page) -> list[str]:
    return page.evaluate("log.splice(0)")


def test_a_view_opens_once_all_its_parcels_are_there(page):
    page.evaluate("give({ subject: 'one', parcels: { a: 'first', b: 'second' } })")
    assert news(page) == ["made", "open one with a,1,b,2"]
    page.evaluate("give({ subject: 'one', parcels: {}, note: 'more' })")
    assert news(page) == ["update more"]
    page.evaluate("give({ subject: 'two', parcels: { c: 'second' } })")
    assert news(page) == ["leave", "open two with c,2"]


def test_controls_wait_until_there_is_something_behind_them_and_later_keep_the_focus(page):
    states = page.evaluate("""async () => {
      const root = document.querySelector(".root"), seen = [];
      for (const [subject, a] of [["none", "third"], ["one", "first"], ["two", "second"]]) {
        const opening = give({ subject, parcels: { a } });
        seen.push(root.inert);
        await opening;
        seen.push(root.inert);
      }
      return seen;
    }""")
    assert states == [True, False, True, False, False, False]  # there is no third: one can try again


def test_a_parcel_is_fetched_once(page):
    fetched = []
    page.on("request", lambda request: fetched.append(request.url))
    for subject in "one", "two":
        page.evaluate("subject => give({ subject, parcels: { a: 'first', b: 'first' } })", subject)
    assert [url for url in fetched if "parcels/" in url] == ["http://lab.test/parcels/first"]


def test_what_comes_too_late_for_another_subject_is_not_shown(page):
    page.evaluate("Promise.all(['one', 'two'].map((subject) => give({ subject, parcels: { a: 'first' } })))")
    assert news(page) == ["made", "open two with a,1"]


def test_what_cannot_be_fetched_is_said_in_words_and_tried_again(page, served):
    page.evaluate("give({ subject: 'one', parcels: { a: 'first', b: 'third' } })")
    expect(page.get_by_role("alert")).to_contain_text("There is no third here.")
    assert news(page) == []
    page.evaluate("give({ subject: 'one', parcels: { a: 'first', b: 'third' }, note: 'too early' })")
    assert news(page) == []
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_have_count(1)  # still not there
    served["third"] = b"\3"
    page.evaluate("give({ subject: 'one', parcels: { a: 'first', b: 'third' } })")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_function("log.length === 2")
    assert news(page) == ["made", "open one with a,1,b,3"]
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("when", ["as it opens", "later"])
def test_what_a_view_fetches_by_itself_is_said_in_words_and_tried_again_too(page, served, when):
    if when == "later":
        page.evaluate("give({ subject: 'one', parcels: { a: 'first' } })")
    page.evaluate("give({ subject: 'one', parcels: { a: 'first' }, later: 'fourth', note: 'more' })")
    expect(page.get_by_role("alert")).to_contain_text("There is no fourth here.")
    served["fourth"] = b"\4"
    news(page)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert news(page) == ["open one with a,1"]


FAULTY = """async () => {
  const { mount } = await import("./shared/mount.js");
  document.body.innerHTML = '<div class="root"><p role="status">The models are on their way …</p><p>rest</p></div>';
  globalThis.faults = new Set();
  const fail = (place) => { if (faults.has(place)) throw new TypeError(`no ${place} in this browser`); };
  class View {
    constructor(root) {
      root.append("made ");
      this.root = root;
      fail("constructor");
    }
    open() { fail("open"); this.root.append("opened"); }
    update() { fail("update"); }
    leave() {}
  }
  globalThis.give = (data) => mount({ data, parentElement: document.body }, ".root", View);
}"""


@pytest.mark.parametrize("place", ["constructor", "open", "update"])
def test_a_view_that_fails_says_so_instead_of_being_on_its_way_for_ever_and_is_tried_again(modules, place):
    page, logged = modules, []
    page.goto(EMPTY)
    page.evaluate(FAULTY)
    page.on("console", lambda message: logged.append(message.text))
    if place == "update":
        page.evaluate("give({ subject: 'one', parcels: {} })")
    page.evaluate("place => faults.add(place)", place)
    for _ in range(2):
        page.evaluate("give({ subject: 'one', parcels: {} })")
    alert = page.get_by_role("alert")
    expect(alert).to_have_count(1)
    expect(alert).to_contain_text(
        "A part of this page could not be shown: the lab has a fault, or this browser is too old"
    )
    expect(page.get_by_text("on their way")).to_have_count(0)
    assert any(f"no {place} in this browser" in text for text in logged)
    page.get_by_role("button", name="Try again").click()
    expect(alert).to_have_count(0 if place == "update" else 1)
    page.evaluate("faults.clear()")
    if place != "update":
        page.get_by_role("button", name="Try again").click()
    expect(alert).to_have_count(0)
    expect(page.get_by_text("made opened")).to_have_count(1)
    assert page.evaluate("document.body.textContent.split('made').length") == 2  # nothing stands there twice


def test_what_the_components_say_until_they_are_open_is_what_a_fault_takes_away():
    said = {
        text
        for path in BROWSER.rglob("*.html")
        for text in re.findall('role="status"[^>]*>([^<]+)</p>', path.read_text(encoding="utf-8"))
    }
    [waiting] = re.findall('WAITING = "(.*)";', (BROWSER / "shared" / "mount.js").read_text(encoding="utf-8"))
    assert {text for text in said if "on their way" in text} == {waiting}


def test_without_the_server_the_words_are_not_the_browsers_own(page):
    page.context.set_offline(True)
    page.route("**/parcels/gone", lambda route: route.abort())
    page.evaluate("give({ subject: 'one', parcels: { a: 'gone' } })")
    page.context.set_offline(False)
    expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached just now.")
    page.unroute("**/parcels/gone")


def test_what_streamlit_calls_at_the_end_counts_only_when_it_is_the_latest(page):
    page.evaluate("give({ subject: 'one', parcels: { a: 'first' } })")
    page.evaluate("give({ subject: 'two', parcels: { a: 'first' } })")
    news(page)
    page.evaluate("ends[0]()")
    assert news(page) == []
    page.evaluate("ends[1]()")
    assert news(page) == ["leave"]


DIGITS = """async ([parts, labels, wanted]) => {
  const { TestDigits } = await import("./shared/test_digits.js");
  const digits = new TestDigits(parts, Uint8Array.from(labels)), before = digits.has(wanted);
  await digits.fetch(wanted);
  return [before, digits.has(wanted), Array.from(digits.pixels(wanted)), [0, 149, 150, 299].map((n) => digits.has(n))];
}"""


def test_the_part_of_the_test_digits_that_is_wanted_is_fetched_and_no_other(modules, served):
    sent = parcels.digits(300)
    modules.goto(EMPTY)
    served.update(early=sent["images"][: 150 * 784], late=sent["images"][150 * 784 :])
    before, after, pixels, here = modules.evaluate(DIGITS, [["early", "late"], list(sent["labels"]), 218])
    assert (before, after, here) == (False, True, [False, False, True, True])
    np.testing.assert_allclose(pixels, parcels.images(218)[0], atol=1e-6)


ALL = """async (parts) => {
  const { TestDigits } = await import("./shared/test_digits.js");
  const digits = new TestDigits(parts, new Uint8Array(2));
  await digits.fetchAll();
  return digits.images.map((image) => image[0]);
}"""


def test_pictures_that_nobody_waits_for_are_asked_for_again_after_the_server_was_away(page):
    asked = []

    def away_at_first(route):
        asked.append(route.request.url)
        route.abort() if len(asked) == 1 else route.fallback()

    page.route("**/parcels/second", away_at_first)
    assert page.evaluate(ALL, ["first", "second"]) == [1, 2] and len(asked) == 2
    page.unroute("**/parcels/second")


SCATTER = """async (data) => {
  const { default: scatter } = await import("./shared/scatter.js");
  document.body.innerHTML = '<figure class="scatter"><canvas></canvas><figcaption></figcaption></figure>';
  document.querySelector("canvas").style = "width: 300px; height: 300px";
  scatter({ data, parentElement: document.body });
  const { plane } = document.querySelector(".scatter"), context = plane.canvas.getContext("2d");
  const color = (place) => Array.from(context.getImageData(...plane.view.toPixels(place).map(Math.round), 1, 1).data);
  const beside = ([a, b]) => color([a - 0.1, b - 0.15]); // of the numeral, on its ground
  return [beside([1, 2.5]), beside([-2, -1]), document.querySelector("figcaption").textContent];
}"""


def test_a_scatter_has_its_codes_at_their_places(page):
    numbers = {"x": base64_of(np.array([1.0, -2.0])), "y": base64_of(np.array([2.5, -1.0]))}
    given = {"labels": base64_of(np.array([0, 1]), "u1"), "colors": ["#ff0000", "#0000ff"], "limit": 3, "arrows": []}
    first, second, axes = page.evaluate(SCATTER, {**numbers, **given, "axes": "z1, z2", "description": "codes"})
    assert axes == "z1, z2"
    assert first[0] > 180 > 60 > first[2] and second[2] > 180 > 60 > second[0]
