"""Google Translate through deep-translator, made safe for many people at once.

The library shares one text field per instance, knows no time limit and answers None, the source
text or a bare exception when things go wrong. Here each call has its own instance, the HTTP has
limits, and every failure is a typed result. The address is a public web page: texts are in the
URL, so which texts may go there is for the operator to decide.
"""

import asyncio
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy

import requests
from bs4 import BeautifulSoup
from bs4.exceptions import ParserRejectedMarkup
from bs4.filter import SoupStrainer
from deep_translator.exceptions import LanguageNotSupportedException
from deep_translator.google import GoogleTranslator
from urllib3.exceptions import HTTPError, ReadTimeoutError

from bot.domain.languages import Language, base
from bot.translation.model import Flag, Reason, Result, Translated, Untranslated
from bot.translation.normalise import key
from bot.translation.sentences import has_words, pieces

_LONGEST_TEXT = 4999  # characters; deep-translator refuses 5000
_LONGEST_URL = 8000  # bytes; a Ge'ez character takes nine, and servers cut off at 8 to 16 kB
_LARGEST_ANSWER = 1_000_000  # bytes


class GoogleEngine:
    """Translates through translate.google.com in a few threads; close it when done.

    `socket_timeout` and `time_limit` are in seconds: the first for each wait on the network, the
    second for a whole text, waiting for a free thread included. `base_url` is for tests.
    """

    name = "google"

    def __init__(
        self,
        *,
        socket_timeout: float = 5.0,
        time_limit: float = 15.0,
        workers: int = 4,
        base_url: str | None = None,
    ) -> None:
        _keep_urls_out_of_the_log()
        self._time_limit = time_limit
        self._base_url = base_url
        self._http = _Http(socket_timeout, workers)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="google")
        self._closed = threading.Event()

    async def translate(self, text: str, source: Language, target: Language) -> Result:
        """Translate line by line; lines without words stay as they are."""
        if not has_words(text):
            return self._failed(Reason.NOT_NEEDED)
        if len(text) > _LONGEST_TEXT:
            return self._failed(Reason.TOO_LONG)
        if self._closed.is_set():
            return self._failed(Reason.NO_ENGINE, retry=True)
        given_up = threading.Event()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._time_limit):
                return await loop.run_in_executor(
                    self._threads, self._translate, text, source, target, given_up
                )
        except TimeoutError:
            return self._failed(Reason.TIMEOUT, retry=True)
        finally:
            given_up.set()  # a thread cannot be stopped, only asked to stop after this request

    async def close(self) -> None:
        """Give up what waits, let the requests under way end and close the connections."""
        self._closed.set()
        await asyncio.to_thread(self._threads.shutdown)
        self._http.close()

    def _translate(
        self, text: str, source: Language, target: Language, given_up: threading.Event
    ) -> Result:
        lines: list[str] = []
        echoes = 0
        translations = 0
        try:
            for line in text.splitlines(keepends=True):
                words = line.strip()
                if not has_words(words):
                    lines.append(line)
                    continue
                answer = self._line(words, source, target, given_up)
                if key(answer) == key(words):
                    echoes += 1
                    lines.append(line)
                else:
                    translations += 1
                    lines.append(line.replace(words, answer, 1))
        except _FailedError as failure:
            return failure.result
        if not translations:
            return self._failed(Reason.ECHO)
        flags = frozenset({Flag.PARTLY_ORIGINAL}) if echoes else frozenset[Flag]()
        return Translated("".join(lines), self.name, flags)

    def _line(
        self, line: str, source: Language, target: Language, given_up: threading.Event
    ) -> str:
        answers: list[str] = []
        for part in self._parts(line, self._page(source, target, given_up)):
            if self._closed.is_set():
                raise _FailedError(Reason.NO_ENGINE, retry=True)
            answers.append(self._page(source, target, given_up).translate(part))
        return " ".join(answers)

    def _parts(self, line: str, page: "_Page") -> Iterator[str]:
        """Cut a line whose URL would be too long between its sentences."""
        if page.fits(line):
            yield line
            return
        part = ""
        for piece in pieces(line):
            if part.strip() and not page.fits(part + piece.text):
                yield part.strip()
                part = ""
            part += piece.text
            if not page.fits(part):
                raise _FailedError(Reason.TOO_LONG)
        if part.strip():
            yield part.strip()

    def _page(self, source: Language, target: Language, given_up: threading.Event) -> "_Page":
        try:
            return _Page(self._http, base(source), base(target), self._base_url, given_up)
        except LanguageNotSupportedException:
            raise _FailedError(Reason.NOT_SUPPORTED) from None

    def _failed(self, reason: Reason, *, retry: bool = False) -> Untranslated:
        return Untranslated(reason, self.name, retry)


