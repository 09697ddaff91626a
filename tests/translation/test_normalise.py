import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.translation.normalise import aligned_key, key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ik ben ziek", "  ik BEN\u00a0 ziek. "),
        ("Ik ben ziek", "Ik ben ziek!!!"),
        ("Ik ben ziek", "“Ik ben ziek”…"),
        ("Komt u?", "komt u ?!"),
        ("Komt u?", "Komt u❓"),
        ("zo'n dag", "zo’n dag"),
        ("12-06", "12–06"),
        ("om 10:30", "om １０：３０"),
        ("هل تأتي؟", "هل تأتي?"),
        ("أنا إلى آخر", "انا الى اخر"),
        ("مَرْحَبًا", "مرحبا"),
        ("مـــرحبا", "مرحبا"),
        ("\u202bمرحبا\u202c\u200f", "مرحبا"),
        ("ﻣﺮﺣﺒﺎ", "مرحبا"),
        ("نعم، شكرا", "نعم, شكرا"),
        ("می‌توانم", "می توانم"),
        ("يك كتاب", "یک کتاب"),
        ("ساعت ۱۰:۳۰", "ساعت 10:30"),
        ("الساعة ١٠٫٣٠", "الساعة 10.30"),
        ("ሰላም።", "ሰላም፡፡"),
        ("ሰላም፡ከመይ፡ኣለኹም፧", "ሰላም ከመይ ኣለኹም?"),
        ("ሰዓት 10፡30", "ሰዓት 10:30"),
        ("ፀሓይ ሠላም", "ጸሓይ ሰላም"),
    ],
)
def test_ways_of_typing_one_sentence_share_a_key(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Komt u", "Komt u?"),
        ("u moet komen", "u moet niet komen"),
        ("om 10:30", "om 14:30"),
        ("een", "één"),
        ("مدرسة", "مدرسه"),
        ("ሃገር", "ሓገር"),
    ],
)
def test_sentences_that_may_differ_in_meaning_keep_different_keys(one: str, other: str) -> None:
    assert key(one) != key(other)


@settings(deadline=None)
@given(st.text())
def test_a_key_holds_no_direction_marks_no_other_digits_and_no_double_space(text: str) -> None:
    found = key(text)
    assert not [c for c in found if unicodedata.category(c) == "Cf"]
    assert [c for c in found if unicodedata.category(c) == "Nd" and not c.isascii()] == []
    assert found == " ".join(found.split())


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("aÉe\u0301 ﷺأ\u064eـ\u2068۳፡3።?'\"\u200c👍")))
def test_every_character_of_an_aligned_key_points_into_the_text(text: str) -> None:
    aligned = aligned_key(text)
    assert aligned is not None
    assert aligned.key == key(text)
    assert len(aligned.spans) == len(aligned.key)
    assert all(0 <= start < end <= len(aligned.text) for start, end in aligned.spans)


def test_an_aligned_key_gives_a_name_back_as_it_was_typed() -> None:
    aligned = aligned_key("«Mijn  naam is\u200f Éléonore O’Neil»")
    assert aligned is not None
    start = aligned.key.index("éléonore")
    assert aligned.original(start, len(aligned.key)) == "Éléonore O’Neil"
