"""The engine over real HTTP, against a loopback server that answers as the real page does."""

import asyncio
import html
import logging
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from deep_translator.google import GoogleTranslator

from bot.adapters.google import GoogleEngine
from bot.domain.languages import Language
from bot.translation.model import Flag, Reason, Translated, Untranslated

NL, AR, FA, DARI, TI = (Language(code) for code in ("nl", "ar", "fa", "fa_AF", "ti"))
HTML = "text/html"

Answer = Callable[[str], web.Response]


def page(text: str, container: str = "result-container") -> web.Response:
    body = f'<html><body><form></form><div class="{container}">{text}</div></body></html>'
    return web.Response(text=body, content_type=HTML)


def in_brackets(text: str) -> web.Response:
    return page(html.escape(f"[{text}]"))


class TranslatePage:
    """A stand-in for translate.google.com/m that notes what it was asked."""

    def __init__(self) -> None:
        self.answer: Answer = in_brackets
        self.asked: list[tuple[str, str, str]] = []
        self.connections: set[object] = set()
        self.cookies: list[str] = []
        self.together: asyncio.Barrier | None = None
        self.silent_on: str | None = None
        self.silence = asyncio.Event()
        self.reached = asyncio.Event()
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        self.asked.append((query["q"], query["sl"], query["tl"]))
        self.connections.add(request.transport)
        self.cookies.append(request.headers.get("Cookie", ""))
        self.reached.set()
        if self.together is not None:
            await self.together.wait()
        if self.silent_on is not None and self.silent_on in query["q"]:
            await self.silence.wait()
        return self.answer(query["q"])


@pytest.fixture
async def google() -> AsyncIterator[TranslatePage]:
    fake = TranslatePage()
    application = web.Application(handler_args={"max_line_size": 70_000})
    application.router.add_get("/m", fake.handle)
    server = TestServer(application)
    await server.start_server()
    fake.url = str(server.make_url("/m"))
    yield fake
    fake.silence.set()
    await server.close()


@pytest.fixture
async def engine(google: TranslatePage) -> AsyncIterator[GoogleEngine]:
    made = GoogleEngine(base_url=google.url, socket_timeout=10, time_limit=30)
    yield made
    await made.close()


@pytest.fixture
async def hasty(google: TranslatePage) -> AsyncIterator[GoogleEngine]:
    made = GoogleEngine(base_url=google.url, socket_timeout=0.2, time_limit=30, workers=1)
    yield made
    google.silence.set()
    await made.close()


def failed(reason: Reason, *, retry: bool = False) -> Untranslated:
    return Untranslated(reason, "google", retry)


async def test_a_text_is_translated(google: TranslatePage, engine: GoogleEngine) -> None:
    assert await engine.translate("Tot morgen!", NL, TI) == Translated("[Tot morgen!]", "google")
    assert google.asked == [("Tot morgen!", "nl", "ti")]


async def test_the_older_layout_is_read_too(google: TranslatePage, engine: GoogleEngine) -> None:
    google.answer = lambda text: page(f"ok {text}", container="t0")
    assert await engine.translate("Tot morgen", NL, TI) == Translated("ok Tot morgen", "google")


async def test_a_region_is_asked_as_its_language(
    google: TranslatePage, engine: GoogleEngine
) -> None:
    await engine.translate("سلام به همه", DARI, Language("ar_SY"))
    assert google.asked == [("سلام به همه", "fa", "ar")]


async def test_line_breaks_survive_and_lines_without_words_are_not_sent(
    google: TranslatePage, engine: GoogleEngine
) -> None:
    text = "Hallo Selam,\n\n  Tot morgen  \r\n👍 12:30\nhttps://voorbeeld.nl\n"
    found = await engine.translate(text, NL, TI)
    expected = "[Hallo Selam,]\n\n  [Tot morgen]  \r\n👍 12:30\nhttps://voorbeeld.nl\n"
    assert found == Translated(expected, "google")
    assert [asked[0] for asked in google.asked] == ["Hallo Selam,", "Tot morgen"]


@pytest.mark.parametrize("text", ["👍", "?!", "112", "١٢:٣٠", "", " \n "])
async def test_emoji_and_digits_are_never_sent(
    google: TranslatePage, engine: GoogleEngine, text: str
) -> None:
    assert await engine.translate(text, NL, TI) == failed(Reason.NOT_NEEDED)
    assert google.asked == []


async def test_an_emoji_among_words_survives(engine: GoogleEngine) -> None:
    assert await engine.translate("Ja 👍🏽", NL, TI) == Translated("[Ja 👍🏽]", "google")


async def test_a_text_given_back_is_an_echo_and_no_translation(
    google: TranslatePage, engine: GoogleEngine
) -> None:
    google.answer = lambda text: page(html.escape(text))
    assert await engine.translate("Amsterdam 112", NL, TI) == failed(Reason.ECHO)


