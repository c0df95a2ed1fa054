"""A class in real browsers: a teacher, a student on a laptop, one on a phone, and one who comes late."""

import re
import signal

from playwright.sync_api import Page, expect

from pages.lessons import LESSONS
from tests.browser.navigation import go
from tests.browser.phone import PHONE
from tests.browser.proxy import Proxy
from tests.browser.server import wait_for

# What a browser's console says while it cannot reach the lab.
CUT = "ERR_|WebSocket|disconnected|in reaching|not responding|Failed to (load|fetch)"


def chip(page: Page):
    return page.locator(".steps .chip")


def choose(page: Page, name: str):
    """What the teacher's row has under “More”, once it is open."""
    found = page.locator(".class .more").get_by_text(name)
    if not found.is_visible():
        page.locator(".class .more summary").click()
    return found


def begin(page: Page) -> str:
    """Starts a class, and closes the picture of its code; its code."""
    page.locator(".class summary").click()
    page.get_by_role("button", name="Start a class").click()
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    expect(chip(page)).to_contain_text(re.compile(r"Class [A-Z]{5} · 0 students"))
    return re.search(r"Class ([A-Z]{5})", chip(page).text_content())[1]


def test_a_class_predicts_together_sees_what_it_thinks_and_goes_where_the_teacher_goes(visit, server):
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
    teacher.get_by_role("button", name="Show the votes").click()  # first what the class thinks, to talk about
    for page in (teacher, student, phone):
        expect(page.locator(".steps .votes > div")).to_have_count(3)
        expect(page.locator(".steps .answer")).to_be_empty()
    expect(student.locator(".steps .options button").first).to_be_disabled()
    teacher.get_by_role("button", name="Reveal").click()
    for page in (teacher, student, phone):
        expect(page.locator(".steps .answer")).to_contain_text("is new at every pass")
    expect(student.locator(".steps .answer")).to_contain_text("As you predicted")
    expect(teacher.locator(".steps .answer")).not_to_contain_text("A surprise")  # a teacher asks
    assert student.locator(".steps .votes > div").all_inner_texts()[0].startswith("● ✓ Only the VAE's")
    assert [text.split()[-1] for text in student.locator(".steps .votes > div").all_inner_texts()] == ["1", "1", "0"]
    late = visit(f"/?join={code}")
    expect(late.locator(".steps .votes > div")).to_have_count(3)

    # Asked again after the talk: both rounds stand side by side.
    teacher.get_by_role("button", name="Ask again").click()
    expect(student.locator(".steps .answer")).to_be_empty()
    expect(student.locator(".steps .options button[aria-pressed=true]")).to_have_count(0)
    phone.get_by_role("button", name="Only the VAE's", exact=True).click()
    expect(chip(teacher)).to_contain_text("1 answered, round 2")
    teacher.get_by_role("button", name="Reveal").click()
    expect(student.locator(".steps .votes .round")).to_have_count(6)
    expect(student.locator(".steps .answer")).not_to_contain_text("As you predicted")  # not in this round

    # The row is of the step on the card, at once, for who turns and for who comes along.
    teacher.get_by_role("button", name="Next ›").click()
    expect(chip(teacher)).not_to_contain_text("round 2")
    expect(teacher.get_by_role("button", name="Ask again")).to_have_count(0)
    teacher.get_by_role("button", name="Everybody here").click()
    expect(student.locator(".steps .which")).to_have_text("Step 2 of 4")
    assert "round 2" not in chip(student).text_content()
    choose(teacher, "Take the class along").click()
    teacher.keyboard.press("PageUp")
    for page in (student, phone):
        expect(page.locator(".steps .which")).to_have_text("Step 1 of 4")
        expect(chip(page)).to_contain_text("round 2")
    go(teacher, LESSONS[1].title)
    for page in (teacher, student, phone):
        expect(page.locator("h1")).to_have_text(LESSONS[1].heading)
        expect(page.locator(".resampling output").first).to_have_text("1.00")
    for scale in ("0.00", "3.00"):  # the pictures come along too
        teacher.get_by_role("button", name="Next ›").click()
        for page in (teacher, student, phone):
            expect(page.locator(".resampling output").first).to_have_text(scale)
    go(teacher, LESSONS[0].title)
    for page in (teacher, student, phone):
        expect(page.locator("h1")).to_have_text(LESSONS[0].heading)
        expect(page.locator(".steps .which")).to_have_text("Step 1 of 4")
    choose(teacher, "Take the class along").click()

    # The teacher's digit comes along.
    teacher.locator(".networks .classes").get_by_role("button", name="3", exact=True).click()
    teacher.wait_for_url(re.compile(r"x=\d+"))
    digit = re.search(r"x=(\d+)", teacher.url)[1]
    teacher.get_by_role("button", name="Everybody here").click()
    expect(phone.locator(".networks .name")).to_contain_text(f"Test digit {digit}")

    # And so does another run, without loading anew.
    go(teacher, "Latent walk")
    expect(teacher.locator(".steps .which")).to_have_text("Step 1 of 3")
    teacher.get_by_role("button", name="Next ›").click()
    expect(teacher.get_by_test_id("stSelectbox").first.locator("input")).to_have_value(re.compile("^10-D"))
    teacher.get_by_role("button", name="Everybody here").click()
    expect(phone.locator("h1")).to_have_text("Latent walk")
    assert phone.evaluate("globalThis.isTheSamePage")
    expect(phone.locator(".steps .which")).to_have_text("Step 2 of 3")
    phone.wait_for_function("location.search.includes('run=vae-10d')")
    expect(phone.locator(".walk h4")).to_have_count(10)
    go(teacher, LESSONS[0].title)
    expect(teacher.locator(".steps .which")).to_have_text("Step 1 of 4")
    teacher.get_by_role("button", name="Everybody here").click()
    expect(phone.locator("h1")).to_have_text(LESSONS[0].heading)
    expect(student.locator("h1")).to_have_text(LESSONS[0].heading)

    # A student may leave the teacher; "pause" is seen by all.
    student.get_by_label("come when the teacher calls").uncheck()
    teacher.get_by_role("button", name="Next ›").click()
    teacher.wait_for_url("**lesson=2**")
    teacher.get_by_role("button", name="Everybody here").click()
    expect(phone.locator(".steps .which")).to_have_text("Step 2 of 4")
    expect(student.locator(".steps .which")).to_have_text("Step 1 of 4")
    teacher.get_by_role("button", name="Pause").click()
    for page in (student, phone):
        expect(page.get_by_role("dialog", name="Pause")).to_contain_text("Look up")
    expect(teacher.get_by_role("dialog")).to_have_count(0)
    for key in ("PageDown", "Escape", "Escape", "Enter", "Tab"):  # the page below is out of reach
        student.keyboard.press(key)
    expect(student.get_by_role("dialog", name="Pause")).to_be_visible()
    expect(student.locator(".steps .which")).to_have_text("Step 1 of 4")
    teacher.get_by_role("button", name="Go on").click()
    expect(student.get_by_role("dialog")).to_have_count(0)

    # Another device of the teacher's own, by a link that is in no address afterwards.
    choose(teacher, "Show the code").click()
    teacher.get_by_text("Students reach the lab by another address?").click()
    teacher.get_by_label("The link").fill("127.0.0.1:1")
    teacher.get_by_label("The link").press("Enter")
    expect(teacher.get_by_label("The link")).to_have_value(f"http://127.0.0.1:1/?join={code}")
    expect(teacher.locator("dialog .todo")).to_contain_text("open 127.0.0.1:1 and type")
    teacher.get_by_label("The link").fill("not an address")
    teacher.get_by_label("The link").press("Enter")
    expect(teacher.locator("dialog .refused")).to_contain_text("is no address")
    teacher.get_by_label("The link").fill(server.url)
    teacher.get_by_label("The link").press("Enter")
    teacher.get_by_text("Another device of your own?").click()
    expect(teacher.locator("dialog code")).to_contain_text(f"{server.url}/#teach=")
    tablet = visit(teacher.locator("dialog code").text_content())
    expect(choose(tablet, "End the class")).to_be_visible()
    assert "teach" not in tablet.url
    teacher.get_by_role("button", name="Close").click()

    # The code for the last row, and the end.
    choose(teacher, "Show the code").click()
    expect(teacher.locator("dialog .letters")).to_have_text(code)
    assert teacher.locator("dialog img").evaluate("image => image.decode().then(() => image.naturalWidth > 100)")
    teacher.get_by_role("button", name="Close").click()
    teacher.on("dialog", lambda dialog: dialog.accept())
    choose(teacher, "End the class").click()
    for page in (teacher, student, phone):
        expect(page.locator(".class summary")).to_be_visible()
    expect(student.locator(".class .last")).to_have_text(f"The class {code} is over.")
    with teacher.expect_download() as votes:
        teacher.get_by_role("link", name="Its votes as CSV").click()
    assert votes.value.suggested_filename == f"votes-{code}.csv"
    student.get_by_role("button", name="Neither").click()  # alone again the answer comes at once
    expect(student.locator(".steps .answer")).to_contain_text("A surprise")


