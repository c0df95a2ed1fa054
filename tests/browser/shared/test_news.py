"""A page is drawn again when there is news of a run, and only then."""

import json

RUN = "vae-2d-5ccd49900f5f"
LOOKS = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/news?'))"


def says(now: str, wait: float = 0.05) -> bytes:
    return json.dumps({"now": now, "wait": wait}).encode()


def test_the_server_hears_of_news_once_and_of_nothing_else(mounted, served):
    asked = []
    page = mounted(
        "news", {"names": [RUN, "ae-2d-190d6dc25bb9"], "seen": "running-10"}, {"news": says("running-10")}, "<i></i>"
    )
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_function(
        "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/news?')).length > 3"
    )
    assert page.evaluate("said") == []
    assert all(f"&name={RUN}&name=ae-2d-190d6dc25bb9" in url for url in asked if "/news?" in url)
    served["news"] = says("running-20")
    page.wait_for_function("said.length > 0")
    assert page.evaluate("said[0]") == ["news", "running-20"]
    page.evaluate("names => give({ names, seen: 'running-20' })", [RUN])  # what the server draws then
    page.evaluate("(said.splice(0), performance.clearResourceTimings())")
    page.wait_for_function(
        "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/news?')).length > 3"
    )
    assert page.evaluate("said") == []


def test_it_ends_with_the_page_and_not_with_an_earlier_call(mounted):
    page = mounted("news", {"names": [RUN], "seen": "running-10"}, {"news": says("running-10")}, "<i></i>")
    page.evaluate("async () => (globalThis.first = await give({ names: ['first'], seen: 'running-10' }))")
    page.evaluate("async () => (globalThis.second = await give({ names: ['second'], seen: 'running-10' }))")
    page.evaluate("first()")
    page.wait_for_function(f"{LOOKS}.some(({{ name }}) => name.includes('name=second'))")
    assert page.evaluate("document.querySelector('i').timer !== null")
    page.evaluate("second()")
    assert page.evaluate("document.querySelector('i').timer === null")


def test_a_server_that_is_away_is_asked_again(mounted, served):
    page = mounted("news", {"names": [RUN], "seen": "running-10"}, {}, "<i></i>")  # there is no such route yet
    page.wait_for_function(f"{LOOKS}.length === 1")
    served["news"] = says("complete-90")
    page.wait_for_function("said.length > 0")
    assert page.evaluate("said[0]") == ["news", "complete-90"]


def test_an_answer_that_comes_when_the_page_has_gone_is_kept_to_itself(mounted):
    page = mounted("news", {"names": [RUN], "seen": "running-10"}, {}, "<i></i>")
    page.evaluate("""() => {
      const response = { ok: true, json: async () => ({ now: "running-20", wait: 1 }) };
      globalThis.fetch = () => new Promise((come) => { globalThis.come = () => come(response); });
    }""")
    page.evaluate("async () => (globalThis.leave = await give({ names: ['vae'], seen: 'running-10' }))")
    page.wait_for_function("!!globalThis.come")
    page.evaluate("(leave(), come())")
    page.evaluate("new Promise(setTimeout)")  # until what the answer brings about has been done
    assert page.evaluate("said") == []
