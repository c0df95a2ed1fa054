"""The latent space, clicked in by a student."""

import re

from playwright.sync_api import expect

# The point of the first chart that lies farthest from its neighbours, among those well inside the axes.
LONELIEST = """plot => {
  const {xaxis, yaxis} = plot._fullLayout, box = plot.getBoundingClientRect();
  const points = Array.from(plot._fullData[0].x, (x, index) => ({
    index,
    x: box.left + xaxis._offset + xaxis.l2p(x),
    y: box.top + yaxis._offset + yaxis.l2p(plot._fullData[0].y[index]),
  })).filter(p => p.x > box.left + 80 && p.x < box.right - 80 && p.y > box.top + 60 && p.y < box.bottom - 80);
  const room = p => Math.min(...points.map(q => q === p ? Infinity : Math.hypot(p.x - q.x, p.y - q.y)));
  return points.slice(0, 2000).map(p => ({...p, room: room(p)})).reduce((a, b) => a.room > b.room ? a : b);
}"""


def pictures(page) -> list[str]:
    """The film strips of the fresh samples."""
    strips = page.locator(".strips").last.locator("img")
    expect(strips).to_have_count(3)
    return [strip.get_attribute("src") for strip in strips.all()]


def test_a_click_on_a_point_shows_its_digit_and_the_link_shows_it_again(visit):
    page = visit("/latent_space")
    expect(page.get_by_text("Test digit 0")).to_be_visible()
    expect(page.locator(".js-plotly-plot .gl-canvas-context").first).to_be_attached()
    plot = page.locator(".js-plotly-plot").first
    plot.scroll_into_view_if_needed()
    point = plot.evaluate(LONELIEST)
    assert point["index"] != 0
    page.mouse.move(point["x"] + 30, point["y"])
    page.mouse.move(point["x"], point["y"], steps=5)
    expect(plot.locator(".hovertext")).to_be_visible()
    page.mouse.click(point["x"], point["y"])
    expect(page.get_by_text(f"Test digit {point['index']:,}")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"index={point['index']}\b"))
    other = visit(page.url)
    expect(other.get_by_text(f"Test digit {point['index']:,}")).to_be_visible()


def test_the_decoded_plane_lies_under_the_points_and_in_the_link(visit):
    page = visit("/latent_space")
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    expect(page.locator(".js-plotly-plot .imagelayer image")).to_have_count(0)
    page.get_by_text("Show what the decoder makes of the plane").click()
    expect(page.locator(".js-plotly-plot .imagelayer image")).to_have_count(2)
    expect(page).to_have_url(re.compile("grid=true"))


def test_each_draw_has_samples_of_its_own_which_its_link_shows_again(visit):
    page = visit("/latent_space")
    first = pictures(page)
    page.get_by_role("button", name="Draw again").click()
    expect(page.get_by_role("spinbutton", name="Draw")).to_have_value("1")
    expect(page.locator(".strips").last.locator("img").first).not_to_have_attribute("src", first[0])
    second = pictures(page)
    assert not set(first) & set(second)
    assert pictures(visit(page.url)) == second