def test_the_teachers_page_shows_who_is_where_the_votes_of_each_step_and_what_was_trained(visit):
    teacher = visit("/")
    code = begin(teacher)
    laptop, phone = visit(f"/latent_space?join={code}"), visit(f"/?join={code}", **PHONE)
    phone.get_by_role("button", name="Both", exact=True).click()
    choose(teacher, "Plan and votes").click()
    expect(teacher.locator(".join .letters")).to_have_text(code)
    assert teacher.locator(".join img").evaluate("image => image.decode().then(() => image.naturalWidth > 100)")
    plan = teacher.locator(".plan li")
    expect(plan).to_have_count(len(LESSONS))
    expect(plan.nth(0)).to_contain_text("1 here")
    expect(plan.nth(2)).to_contain_text("1 here")
    first = plan.nth(0).locator(".step").first
    expect(first).to_contain_text("1 of 2 answered")
    expect(first.locator(".votes")).to_be_empty()  # it may be seen by all
    first.get_by_role("button", name="Reveal").click()
    expect(first.locator(".votes > div")).to_have_text(["Only the VAE's0", "Both1", "Neither0"])
    expect(phone.locator(".steps .answer")).to_contain_text("is new at every pass")
    expect(first.get_by_role("button", name="Ask again")).to_be_visible()

    # What anybody in the class trains, all see; without a name.
    expect(teacher.locator(".trained .hint")).to_contain_text("Nothing yet")
    phone.goto(phone.url.split("?")[0] + "train?epochs=1&train_size=1000&hidden_dims=16&seed=5")
    phone.get_by_role("button", name="Train both").click()
    expect(teacher.locator(".trained .hint")).to_contain_text("2 of 2 runs have ended")
    expect(teacher.locator(".trained tbody tr")).to_have_count(2)
    expect(teacher.locator(".plane")).to_have_attribute("aria-label", re.compile("of 1 runs"))
    laptop.get_by_role("link", name="What we trained").click()
    expect(laptop.locator(".trained tbody tr")).to_have_count(2)
    expect(laptop.locator(".teaching")).to_be_hidden()
    laptop.locator(".trained").get_by_role("link", name="Latent space").click()
    laptop.wait_for_url("**/latent_space?run=vae-2d-**")
    expect(laptop.get_by_test_id("stSelectbox").first.locator("input")).to_have_value(re.compile("1 epoch · seed 5"))

    # Everybody to a step of the plan, the teacher too; who is on the class's page as well.
    late = visit(f"/board?join={code}")
    expect(late.locator(".trained")).to_be_visible()
    plan.nth(0).locator(".step").nth(1).get_by_role("button", name="Everybody here").click()
    for page in (teacher, laptop, phone, late):
        expect(page.locator(".steps .which")).to_have_text("Step 2 of 4")
        expect(page.locator(".networks .name")).to_contain_text("Test digit 218")