class _FailedError(Exception):
    """Carries a failure out of a thread; holds no text and no URL."""

    def __init__(self, reason: Reason, *, retry: bool = False) -> None:
        super().__init__(reason.value)
        self.result = Untranslated(reason, GoogleEngine.name, retry)


class _Page(GoogleTranslator):  # type: ignore[misc]  # the library ships no types
    """One translation: deep-translator's languages, address and page layout, our HTTP.

    Never share one: the library keeps the text in the instance.
    """

    def __init__(
        self,
        http: "_Http",
        source: str,
        target: str,
        base_url: str | None,
        given_up: threading.Event,
    ) -> None:
        super().__init__(source=source, target=target)
        self._http = http
        self._given_up = given_up
        self._address: str = base_url or self._base_url

    def fits(self, text: str) -> bool:
        """Tell whether the URL of this text is short enough."""
        url = requests.Request("GET", self._address, params=self._query(text)).prepare().url
        return url is not None and len(url) <= _LONGEST_URL

    def translate(self, text: str) -> str:
        """Translate one line; raises _FailedError."""
        body = self._http.get(self._address, self._query(text), self._given_up)
        answer = self._text_in(body)
        if answer is None or ("\ufffd" in answer and "\ufffd" not in text):
            raise _FailedError(Reason.UNREADABLE_ANSWER)
        if not answer:
            raise _FailedError(Reason.EMPTY_ANSWER)
        return answer

    def _query(self, text: str) -> dict[str, str]:
        return {"tl": self._target, "sl": self._source, str(self.payload_key): text}

    def _text_in(self, body: str) -> str | None:
        if "<" not in body:
            return None
        try:
            soup = BeautifulSoup(body, "html.parser", parse_only=SoupStrainer(self._element_tag))
            for wanted in (self._element_query, self._alt_element_query):
                if element := soup.find(self._element_tag, wanted):
                    return " ".join(element.get_text().split())
        except (ParserRejectedMarkup, RecursionError):
            return None
        return None


class _Http:
    """GET with reused connections, a time limit for every wait, a size limit and no memory."""

    def __init__(self, timeout: float, connections: int) -> None:
        self._timeout = timeout
        self._session = requests.Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=connections)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def get(self, url: str, query: dict[str, str], given_up: threading.Event) -> str:
        """Return the page as text; raises _FailedError. Redirects are not followed."""
        if given_up.is_set():
            raise _FailedError(Reason.TIMEOUT, retry=True)
        try:
            with self._session.get(
                url, params=query, timeout=self._timeout, stream=True, allow_redirects=False
            ) as response:
                _check(response.status_code)
                body = b"".join(_bounded(response, given_up))
                charset = response.encoding if "charset" in _content_type(response) else None
        except (requests.Timeout, requests.ConnectionError) as error:
            reason = Reason.TIMEOUT if _is_timeout(error) else Reason.UNREACHABLE
            raise _FailedError(reason, retry=True) from None
        except (requests.RequestException, HTTPError, OSError):
            raise _FailedError(Reason.UNREACHABLE, retry=True) from None
        try:
            return body.decode(charset or "utf-8", "replace")
        except LookupError:
            raise _FailedError(Reason.UNREADABLE_ANSWER) from None

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def _check(status: int) -> None:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise _FailedError(Reason.TOO_MANY_REQUESTS, retry=True)
    if status in {HTTPStatus.REQUEST_URI_TOO_LONG, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}:
        raise _FailedError(Reason.TOO_LONG)
    if status >= HTTPStatus.BAD_REQUEST:
        raise _FailedError(Reason.REFUSED, retry=status >= HTTPStatus.INTERNAL_SERVER_ERROR)
    if status != HTTPStatus.OK:  # a redirect to a page for consent or a captcha
        raise _FailedError(Reason.UNREADABLE_ANSWER)


def _bounded(response: requests.Response, given_up: threading.Event) -> Iterator[bytes]:
    size = 0
    for chunk in response.iter_content(8192):
        size += len(chunk)
        if size > _LARGEST_ANSWER:
            raise _FailedError(Reason.UNREADABLE_ANSWER)
        if given_up.is_set():
            raise _FailedError(Reason.TIMEOUT, retry=True)
        yield chunk


def _content_type(response: requests.Response) -> str:
    return response.headers.get("Content-Type", "").casefold()


def _is_timeout(error: requests.RequestException) -> bool:
    # A wait that ends while the body is read arrives as a broken connection.
    return isinstance(error, requests.Timeout) or any(
        isinstance(cause, ReadTimeoutError) for cause in error.args
    )


def _keep_urls_out_of_the_log() -> None:
    # urllib3 logs the URL of every request, and the text is in it.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
