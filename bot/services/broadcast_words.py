"""What one reader of a broadcast sees: a preview and the real thing are made here alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from bot.domain.broadcasts import Broadcast, BroadcastKind, Offer
from bot.domain.delivery import JsonValue
from bot.domain.events import Event, EventState
from bot.domain.films import Film, is_other_language
from bot.domain.ids import BroadcastId, ChatId
from bot.domain.languages import DUTCH, Language
from bot.services import event_words
from bot.services.core import Core
from bot.services.outgoing import Button, Rows, text_payload
from bot.storage import broadcast_texts, events, films
from bot.storage.broadcast_texts import BroadcastText
from bot.storage.database import Transaction
from bot.texts import LOCALES, Html, language_name

_Frame = tuple[str, tuple[tuple[tuple[str, str], ...], ...]]
"""A text, and the rows of its buttons: label, and what follows the reference in their data."""


@dataclass(frozen=True, slots=True)
class Words:
    """A message as it will be sent."""

    text: str
    rows: Rows
    link: str | None = None
    """The address that is shown large below it."""


@dataclass(frozen=True, slots=True)
class Content:
    """All that a broadcast says, in each language that there is."""

    core: Core
    broadcast_id: BroadcastId
    kind: BroadcastKind
    offer: Offer
    film: Film | None = None
    withdrawn: bool = False
    """True when the film was taken out of the library."""
    event: Event | None = None
    original: str = ""
    translations: Mapping[Language, BroadcastText] = field(default_factory=dict)
    _known: dict[tuple[Language, Language, bool], _Frame] = field(default_factory=dict)

    def words(self, language: Language, shown: Language, *, discreet: bool, ref: str) -> Words:
        """Return what somebody with this language is sent of the version in `shown`.

        `ref` is the beginning of the data of its buttons; of a sample all of it. On a shared
        phone nothing shows at first but that there is a message.
        """
        key = (language, shown, discreet)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._frame(language, shown, discreet=discreet)
        text, rows = known
        sample = ref.endswith(":sample")
        version = self.film.version(shown) if self.film and not discreet else None
        return Words(
            text,
            tuple(
                tuple(Button(label, ref if sample else _data(ref, end)) for label, end in row)
                for row in rows
            ),
            version.link if version else None,
        )

    def fault(self, today: date, now: datetime) -> str | None:
        """Return why it cannot be sent at all at this moment, as the end of a text's id."""
        if self.film is not None and (
            self.withdrawn or not self.film.versions or not self.film.is_valid(today)
        ):
            return "film_over"
        if self.event is not None and self.event.state is EventState.CANCELLED:
            return "event_off"
        if self.event is not None and now >= self.event.starts_at:
            return "event_over"
        return None

    def _frame(self, language: Language, shown: Language, *, discreet: bool) -> _Frame:
        texts = self.core.texts
        if discreet:
            organisation = self.core.config.organisation.name
            text = texts.say("bc.discreet", language, organisatie=organisation)
            return text, (((texts.label("btn.read", language), "open"),),)
        if self.film is not None:
            watch = (texts.label("btn.watch", language), "watch")
            no_more = (texts.label("btn.no_films", language), "stop")
            return film_words(self.core, self.film, language, shown), ((watch, no_more),)
        if self.event is not None:
            rows = event_words.invitation_buttons(self.core, self.event, language)
            ends = tuple(tuple((each.label, f"={each.data}") for each in row) for row in rows)
            return event_words.invitation(self.core, self.event, language), ends
        return self._plain(language, shown), ()

    def _plain(self, language: Language, shown: Language) -> str:
        own = self.translations.get(shown)
        body = self.original if own is None or own.text is None else own.text
        machine = own is not None and own.engine is not None
        return self.core.texts.say(
            "bc.text_machine" if machine else "bc.text",
            language,
            organisatie=self.core.config.organisation.name,
            tekst=body,
        )


def _data(ref: str, end: str) -> str:
    """Return a button's data; what begins with `=` stands by itself."""
    return end[1:] if end.startswith("=") else f"{ref}:{end}"


def film_words(core: Core, film: Film, language: Language, shown: Language) -> str:
    """Return what a reader is told of a film; that it is in another language, if it is.

    Errors: LookupError when the film has no such version.
    """
    version = film.version(shown)
    if version is None:
        msg = f"Film {film.code} has no version in {shown}."
        raise LookupError(msg)
    text = core.texts.say(
        "bc.film",
        language,
        thema=core.texts.label(f"theme.{film.theme}", language),
        titel=version.title,
        minuten=film.minutes,
        taal=language_name(shown),
        link=version.link,
    )
    if not is_other_language(shown, language):
        return text
    other = core.texts.say("bc.film_otherlang", language, taal=language_name(shown))
    return Html(text) + "\n" + other


async def load_content(core: Core, tx: Transaction, broadcast: Broadcast) -> Content:
    """Return what a broadcast sends, as it stands now."""
    fallback = core.config.broadcast.fallback_languages
    if broadcast.kind is BroadcastKind.FILM and broadcast.film_id is not None:
        film = await films.get_film(tx, broadcast.film_id)
        there = frozenset(version.language for version in film.versions)
        offer = Offer(there, is_film=True, fallback=fallback)
        gone = await films.is_withdrawn(tx, broadcast.film_id)
        return Content(core, broadcast.id, broadcast.kind, offer, film=film, withdrawn=gone)
    if broadcast.kind is BroadcastKind.EVENT and broadcast.event_id is not None:
        event = await events.get_event(tx, broadcast.event_id)
        offer = Offer(frozenset(LOCALES), is_film=False)
        return Content(core, broadcast.id, broadcast.kind, offer, event=event)
    approved = {
        language: text
        for language, text in (await broadcast_texts.list_texts(tx, texts_of(broadcast))).items()
        if text.approved_by is not None and text.text is not None
    }
    offer = Offer(frozenset({DUTCH, *approved}), is_film=False)
    return Content(
        core,
        broadcast.id,
        broadcast.kind,
        offer,
        original=broadcast.text or "",
        translations=approved,
    )


def texts_of(broadcast: Broadcast) -> BroadcastId:
    """Return the broadcast that has the translations: the first of a series has them for all."""
    return broadcast.series_id or broadcast.id


def payload_of(words: Words, chat_id: ChatId) -> dict[str, JsonValue]:
    """Return the parameters of sendMessage."""
    payload = text_payload(chat_id, words.text, words.rows)
    if words.link is not None:
        payload["link_preview_options"] = {"url": words.link, "prefer_large_media": True}
    return payload