def test_the_core_lesson_with_a_teacher_and_three_students_of_whom_one_is_cut_off_for_a_while(visit, server):
    teacher = visit("/")
    code = begin(teacher)
    proxy = Proxy(("127.0.0.1", int(server.url.rsplit(":", 1)[1])), "lab")
    laptop, phone = visit(f"/?join={code}"), visit(f"{proxy.url}/?join={code}", allowed=CUT, **PHONE)
    students = [laptop, phone]
    for number, lesson in enumerate(lesson for lesson in LESSONS if lesson.is_core):
        if number:
            teacher.locator(".steps .after").click()
            expect(teacher.locator("h1")).to_have_text(lesson.heading)
            teacher.locator(".steps").get_by_role("button", name="Everybody here").click()
        if number == 2:
            students.append(visit(f"/?join={code}"))  # one who comes late
            teacher.get_by_role("button", name="Everybody here").click()
        if number == 3:
            proxy.cut()
            expect(chip(phone)).to_contain_text("cannot be reached")
        there = [page for page in students if page is not phone or number != 3]
        for page in there:
            expect(page.locator("h1")).to_have_text(lesson.heading)
            expect(page.locator(".steps .number")).to_have_text(f"Lesson {number + 1} of {len(LESSONS)}")
        voted = False
        for page in there:
            options = page.locator(".steps .options button")
            expect(page.locator(".steps .which")).to_contain_text("Step 1 of")
            if options.count() > 1:
                options.first.click()
                voted = True
        if voted:
            expect(chip(teacher)).to_contain_text(f"{len(there)} answered")
            teacher.locator(".steps").get_by_role("button", name="Reveal").click()
            for page in there:
                expect(page.locator(".steps .votes > div").first).to_contain_text(str(len(there)))
        if number == 3:
            proxy.mend()
            expect(phone.locator("h1")).to_have_text(lesson.heading)  # the present view, without a press
            expect(phone.locator(".steps .votes > div").first).to_contain_text(str(len(there)))
    proxy.close()


def test_who_answers_before_being_in_the_class_waits_until_it_counts(visit):
    teacher = visit("/")
    code = begin(teacher)
    student = visit("/")
    held = []
    student.route(f"**/class/{code}/join", lambda route: held.append(route))
    student.locator(".class summary").click()
    student.get_by_label("The code of the class").fill(code)
    student.get_by_role("button", name="Join", exact=True).click()
    option = student.locator(".steps .options button").first
    expect(option).to_be_disabled()
    held[0].continue_()
    option.click()
    expect(chip(teacher)).to_contain_text("1 answered")


