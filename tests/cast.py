"""The invented people of all tests; the same as in the demo, with a second coach and client."""

from dataclasses import dataclass

from bot.domain.ids import ChatId
from bot.domain.languages import DARI, DUTCH, FARSI, LEVANTINE_ARABIC, TIGRINYA, Language


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the cast; `coach` is empty for staff, `chat_id` the person's own phone."""

    code: str
    name: str
    role: str
    language: Language
    chat_id: ChatId
    coach: str = ""

    @property
    def row(self) -> str:
        """The person's line in the file that `people import` reads."""
        language = self.language if self.role == "client" else ""
        return f"{self.role},{self.code},{self.name},{language},{self.coach}"


JOKE = Person("s-joke", "Joke de Boer", "coach+coordinator", DUTCH, ChatId(5001))
SELAM = Person("K-0001", "Selam", "client", TIGRINYA, ChatId(5002), coach="s-joke")
KHALED = Person("K-0002", "Khaled", "client", LEVANTINE_ARABIC, ChatId(5003), coach="s-joke")
MARYAM = Person("K-0003", "Maryam", "client", FARSI, ChatId(5004), coach="s-joke")
LAILA = Person("K-0004", "Laila", "client", DARI, ChatId(5005), coach="s-bram")
BRAM = Person("s-bram", "Bram Visser", "coach", DUTCH, ChatId(5006))

SANNE = Person("s-sanne", "Sanne Bakker", "account_manager", DUTCH, ChatId(5007))
DAAN = Person("s-daan", "Daan Smit", "workplace_trainer", DUTCH, ChatId(5008))

STAFF = (JOKE, BRAM)
MORE_STAFF = (SANNE, DAAN)
"""Colleagues of other roles, for the tests that need them."""
CLIENTS = (SELAM, KHALED, MARYAM, LAILA)

STRANGER = ChatId(5999)
"""A phone that belongs to nobody of the cast."""

HEADING = "role,code,name,language,coach"
CSV = "\n".join([HEADING, *(person.row for person in (*STAFF, *CLIENTS))]) + "\n"
