import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.translation.sentences import has_words, pieces


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Hallo. Ik ben ziek.", ["Hallo.", "Ik ben ziek."]),
        ("Ik kom om 10.30 uur", ["Ik kom om 10.30 uur"]),
        ("Komt u?! Ja…", ["Komt u?!", "Ja…"]),
        ("Hallo\n\nIk ben ziek", ["Hallo", "Ik ben ziek"]),
        ("Dank u 🙏🏽 Tot morgen", ["Dank u", "Tot morgen"]),
        ("Dank u!🙏", ["Dank u!"]),
        ("مرحبا؟ أنا مريض", ["مرحبا؟", "أنا مريض"]),
        ("ሰላም። ሓሚመ ኣለኹ፧", ["ሰላም።", "ሓሚመ ኣለኹ፧"]),
        ("Zie https://voorbeeld.nl/?a=1.2", ["Zie https://voorbeeld.nl/?a=1.2"]),
        ("👍 12:30 ...", []),
        ("", []),
    ],
)
def test_a_text_is_cut_where_its_sentences_end(text: str, sentences: list[str]) -> None:
    assert [piece.text for piece in pieces(text) if piece.is_sentence] == sentences


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("aب .!?።\n👍🏽\ufe0f\u200d❓1"), max_size=60))
def test_the_pieces_joined_are_the_text(text: str) -> None:
    assert "".join(piece.text for piece in pieces(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "👍",
        "👨‍👩‍👧",
        "1️⃣ 12:30",
        "?!",
        "ℹ️",
        "٣٠",
        "፩",
        "https://voorbeeld.nl",
        "a@voorbeeld.nl",
    ],
)
def test_a_text_without_words_needs_no_translation(text: str) -> None:
    assert not has_words(text)


@pytest.mark.parametrize("text", ["ja", "👍 ok", "نعم", "እወ", "zie https://voorbeeld.nl", "3 m"])
def test_one_word_is_enough_to_need_translation(text: str) -> None:
    assert has_words(text)