def test_a_call_that_is_lost_with_the_connection_is_made_again(visit, server):
    proxy = Proxy(("127.0.0.1", int(server.url.rsplit(":", 1)[1])), "lab")
    page = visit(f"{proxy.url}/", allowed=CUT)
    expect(page.locator(".steps .which")).to_have_text("Step 1 of 4")
    proxy.cut()
    page.wait_for_selector("[data-testid=stApp]:not([data-test-connection-state=CONNECTED])", state="attached")
    call = "aeVaeLabMembership.dispatchEvent(new CustomEvent('called', {detail: 'resampling?lesson=2&eps_scale=0'}))"
    page.evaluate(call)
    proxy.mend()
    expect(page.locator("h1")).to_have_text(LESSONS[1].heading)
    expect(page.locator(".steps .which")).to_have_text("Step 2 of 4")
    expect(page.locator(".resampling output").first).to_have_text("0.00")
    proxy.close()


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


def test_a_student_stays_in_the_class_over_a_reload_in_two_tabs_and_comes_back_and_a_wrong_code_is_said(visit):
    teacher = visit("/")
    code = begin(teacher)
    student = visit("/walk?join=XXXXX", allowed="409|Failed to load|ERR_FAILED")
    expect(student.locator(".steps .refused")).to_contain_text("There is no class XXXXX here")
    expect(student.locator(".steps .refused")).to_be_in_viewport()  # the menu is open, in which another can be typed
    for _ in range(2):
        student.get_by_role("button", name="Join", exact=True).click()
        expect(student.locator(".steps .refused")).to_contain_text("Type the five letters")
    expect(student.locator(".steps .measured")).to_have_count(0)
    student.get_by_label("The code of the class").fill(f"{code[:2]} {code[2:].lower()} ")
    student.get_by_label("The code of the class").press("Enter")
    expect(chip(student)).to_contain_text("1 student")
    student.reload()
    expect(chip(student)).to_contain_text("1 student")

    # What could not be said before a reload is said after it: where one is.
    choose(teacher, "Plan and votes").click()
    at = [teacher.locator(".plan li").nth(number) for number in (0, 1, 5)]
    expect(at[2]).to_contain_text("1 here")
    student.route("**/move", lambda route: route.abort())
    go(student, LESSONS[1].title)
    expect(student.locator("h1")).to_have_text(LESSONS[1].heading)
    student.unroute("**/move")
    student.reload()
    expect(at[1]).to_contain_text("1 here")

    # Another tab of the same browser is the same member; what is done in one the other knows.
    tab = student.context.new_page()
    tab.goto(student.url.split("/resampling")[0] + "/")
    expect(chip(tab)).to_contain_text("1 student")
    tab.get_by_role("button", name="Both", exact=True).click()
    go(student, LESSONS[0].title)
    both = student.get_by_role("button", name="Both", exact=True)
    expect(both).to_have_attribute("aria-pressed", "true")
    student.route("**/vote", lambda route: route.fulfill(status=409, body="Not now."))
    student.get_by_role("button", name="Only the VAE's", exact=True).click()  # what is refused does not count
    expect(student.locator(".steps .refused")).to_have_text("Not now.")
    expect(both).to_have_attribute("aria-pressed", "true")
    student.unroute("**/vote")
    student.get_by_role("button", name="Neither", exact=True).click()
    first = at[0].locator(".step").first
    expect(first).to_contain_text("1 of 1 answered")
    first.get_by_role("button", name="Reveal").click()
    for page in (tab, student):
        expect(page.locator(".steps .votes .is-mine")).to_contain_text("Neither1")
    first.get_by_role("button", name="Everybody here").click()
    expect(teacher.locator("h1")).to_have_text(LESSONS[0].heading)

    # A pause can be left, for the teacher may be gone; who comes back is the same member.
    teacher.get_by_role("button", name="Pause").click()
    student.get_by_role("dialog", name="Pause").get_by_role("button", name="Leave the class").click()
    for page in (student, tab):
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator(".class summary")).to_be_visible()
    expect(chip(teacher)).to_contain_text("0 students")
    teacher.get_by_role("button", name="Go on").click()
    student.locator(".class summary").click()
    student.get_by_label("The code of the class").fill(code)
    student.get_by_role("button", name="Join", exact=True).click()
    for page in (teacher, student, tab):
        expect(chip(page)).to_contain_text("1 student")
    expect(student.locator(".steps .votes .is-mine")).to_contain_text("Neither1")
    student.get_by_role("button", name="Leave").click()
    expect(student.locator(".class summary")).to_be_visible()