async def test_a_line_given_back_among_others_is_flagged(
    google: TranslatePage, engine: GoogleEngine
) -> None:
    google.answer = lambda text: page(text if text == "Amsterdam" else f"[{text}]")
    assert await engine.translate("Ik woon in\nAmsterdam", NL, TI) == Translated(
        "[Ik woon in]\nAmsterdam", "google", frozenset({Flag.PARTLY_ORIGINAL})
    )


async def test_markup_in_the_answer_leaves_the_spaces_around_it(
    google: TranslatePage, engine: GoogleEngine
) -> None:
    google.answer = lambda _: page("a <b>x</b> &amp; c &lt;3")
    assert await engine.translate("Tot morgen", NL, TI) == Translated("a x & c <3", "google")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (lambda _: page(""), failed(Reason.EMPTY_ANSWER)),
        (lambda _: page(" \n "), failed(Reason.EMPTY_ANSWER)),
        (
            lambda _: web.Response(text="<form>unusual traffic</form>", content_type=HTML),
            failed(Reason.UNREADABLE_ANSWER),
        ),
        (lambda _: web.Response(text="translation"), failed(Reason.UNREADABLE_ANSWER)),
        (lambda _: web.Response(text=""), failed(Reason.UNREADABLE_ANSWER)),
        (
            lambda _: web.Response(
                body=b'<div class="result-container">\xff\xfe</div>', content_type=HTML
            ),
            failed(Reason.UNREADABLE_ANSWER),
        ),
        (
            lambda _: web.Response(
                body=b"<p>x</p>", headers={"Content-Type": f"{HTML}; charset=x"}
            ),
            failed(Reason.UNREADABLE_ANSWER),
        ),
        (lambda _: page("x" * 1_100_000), failed(Reason.UNREADABLE_ANSWER)),
        (
            lambda _: web.Response(status=302, headers={"Location": "/consent"}),
            failed(Reason.UNREADABLE_ANSWER),
        ),
        (lambda _: web.Response(status=429), failed(Reason.TOO_MANY_REQUESTS, retry=True)),
        (lambda _: web.Response(status=500), failed(Reason.REFUSED, retry=True)),
        (lambda _: web.Response(status=503), failed(Reason.REFUSED, retry=True)),
        (lambda _: web.Response(status=403), failed(Reason.REFUSED)),
        (lambda _: web.Response(status=414), failed(Reason.TOO_LONG)),
    ],
)
async def test_every_bad_answer_has_its_reason(
    google: TranslatePage, engine: GoogleEngine, answer: Answer, expected: Untranslated
) -> None:
    google.answer = answer
    assert await engine.translate("Tot morgen", NL, TI) == expected
    assert len(google.asked) == 1


async def test_an_answer_in_another_encoding_is_read(
    google: TranslatePage, engine: GoogleEngine
) -> None:
    body = '<div class="result-container">café</div>'
    google.answer = lambda _: web.Response(
        body=body.encode("latin-1"), headers={"Content-Type": f"{HTML}; charset=iso-8859-1"}
    )
    assert await engine.translate("Tot morgen", NL, TI) == Translated("café", "google")
    google.answer = lambda _: web.Response(body=body.encode(), headers={"Content-Type": HTML})
    assert await engine.translate("Tot morgen", NL, TI) == Translated("café", "google")


async def test_an_unknown_language_is_not_supported(
    google: TranslatePage, engine: GoogleEngine
) -> None:
    assert await engine.translate("Tot morgen", NL, Language("prs")) == failed(
        Reason.NOT_SUPPORTED
    )
    assert google.asked == []


async def test_a_refused_connection_is_unreachable(free_port: int) -> None:
    alone = GoogleEngine(base_url=f"http://127.0.0.1:{free_port}/m")
    try:
        found = await alone.translate("Tot morgen", NL, TI)
    finally:
        await alone.close()
    assert found == failed(Reason.UNREACHABLE, retry=True)


async def test_a_connection_that_breaks_is_unreachable(
    google: TranslatePage, engine: GoogleEngine
) -> None:
    google.answer = lambda _: web.Response(
        body=b"<div", headers={"Content-Encoding": "gzip", "Content-Type": HTML}
    )
    assert await engine.translate("Tot morgen", NL, TI) == failed(Reason.UNREACHABLE, retry=True)


async def test_a_server_that_hangs_meets_the_time_limit_of_the_socket(
    google: TranslatePage, hasty: GoogleEngine
) -> None:
    google.silent_on = "morgen"
    expected = failed(Reason.TIMEOUT, retry=True)
    assert await hasty.translate("Hallo\nTot morgen\nDank u", NL, TI) == expected
    assert "Dank u" not in [asked[0] for asked in google.asked]


