"""A class in real browsers: a teacher, a student on a laptop, one on a phone, and one who comes late."""

import re
import signal

from playwright.sync_api import Page, expect

from tests.browser.phone import PHONE
from tests.browser.server import wait_for


def chip(page: Page):
    return page.locator(".steps .chip")


def begin(page: Page) -> str:
    """Starts a class; its code."""
    page.locator(".class summary").click()
    page.get_by_role("button", name="Start a class").click()
    expect(chip(page)).to_contain_text(re.compile(r"Class [A-Z]{5} · 0 students"))
    return re.search(r"Class ([A-Z]{5})", chip(page).text_content())[1]


def test_a_class_predicts_together_sees_what_it_thinks_and_goes_where_the_teacher_goes(visit):
    teacher = visit("/")
    code = begin(teacher)
    student = visit(f"/?join={code}")
    phone = visit("/resampling", **PHONE)
    phone.locator(".class summary").click()
    phone.get_by_label("The code of the class").fill(code.lower())
    phone.get_by_role("button", name="Join", exact=True).click()
    for page in (teacher, student, phone):
        expect(chip(page)).to_contain_text("2 students")

    # Who has voted sees how many have, and no answer; the teacher neither.
    student.get_by_role("button", name="Both", exact=True).click()
    expect(chip(student)).to_contain_text("1 answered")
    expect(student.locator(".steps .answer")).to_be_empty()
    expect(student.locator(".steps .votes")).to_be_empty()
    expect(chip(teacher)).to_contain_text("1 answered")
    expect(teacher.locator(".steps .answer")).to_be_empty()
    student.get_by_role("button", name="Only the VAE's", exact=True).click()  # a vote may be changed

    # Everybody here: the one on another page comes, without loading it anew; who does not follow stays.
    phone.evaluate("globalThis.isTheSamePage = true")
    teacher.get_by_role("button", name="Everybody here").click()
    expect(phone.locator("h1")).to_have_text("From autoencoder to variational autoencoder")
    assert phone.evaluate("globalThis.isTheSamePage")
    phone.get_by_role("button", name="Both", exact=True).click()
    expect(chip(teacher)).to_contain_text("2 answered")

    # Revealed: bars of the class and what was measured, for all; and for who comes late.
    teacher.get_by_role("button", name="Reveal").click()
    for page in (teacher, student, phone):
        expect(page.locator(".steps .votes > div")).to_have_count(3)
        expect(page.locator(".steps .answer")).to_contain_text("is new at every pass")
    assert student.locator(".steps .votes > div").all_inner_texts()[0].startswith("● Only the VAE's")
    assert [text.split()[-1] for text in student.locator(".steps .votes > div").all_inner_texts()] == ["1", "1", "0"]
    late = visit(f"/?join={code}")
    expect(late.locator(".steps .votes > div")).to_have_count(3)

    # Asked again after the talk: both rounds stand side by side.
    teacher.get_by_role("button", name="Ask again").click()
    expect(student.locator(".steps .answer")).to_be_empty()
    phone.get_by_role("button", name="Only the VAE's", exact=True).click()
    expect(chip(teacher)).to_contain_text("1 answered, round 2")
    teacher.get_by_role("button", name="Reveal").click()
    expect(student.locator(".steps .votes .round")).to_have_count(6)

    # The teacher's digit comes along.
    teacher.locator(".networks .classes").get_by_role("button", name="3", exact=True).click()
    teacher.wait_for_url(re.compile(r"x=\d+"))
    digit = re.search(r"x=(\d+)", teacher.url)[1]
    teacher.get_by_role("button", name="Everybody here").click()
    expect(phone.locator(".networks .name")).to_contain_text(f"Test digit {digit}")

    # A student may leave the teacher; "pause" is seen by all.
    student.get_by_label("follow the teacher").uncheck()
    teacher.get_by_role("button", name="Next ›").click()
    teacher.wait_for_url("**lesson=2**")
    teacher.get_by_role("button", name="Everybody here").click()
    expect(phone.locator(".steps .which")).to_have_text("Step 2 of 4")
    expect(student.locator(".steps .which")).to_have_text("Step 1 of 4")
    teacher.get_by_role("button", name="Pause").click()
    for page in (student, phone):
        expect(page.locator("html")).to_have_class(re.compile("ae-vae-lab-paused"))
    expect(teacher.locator("html")).not_to_have_class(re.compile("ae-vae-lab-paused"))
    teacher.get_by_role("button", name="Go on").click()
    expect(student.locator("html")).not_to_have_class(re.compile("ae-vae-lab-paused"))

    # Another device of the teacher's own, by a link that is in no address afterwards.
    teacher.get_by_role("button", name="Show the code").click()
    teacher.get_by_text("For another device of your own").click()
    tablet = visit(teacher.locator("dialog code").text_content())
    expect(tablet.get_by_role("button", name="End the class")).to_be_visible()
    assert "teach" not in tablet.url
    teacher.get_by_role("button", name="Close").click()

    # The code for the last row, and the end.
    teacher.get_by_role("button", name="Show the code").click()
    expect(teacher.locator("dialog .letters")).to_have_text(code)
    assert teacher.locator("dialog img").evaluate("image => image.decode().then(() => image.naturalWidth > 100)")
    teacher.get_by_role("button", name="Close").click()
    teacher.on("dialog", lambda dialog: dialog.accept())
    teacher.get_by_role("button", name="End the class").click()
    for page in (teacher, student, phone):
        expect(page.locator(".class summary")).to_be_visible()
    student.get_by_role("button", name="Neither").click()  # alone again the answer comes at once
    expect(student.locator(".steps .answer")).to_contain_text("A surprise")


def test_a_server_ends_although_a_class_listens_and_the_class_goes_on_with_the_next_one(visit, own_server):
    gone = "ERR_|WebSocket|disconnected|in reaching|not responding|Failed to load|404"
    teacher = visit(own_server.url + "/", allowed=gone)
    code = begin(teacher)
    student = visit(f"{own_server.url}/?join={code}", allowed=gone)
    student.get_by_role("button", name="Both", exact=True).click()
    expect(chip(teacher)).to_contain_text("1 student · 1 answered")
    own_server.process.send_signal(signal.SIGTERM)
    wait_for(lambda: own_server.process.poll() is not None)
    expect(chip(student)).to_contain_text("cannot be reached just now")
    student.get_by_role("button", name="Neither", exact=True).click()  # said as soon as it can be
    with student.expect_response(lambda answer: answer.url.endswith("/vote") and answer.ok):
        own_server.start()
    expect(chip(student)).not_to_contain_text("cannot be reached")
    teacher.get_by_role("button", name="Reveal").click()
    expect(student.locator(".steps .votes .is-mine")).to_contain_text("Neither")


def test_a_student_stays_in_the_class_over_a_reload_and_a_wrong_code_is_said(visit):
    teacher = visit("/")
    code = begin(teacher)
    student = visit("/walk?join=XXXXX", allowed="409")  # as the browser's console says a refusal
    expect(student.locator(".steps .refused")).to_contain_text("There is no class XXXXX here")
    student.locator(".class summary").click()
    student.get_by_label("The code of the class").fill(code)
    student.get_by_label("The code of the class").press("Enter")
    expect(chip(student)).to_contain_text("1 student")
    student.reload()
    expect(chip(student)).to_contain_text("1 student")
    student.get_by_role("button", name="Leave").click()
    expect(student.locator(".class summary")).to_be_visible()
