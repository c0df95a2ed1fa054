"""Parcels from the server, and views that wait for them (shelf.js, parcel.js, mount.js)."""

import base64
import gzip

import numpy as np
import pytest

from pages.ui.browser import base64_of

PARCEL = """async (text) => {
  const { default: parcel } = await import("/parcel.js"), { bytesOf } = await import("/bytes.js");
  await parcel({ data: bytesOf(text) });
}"""
# A view that writes down what happens to it, and a clock that is wound by hand: beat() is what an interval would call.
MOUNTED = """async () => {
  const { mount } = await import("/mount.js"), { put, unpack } = await import("/shelf.js");
  document.body.innerHTML = '<div class="root"></div>';
  globalThis.setInterval = (beat) => (Object.assign(globalThis, { beat }), 7);
  globalThis.clearInterval = () => (globalThis.beat = null);
  const log = (globalThis.log = []);
  class View {
    constructor() { log.push("made"); }
    open(data, parcels) { log.push(`open ${data.subject} with ${Object.entries(parcels)}`); }
    update(data) { log.push(`update ${data.note}`); }
    leave() { log.push("leave"); }
  }
  const setTriggerValue = (name, values) => log.push(`${name} ${values}`);
  const ends = (globalThis.ends = []);
  const give = (data) => {
    ends.push(mount({ data, parentElement: document.body, setTriggerValue }, ".root", View));
  };
  Object.assign(globalThis, { put, unpack, give });
}"""


@pytest.fixture
def page(modules):
    modules.goto("http://lab.test/")
    modules.evaluate(MOUNTED)
    return modules


def news(page) -> list[str]:
    return page.evaluate("log.splice(0)")


def test_a_view_opens_once_all_its_parcels_are_there_and_what_is_lost_is_asked_for(page):
    page.evaluate("give({ subject: 'one', parcels: { a: 'first', b: 'second' } })")
    page.evaluate("put('first', 1)")
    assert news(page) == []
    page.evaluate("unpack('first'), beat()")
    assert news(page) == ["missing second"]
    page.evaluate("give({ subject: 'one', parcels: {}, note: 'too early' }), put('second', 2)")
    assert news(page) == ["made", "open one with a,1,b,2"]
    assert page.evaluate("beat") is None  # nothing more is asked for
    page.evaluate("give({ subject: 'one', parcels: {}, note: 'more' })")
    assert news(page) == ["update more"]
    page.evaluate("give({ subject: 'two', parcels: { c: 'second' } })")
    assert news(page) == ["leave", "open two with c,2"]


def test_what_streamlit_calls_at_the_end_counts_only_when_it_is_the_latest(page):
    page.evaluate("put('first', 1)")
    page.evaluate("give({ subject: 'one', parcels: { a: 'first' } })")
    page.evaluate("give({ subject: 'two', parcels: { a: 'first' } })")
    news(page)
    page.evaluate("ends[0]()")
    assert news(page) == []
    page.evaluate("ends[1]()")
    assert news(page) == ["leave"]
    page.evaluate("give({ subject: 'three', parcels: { a: 'never' } })")
    page.evaluate("ends[2](), put('never', 3)")
    assert "open three with a,3" not in news(page)  # it has given up
    page.evaluate("give({ subject: 'three', parcels: { a: 'never' } })")
    assert news(page)[-1] == "open three with a,3"  # but may come back


def test_a_parcel_is_its_name_a_line_and_its_content_gzipped(page):
    sent = b"codes [1, 2]\n" + gzip.compress(bytes(range(256)) * 3)
    page.evaluate(PARCEL, base64.b64encode(sent).decode())
    page.evaluate("give({ subject: 'one', parcels: { a: 'codes [1, 2]' } })")
    assert news(page) == ["made", "open one with a," + ",".join(map(str, list(range(256)) * 3))]


SCATTER = """async (data) => {
  const { default: scatter } = await import("/scatter.js");
  document.body.innerHTML = '<figure class="scatter"><canvas></canvas><figcaption></figcaption></figure>';
  document.querySelector("canvas").style = "width: 300px; height: 300px";
  scatter({ data, parentElement: document.body });
  const { plane } = document.querySelector(".scatter"), context = plane.canvas.getContext("2d");
  const color = (place) => Array.from(context.getImageData(...plane.toPixels(place).map(Math.round), 1, 1).data);
  const beside = ([a, b]) => color([a - 0.1, b - 0.15]); // of the numeral, on its ground
  return [beside([1, 2.5]), beside([-2, -1]), document.querySelector("figcaption").textContent];
}"""


def test_a_scatter_has_its_codes_at_their_places(page):
    numbers = {"x": base64_of(np.array([1.0, -2.0])), "y": base64_of(np.array([2.5, -1.0]))}
    given = {"labels": base64_of(np.array([0, 1]), "u1"), "colors": ["#ff0000", "#0000ff"], "limit": 3}
    first, second, axes = page.evaluate(SCATTER, {**numbers, **given, "axes": "z1, z2", "description": "codes"})
    assert axes == "z1, z2"
    assert first[0] > 180 > 60 > first[2] and second[2] > 180 > 60 > second[0]