async def test_a_text_that_waits_too_long_for_a_free_thread_is_given_up_and_never_sent(
    google: TranslatePage,
) -> None:
    google.silent_on = "eerste"
    busy = GoogleEngine(base_url=google.url, socket_timeout=30, time_limit=0.2, workers=1)
    expected = failed(Reason.TIMEOUT, retry=True)
    assert await busy.translate("De eerste", NL, TI) == expected
    assert await busy.translate("De tweede", NL, TI) == expected
    google.silence.set()
    await busy.close()
    assert "De tweede" not in [asked[0] for asked in google.asked]


async def test_closing_gives_up_what_has_not_been_sent(google: TranslatePage) -> None:
    google.silent_on = "eerste"
    closing = GoogleEngine(base_url=google.url, socket_timeout=30, time_limit=60, workers=1)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(closing.translate("De eerste\nDe tweede", NL, TI))
        waiting = group.create_task(closing.translate("De derde", NL, TI))
        await google.reached.wait()
        closed = group.create_task(closing.close())
        await asyncio.sleep(0)
        google.silence.set()
        await closed
    expected = failed(Reason.NO_ENGINE, retry=True)
    assert first.result() == waiting.result() == expected
    assert await closing.translate("De vierde", NL, TI) == expected
    assert [asked[0] for asked in google.asked] == ["De eerste"]


async def test_a_text_longer_than_the_library_takes_is_too_long(
    google: TranslatePage, engine: GoogleEngine
) -> None:
    assert await engine.translate("x" * 5000, NL, TI) == failed(Reason.TOO_LONG)
    assert google.asked == []


async def test_a_line_whose_url_would_be_too_long_is_cut_between_its_sentences(
    google: TranslatePage, engine: GoogleEngine
) -> None:
    google.answer = lambda text: page(f"{text.count('።')} ok")
    assert await engine.translate("ሰላም ከመይ ኣለኹም። " * 150, TI, NL) != failed(Reason.TOO_LONG)
    sent = [asked[0] for asked in google.asked]
    assert len(sent) > 1
    assert " ".join(sent) == ("ሰላም ከመይ ኣለኹም። " * 150).strip()


async def test_a_sentence_whose_url_would_be_too_long_is_too_long(
    google: TranslatePage, engine: GoogleEngine
) -> None:
    assert await engine.translate("ሰላም " * 400, TI, NL) == failed(Reason.TOO_LONG)
    assert google.asked == []


async def test_connections_are_reused_and_cookies_are_not_kept(google: TranslatePage) -> None:
    def with_cookie(text: str) -> web.Response:
        response = in_brackets(text)
        response.set_cookie("who", "selam")
        return response

    google.answer = with_cookie
    single = GoogleEngine(base_url=google.url, socket_timeout=10, time_limit=30, workers=1)
    for number in range(5):
        assert isinstance(await single.translate(f"Bericht {number}", NL, TI), Translated)
    await single.close()
    assert len(google.connections) == 1
    assert set(google.cookies) == {""}


async def test_no_text_reaches_a_log_or_an_error(
    google: TranslatePage, engine: GoogleEngine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await engine.translate("geheim", NL, TI)
    google.answer = lambda _: web.Response(status=500)
    await engine.translate("geheim", NL, TI)
    assert google.asked
    client_side = [r.getMessage() for r in caplog.records if not r.name.startswith("aiohttp")]
    assert not [message for message in client_side if "geheim" in message]


async def test_two_hundred_people_at_once_each_get_their_own_words(
    google: TranslatePage,
) -> None:
    workers = 8
    google.together = asyncio.Barrier(workers)  # so that eight are always under way together
    crowd = GoogleEngine(base_url=google.url, socket_timeout=60, time_limit=120, workers=workers)
    try:
        async with asyncio.TaskGroup() as group:
            calls = {
                f"bericht {number}": group.create_task(
                    crowd.translate(f"bericht {number}", NL, TI)
                )
                for number in range(200)
            }
    finally:
        await crowd.close()
    assert {text: call.result() for text, call in calls.items()} == {
        text: Translated(f"[{text}]", "google") for text in calls
    }


class _Meeting(dict[str, str]):
    """Request parameters whose writers wait for each other once the text is in."""

    def __init__(self, writers: int) -> None:
        super().__init__()
        self._all_wrote = threading.Barrier(writers, timeout=60)

    def __setitem__(self, name: str, value: str) -> None:
        super().__setitem__(name, value)
        if name == "q":
            self._all_wrote.wait()


async def test_an_instance_shared_by_two_people_gives_one_the_words_of_the_other(
    google: TranslatePage,
) -> None:
    """Shows the fault of the library for which every call has its own instance."""
    shared = GoogleTranslator(source="nl", target="ti")
    shared._base_url = google.url
    shared._url_params = _Meeting(writers=2)
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(2) as threads:
        answers = await asyncio.gather(
            loop.run_in_executor(threads, shared.translate, "van Selam"),
            loop.run_in_executor(threads, shared.translate, "van Omar"),
        )
    assert list(answers) in (["[van Selam]"] * 2, ["[van Omar]"] * 2)
