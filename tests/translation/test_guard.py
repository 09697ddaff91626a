"""What a text to many may not hold, and what each translation of it must keep."""

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.languages import (
    ARABIC,
    DARI,
    DUTCH,
    ENGLISH,
    FARSI,
    LEVANTINE_ARABIC,
    TIGRINYA,
    Language,
)
from bot.texts import FOLDER, calendar_day
from bot.translation import guard, phrases
from bot.translation.guard import Fault, FaultKind, faults, refusals

SOURCE = (
    "Kom op 24-11-2026 om 14.30 uur naar het taalcafé. Neem 2 boeken mee. Het kost € 12,50. "
    "Bel 010-1234567. Lees https://taal.nl/cafe of schrijf naar info@taal.nl."
)
GOOD: dict[Language, str] = {
    ARABIC: (
        "تعال يوم 24-11-2026 الساعة 14:30 إلى مقهى اللغة. أحضر معك 2 كتب. السعر 12,50 يورو. "
        "اتصل على 010-1234567. اقرأ https://taal.nl/cafe أو اكتب إلى info@taal.nl."
    ),
    FARSI: (
        "در تاریخ ۲۴ نوامبر ۲۰۲۶ ساعت ۱۴:۳۰ به کافه زبان بیایید. ۲ کتاب بیاورید. هزینه ۱۲٫۵۰ "
        "یورو است. به ۰۱۰ ۱۲۳ ۴۵ ۶۷ زنگ بزنید. https://taal.nl/cafe را بخوانید یا به "
        "info@taal.nl بنویسید."
    ),
    DARI: (
        "به تاریخ 24 نومبر 2026 ساعت 14:30 به کافه زبان بیایید. 2 کتاب بیاورید. قیمت 12.50 یورو "
        "است. به 010-1234567 زنگ بزنید. https://taal.nl/cafe را بخوانید یا به info@taal.nl "
        "بنویسید."
    ),
    TIGRINYA: (
        "ብ24-11-2026 ሰዓት 14:30 ናብ ካፈ ቋንቋ ንዑ። 2 መጻሕፍቲ ሒዝኩም ንዑ። ዋጋኡ €12.50 እዩ። "
        "ናብ010-1234567 ደውሉ። https://taal.nl/cafe ኣንብቡ ወይ ናብinfo@taal.nl ጽሓፉ።"
    ),
    ENGLISH: (
        "Come to the language café on 24 November 2026 at 14:30. Bring 2 books. It costs €12.50. "
        "Call +31 10 123 45 67. Read HTTPS://taal.nl/cafe or write to info@taal.nl."
    ),
}


def kinds(source: str, translation: str, target: Language = ENGLISH) -> list[str]:
    return sorted(fault.kind.value for fault in faults(source, translation, target))


# --- what a translation keeps ----------------------------------------------------------------


@pytest.mark.parametrize("language", GOOD)
def test_a_good_translation_has_no_fault(language: Language) -> None:
    assert faults(SOURCE, GOOD[language], language) == frozenset()


@pytest.mark.parametrize("language", GOOD)
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (FaultKind.DATE, "24-11-2026"),
        (FaultKind.TIME, "14.30"),
        (FaultKind.NUMBER, "2"),
        (FaultKind.AMOUNT, "€ 12,50"),
        (FaultKind.PHONE, "010-1234567"),
        (FaultKind.LINK, "https://taal.nl/cafe"),
        (FaultKind.EMAIL, "info@taal.nl"),
    ],
)
def test_what_the_translation_lost_is_named_as_it_stands_in_the_dutch(
    language: Language, kind: FaultKind, words: str
) -> None:
    # What stands in the Dutch is not in the other text at all, so it is missing there.
    lost = SOURCE.replace(words, "")
    assert Fault(kind, words) not in faults(lost, GOOD[language], language)
    more = f"{SOURCE} {words}." if kind is not FaultKind.LINK else f"{SOURCE} {words}"
    assert faults(more, GOOD[language], language) == {Fault(kind, words)}, "it stands there once"


@pytest.mark.parametrize(
    ("source", "translation", "lost"),
    [
        ("Kom om 14.30 uur.", "Come at 14:30.", None),
        ("Kom om 14.30 uur.", "Come at 15:30.", "time:14.30"),
        ("Kom om 14.30 uur.", "Come at 8:30.", "time:14.30"),
        ("Kom om 9.00 uur.", "Come at 09:00.", None),
        ("Kom om 9.00 uur.", "Come at 9 o'clock.", None),
        ("Van 10.00-12.00 uur.", "From 10:00 to 12:00.", None),
        ("Van 10.00 uur tot 12.00 uur.", "From 10:00 to 12:00.", None),
        ("Van 10.00-12.00 uur.", "From 12:00 - 10:00.", "time:10.00-12.00"),
        ("Op 03-04-2026.", "On 03/04/2026.", None),
        ("Op 03-04-2026.", "On 2026-04-03.", None),
        ("Op 03-04-2026.", "On 3 April 2026.", None),
        ("Op 03-04-2026.", "On April 3, 2026.", None),
        ("Op 03-04-2026.", "On 04/03/2026.", "date:03-04-2026"),
        ("Op 03-04-26.", "On 03/04/2026.", None),
        ("Op 3 april.", "On 3 April.", None),
        ("Op 3 april.", "On April 3.", None),
        ("Op 3 april.", "On 3 May.", "date:3 april"),
        ("Op 3 april 2026.", "On 3 April 2027.", "date:3 april 2026"),
        ("Op 24 november om 11.00 uur.", "On 24 November at 11:00.", None),
        ("Het kost 1.250 euro.", "It costs €1,250.", None),
        ("Het kost 1.250,50 euro.", "It costs 1250.50 euros.", None),
        ("Het kost € 25.", "It costs 52 euros.", "amount:€ 25"),
        ("Bel 06-12345678 of 0800-1351.", "Call +31612345678 or 08001351.", None),
        ("Bel 0800-1351 10 uur.", "Call 0800 1351 at 10.", None),
        ("Bel 06-12345678.", "Call 06-12345687.", "phone:06-12345678"),
        ("2 lessen en 2 boeken.", "2 lessons and 2 books.", None),
        ("2 lessen en 2 boeken.", "2 lessons and books.", "number:2"),
        ("Zie www.taal.nl.", "See www.taal.nl!", None),
        ("Zie www.taal.nl.", "See www.taal.com.", "link:www.taal.nl"),
        ("Zie https://taal.nl/Aa.", "See https://taal.nl/aa.", "link:https://taal.nl/Aa"),
    ],
)
def test_a_figure_may_be_written_otherwise_but_not_become_another(
    source: str, translation: str, lost: str | None
) -> None:
    found = {str(each) for each in faults(source, translation, ENGLISH)}
    strange = {each for each in found if each.startswith("strange_link:")}
    assert found - strange == ({lost} if lost else set())


@pytest.mark.parametrize(
    ("words", "right"),
    [
        ("تعال يوم 24 نوفمبر إلى هنا.", True),
        ("تعال يوم 24 تشرين الثاني إلى هنا.", True),
        ("تعال يوم ٢٤ ديسمبر إلى هنا.", False),
        ("تعال يوم 24 كانون الأول إلى هنا.", False),
    ],
)
def test_a_month_has_the_name_that_readers_of_arabic_give_it(words: str, right: bool) -> None:
    assert (kinds("Kom op 24 november hier.", words, ARABIC) == []) is right


@given(st.integers(0, 10**7))
def test_figures_of_every_script_are_the_same_number(number: int) -> None:
    for language, zero in ((ARABIC, "٠"), (FARSI, "۰")):
        figures = "".join(chr(ord(zero) + int(digit)) for digit in str(number))
        assert faults(f"Nummer {number}.", f"رقم {figures}.", language) == frozenset()


@pytest.mark.parametrize(
    ("translation", "mixed"),
    [
        ("أحضر ٢ كتب و ٣ أقلام", False),
        ("أحضر 2 كتب و 3 أقلام", False),
        ("أحضر 2 كتب و ٣ أقلام", True),
        ("أحضر ۲ كتب و ٣ أقلام", True),
        ("أحضر ٢ كتب و ٣ أقلام https://taal.nl/7", False),
    ],
)
def test_figures_of_two_scripts_through_one_another_are_a_fault(
    translation: str, mixed: bool
) -> None:
    link = " https://taal.nl/7" if "https" in translation else ""
    expected = ["digits"] if mixed else []
    assert kinds(f"Neem 2 boeken en 3 pennen mee{link}", translation, ARABIC) == expected


def test_another_currency_and_an_invented_address_are_faults() -> None:
    assert faults("Het kost € 5 per keer.", "It costs $5 each time.", ENGLISH) == {
        Fault(FaultKind.CURRENCY, "$")
    }
    assert kinds("Het kost 5 euro per keer.", "It costs €5 each time.") == []
    found = faults("Lees onze website.", "Read https://bad.example.com now.", ENGLISH)
    assert found == {Fault(FaultKind.STRANGE_LINK, "https://bad.example.com")}


@pytest.mark.parametrize("dutch", ["3 april", "3 april 2027", "3-4-2027", "03-04-2027"])
@pytest.mark.parametrize(
    ("language", "right", "wrong"),
    [
        (ENGLISH, "The lesson is on 3 April{}.", "The lesson is on 3 May{}."),
        (ENGLISH, "The lesson is on 3rd April{}.", "The lesson is on 3rd May{}."),
        (ENGLISH, "The lesson is on the 3rd of April{}.", "The lesson is on the 3rd of May{}."),
        (ENGLISH, "The lesson is on April 3rd,{}.", "The lesson is on May 3rd,{}."),
        (ENGLISH, "The lesson is on 3 Apr{}.", "The lesson is on 3 Jun{}."),
        (ARABIC, "الدرس يوم 3 أبريل{}.", "الدرس يوم 3 مايو{}."),
        (ARABIC, "الدرس يوم 3 ابريل{}.", "الدرس يوم 3 أيار{}."),
        (ARABIC, "الدرس يوم 3 من نيسان{}.", "الدرس يوم 3 من مايو{}."),
        (ARABIC, "الدرس يوم 3 نيسان/أبريل{}.", "الدرس يوم 3 من شهر أيار{}."),
        (LEVANTINE_ARABIC, "الدرس يوم 3 نيسان{}.", "الدرس يوم 3 أيار{}."),
        (FARSI, "کلاس ۳ آوریل{} است.", "کلاس ۳ مه{} است."),
        (FARSI, "کلاس ۳ آوریل{} (۱۴ فروردین) است.", "کلاس ۳ فروردین{} است."),
        (DARI, "صنف ۳ اپریل{} است.", "صنف ۳ می{} است."),
        (DARI, "صنف ۳ ماه اپریل{} است.", "صنف ۳ حمل{} است."),
        (TIGRINYA, "ትምህርቲ ብ3 ሚያዝያ{} እዩ።", "ትምህርቲ ብ3 ግንቦት{} እዩ።"),
        (TIGRINYA, "ትምህርቲ ሚያዝያ 3{} እዩ።", "ትምህርቲ መጋቢት 3{} እዩ።"),
        (TIGRINYA, "ትምህርቲ 3 ሚያዝያ{} እዩ።", "ትምህርቲ 4 ሚያዝያ{} (3) እዩ።"),
    ],
)
def test_a_day_keeps_its_month(dutch: str, language: Language, right: str, wrong: str) -> None:
    year = "" if dutch == "3 april" else " ۲۰۲۷" if "۳" in right else " 2027"
    source = f"De les is op {dutch}."
    assert faults(source, right.format(year), language) == frozenset()
    assert faults(source, wrong.format(year), language) == {Fault(FaultKind.DATE, dutch)}


@pytest.mark.parametrize("language", [ENGLISH, ARABIC, LEVANTINE_ARABIC, FARSI, DARI, TIGRINYA])
def test_every_month_is_known_by_the_name_under_which_the_bot_itself_says_it(
    language: Language,
) -> None:
    days = [date(2027, month, 3) for month in range(1, 13)]
    for day, other in product(days, days):
        words = f"{calendar_day(other, language).partition(' (')[0]} 2027"
        found = kinds(f"{day:%d-%m-%Y}", words, language)
        assert (FaultKind.DATE in found) is (day != other), words


@pytest.mark.parametrize(
    ("source", "translation", "lost"),
    [
        ("Op 3 maart, kamer 4.", "On 3 March, room 4.", []),
        ("Op 3 maart, kamer 4.", "On 4 March, room 3.", ["date:3 maart"]),
        ("Op 3 maart, kamer 4.", "On 4 April, room 3.", ["date:3 maart"]),
        ("Op 3 maart.", "On 3/3.", []),
        ("Op 3 maart.", "On 3/4.", ["date:3 maart"]),
        ("Op 3 april.", "On 4/3, room 3.", ["date:3 april"]),
        ("Op 3 april.", "On 3/4/2027.", []),
        ("Op 3 en 5 april.", "On April 3 and 5.", []),
        ("Van 3 tot 5 april.", "From 3 April to 5 April.", []),
        ("Op dinsdag 3 en woensdag 4 maart.", "On Tuesday 3 March and Wednesday 4.", []),
        ("Van 24 december tot 2 januari.", "From 24 December to 2 January.", []),
        ("Van 24 december tot 2 januari.", "From 24 January to 2 December.",
         ["date:2 januari", "date:24 december"]),
        ("Van 24 december tot 2 januari.", "From 2 December to 24 January.",
         ["date:2 januari", "date:24 december"]),
        ("Op 3 april mogen 4 mensen komen.", "On April 3, 4 may come.", []),
        ("Om 10.03 uur op 4 april.", "At 10:03 April 4.", []),
        ("Op 3 april en 3 mei.", "On 4/3 and 3 May, room 3.", ["date:3 april"]),
        ("Op 3 april 4 lessen.", "On 3 April 4 lessons.", []),
    ],
)  # fmt: skip
def test_a_day_and_its_month_stay_together(source: str, translation: str, lost: list[str]) -> None:
    assert sorted(map(str, faults(source, translation, ENGLISH))) == lost


def test_a_month_with_a_name_that_is_not_known_is_believed() -> None:
    assert kinds("De les is op 3 april.", "ትምህርቲ 3 ኣፕሪል እዩ።", TIGRINYA) == []
    assert kinds("De les is op 3 april.", "ትምህርቲ 25 መጋቢት (3 ኣፕሪል) እዩ።", TIGRINYA) == []
    assert kinds("De les is op 20-3-2027.", "ትምህርቲ 11 መጋቢት (20-3-2027) እዩ።", TIGRINYA) == []


@pytest.mark.parametrize(
    ("source", "translation", "target", "lost"),
    [
        ("Kom om 22.00 uur.", "Come at 10.00 pm.", ENGLISH, []),
        ("Kom om 10.00 uur.", "Come at 10.00 am.", ENGLISH, []),
        ("Kom om 10.00 uur.", "Come at 10.00 pm.", ENGLISH, ["time:10.00"]),
        ("Kom om 22.00 uur.", "Come at 10.00 am.", ENGLISH, ["time:22.00"]),
        ("Kom om 12.00 uur.", "Come at 12 p.m.", ENGLISH, []),
        ("Kom om 12.00 uur.", "Come at 12 a.m.", ENGLISH, ["time:12.00"]),
        ("Kom om 2 uur.", "Come at 2 pm.", ENGLISH, []),
        ("Kom om 9 uur 's avonds.", "Come at 9 pm.", ENGLISH, []),
        ("Van 14.00 tot 16.30 uur.", "From 2 to 4:30 pm.", ENGLISH, []),
        ("Van 10.00 tot 12.00 uur.", "From 10 pm to 12.", ENGLISH, ["time:10.00 tot 12.00"]),
        ("Kom om 10.00 uur.", "تعال الساعة 10:00 صباحًا.", ARABIC, []),
        ("Kom om 10.00 uur.", "تعال الساعة 10:00 مساءً.", ARABIC, ["time:10.00"]),
        ("Kom om 22.00 uur.", "تعال الساعة 10:00 مساءً.", ARABIC, []),
        ("Kom om 10.00 uur.", "ساعت ۱۰ صبح بیایید.", FARSI, []),
        ("Kom om 10.00 uur.", "ساعت ۱۰ بعد از ظهر بیایید.", FARSI, ["time:10.00"]),
        ("Kom om 10.00 uur.", "ساعت ۱۰ صبح بیایید.", DARI, []),
        ("Kom om 10.00 uur.", "ساعت ۱۰ عصر بیایید.", DARI, ["time:10.00"]),
        ("Kom om 10.00 uur.", "ሰዓት 10 ናይ ንግሆ ንዑ።", TIGRINYA, []),
        ("Kom om 10.00 uur.", "ሰዓት 10 ናይ ምሸት ንዑ።", TIGRINYA, ["time:10.00"]),
        ("Kom om half 3.", "Come at half past 2.", ENGLISH, []),
        ("Kom om half 3.", "Come at 14:30.", ENGLISH, []),
        ("Kom om half 3.", "Come at half past 3.", ENGLISH, ["time:half 3"]),
        ("Kom om kwart voor 3.", "Come at 2:45.", ENGLISH, []),
        ("Kom om kwart over 3.", "Come at 3:15.", ENGLISH, []),
        ("Kom om 9.30 uur.", "Come at 9:3.", ENGLISH, ["time:9.30"]),
        ("Kom om 9.30 uur.", "تعال الساعة ٩٫٣.", ARABIC, ["time:9.30"]),
        ("Het duurt 1,5 uur.", "It takes 1.5 hours.", ENGLISH, []),
    ],
)
def test_a_time_keeps_its_part_of_the_day(
    source: str, translation: str, target: Language, lost: list[str]
) -> None:
    assert sorted(map(str, faults(source, translation, target))) == lost


@pytest.mark.parametrize(
    ("source", "translation", "target", "found"),
    [
        ("De les kost 5 euro.", "The lesson costs 5 euros.", ENGLISH, []),
        ("De les kost 5 euro.", "The lesson costs 5 dollars.", ENGLISH, ["currency:dollars"]),
        ("De les kost 5 euro.", "سعر الدرس 5 يورو.", ARABIC, []),
        ("De les kost 5 euro.", "سعر الدرس 5 دولارات.", ARABIC, ["currency:دولارات"]),
        ("De les kost 5 euro.", "هزینه کلاس ۵ یورو است.", FARSI, []),
        ("De les kost 5 euro.", "هزینه کلاس ۵ دلار است.", FARSI, ["currency:دلار"]),
        ("De les kost 5 euro.", "قیمت صنف ۵ افغانی است.", DARI, ["currency:افغانی"]),
        ("De les kost 5 euro.", "ዋጋ ትምህርቲ 5 ዩሮ እዩ።", TIGRINYA, []),
        ("De les kost 5 euro.", "ዋጋ ትምህርቲ 5 ዶላር እዩ።", TIGRINYA, ["currency:ዶላር"]),
        ("De les kost 5 euro.", "The lesson costs 5 thousand euros.", ENGLISH, ["amount:5"]),
        ("De les kost 5 euro.", "سعر الدرس 5 آلاف يورو.", ARABIC, ["amount:5"]),
        ("De les kost 5 euro.", "هزینه کلاس ۵ هزار یورو است.", FARSI, ["amount:5"]),
        ("De les kost 5 euro.", "قیمت صنف ۵ هزار یورو است.", DARI, ["amount:5"]),
        ("De les kost 5 euro.", "ዋጋ ትምህርቲ 5 ሽሕ ዩሮ እዩ።", TIGRINYA, ["amount:5"]),
        ("Er komen 2.000 mensen.", "There come 2 thousand people.", ENGLISH, []),
        ("Er komen 2 duizend mensen.", "There come 2,000 people.", ENGLISH, []),
        ("Nu 50 procent minder.", "اکنون ۵۰ درصد کمتر.", FARSI, []),
    ],
)
def test_an_amount_keeps_its_money_and_its_size(
    source: str, translation: str, target: Language, found: list[str]
) -> None:
    assert sorted(map(str, faults(source, translation, target))) == found


PLAIN = "Bel ons gerust. Kom naar het kantoor."


@pytest.mark.parametrize(
    ("source", "translation", "target", "strange"),
    [
        (PLAIN, "Feel free to call us. Come to the office.", ENGLISH, []),
        (PLAIN, "Feel free to call us.Come to the office.", ENGLISH, []),
        (PLAIN, "Call us.Do come. This is the office.It is open.", ENGLISH, []),
        (PLAIN, "Call us on 0900 1234. Come to the office.", ENGLISH, ["0900 1234"]),
        (PLAIN, "Call us on 1234567. Come to the office.", ENGLISH, ["1234567"]),
        (PLAIN, "Call us. Come to the office at 15.00.", ENGLISH, ["15.00"]),
        (PLAIN, "Call us. Come to the office at 3 o'clock.", ENGLISH, ["3"]),
        (PLAIN, "اتصل بنا. تعال إلى المكتب الساعة 3.", ARABIC, ["3"]),
        (PLAIN, "اتصل بنا على 020-1234567. تعال إلى المكتب.", ARABIC, ["020-1234567"]),
        (PLAIN, "با ما تماس بگیرید. ساعت ۱۵:۰۰ به دفتر بیایید.", FARSI, ["15:00"]),
        (PLAIN, "با ما تماس بگیرید. ساعت ۱۵:۰۰ به دفتر بیایید.", DARI, ["15:00"]),
        (PLAIN, "ደውሉልና። ሰዓት 15:00 ናብ ቤት ጽሕፈት ንዑ።", TIGRINYA, ["15:00"]),
        ("Kom om tien uur naar ons kantoor.", "Come to our office at 10:00.", ENGLISH, []),
        ("Kom om 10.00 uur. Kom om 10.00 uur!", "Come at 10 am, yes at 10:00.", ENGLISH, []),
        ("Bel 010 1234567 of mail.", "Call +31101234567 or mail, 010-1234567.", ENGLISH, []),
        (PLAIN, "Call us, see evil.ru. Come to the office.", ENGLISH, ["evil.ru"]),
        (PLAIN, "Call us, see Evil.Xyz/a. Come to the office.", ENGLISH, ["evil.xyz"]),
        (PLAIN, "Call us or @evilbot. Come to the office.", ENGLISH, ["@evilbot"]),
        (PLAIN, "ደውሉልና ወይ ናብevil.ru። ናብ ቤት ጽሕፈት ንዑ።", TIGRINYA, ["evil.ru"]),
        (PLAIN, "اتصل بنا أو @evilbot. تعال إلى المكتب.", ARABIC, ["@evilbot"]),
        (PLAIN, "با ما یا evil.ru تماس بگیرید. به دفتر بیایید.", FARSI, ["evil.ru"]),
        ("Volg @taalhuis of zie taal.ru.", "See taal.ru or follow @TaalHuis.", ENGLISH, []),
        (PLAIN, "Call us. Come to \u202eeciffo eht\u202c.", ENGLISH, ["U+202C", "U+202E"]),
        (PLAIN, "اتصل بنا. تعال إلى \u202bالمكتب\u202c.", ARABIC, ["U+202B", "U+202C"]),
        (PLAIN, "اتصل بنا. تعال إلى \u2068المكتب\u2069.\u200f", ARABIC, []),
    ],
)
def test_what_the_dutch_does_not_say_is_not_added(
    source: str, translation: str, target: Language, strange: list[str]
) -> None:
    expected = {Fault(FaultKind.STRANGE_LINK, each) for each in strange}
    assert faults(source, translation, target) == expected


@pytest.mark.parametrize(
    ("translation", "target", "found"),
    [
        ("تعال إلى مكتب المدينة للحديث من فضلك.", ARABIC, []),
        ("تعال إلى مكتب المدينة للحديث من فضلك.", FARSI, ["script"]),
        ("تعال إلى مكتب المدينة للحديث من فضلك.", DARI, ["script"]),
        ("برای صحبت با ما به دفتر شهرداری بیایید.", FARSI, []),
        ("برای صحبت با ما به دفتر شهرداری بیایید.", DARI, []),
        ("برای صحبت با ما به دفتر شهرداری بیایید.", ARABIC, ["script"]),
        ("براي صحبت البته به دفتر الفبا بياييد.", FARSI, []),
        ("Come to the office of the city to talk.", ENGLISH, []),
        ("Come to Stichting voor de Kunst van het Leven.", ENGLISH, []),
        ("Kom naar het kantoor van de gemeente om te spreken.", ENGLISH, ["echo"]),
        ("ንምዝርራብ ናብ ቤት ጽሕፈት ከተማ ንዑ።", TIGRINYA, []),
        ("ቢሮው በከተማው ውስጥ ነው። እባክዎ ወደ ቢሮ ይምጡ።", TIGRINYA, ["script"]),
    ],
)
def test_another_language_of_the_same_script_is_no_translation(
    translation: str, target: Language, found: list[str]
) -> None:
    assert kinds("Kom naar het kantoor van de stad om te praten.", translation, target) == found


@pytest.mark.parametrize("language", [ENGLISH, ARABIC, LEVANTINE_ARABIC, FARSI, DARI, TIGRINYA])
def test_the_phrases_that_are_shipped_would_all_be_let_through(language: Language) -> None:
    for phrase in phrases.read(FOLDER / "phrasebook.toml").phrases:
        text = phrase.text(language)
        if text and not phrase.slots and text != phrase.texts[DUTCH]:
            assert faults(phrase.texts[DUTCH], text, language) == frozenset(), phrase.id


# --- the words themselves --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "translation", "target", "found"),
    [
        ("Wij zijn morgen dicht.", " \n", ARABIC, ["empty"]),
        ("Wij zijn morgen dicht.", "Wij zijn morgen  dicht!", ENGLISH, ["echo"]),
        ("Wij zijn morgen dicht.", "Wij zijn morgen dicht.", ARABIC, ["echo", "script"]),
        ("Wij zijn morgen dicht.", "We are closed tomorrow.", TIGRINYA, ["script"]),
        ("Wij zijn morgen dicht.", "نحن مغلقون غدا.", TIGRINYA, ["script"]),
        ("Wij zijn morgen dicht.", "ጽባሕ ዕጹው ኢና።", TIGRINYA, []),
        ("Wij zijn morgen dicht.", "ما فردا بسته هستیم. Gemeente", FARSI, []),
        ("Wij zijn morgen dicht.", "…", ENGLISH, ["script"]),
        (
            "Wij zijn morgen dicht. Wij zijn maandag weer open voor iedereen.",
            "We are closed tomorrow. Wij zijn maandag weer open voor iedereen.",
            ENGLISH,
            ["echo"],
        ),
        (
            "Kom naar ons toe. Stadhuis, Coolsingel 40, Rotterdam.",
            "تعال إلينا في هذا المكان القريب. Stadhuis, Coolsingel 40, Rotterdam.",
            ARABIC,
            [],
        ),
        ("🙂 10.30", "🙂 10.30", ARABIC, []),
        ("Kom naar het taalcafé in de bibliotheek.", "Come.", ENGLISH, ["short"]),
        ("Welkom.", "Welcome to all of you, dear friends.", ENGLISH, []),
        ("Welkom.", "Welcome, " + "dear friends, " * 8, ENGLISH, ["long"]),
        ("Kom morgen langs bij ons.", "Come by. Come by. Come by.", ENGLISH, ["repeated"]),
        ("Goed zo. Goed zo. Kom.", "Well done. Well done. Come.", ENGLISH, []),
    ],
)
def test_the_words_are_those_of_a_translation(
    source: str, translation: str, target: Language, found: list[str]
) -> None:
    assert kinds(source, translation, target) == found


def test_a_fault_is_read_as_it_was_written_down() -> None:
    for fault in (Fault(FaultKind.LINK, "https://taal.nl:443/a:b"), Fault(FaultKind.ECHO)):
        assert Fault.read(str(fault)) == fault


# --- what a Dutch text may not hold ----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["empty:"]),
        (" \n ", ["empty:"]),
        ("Kom gerust langs.", []),
        ("Deze les is VERPLICHT.", ["word:VERPLICHT"]),
        ("Een boete, of geen boete?", ["word:boete"]),
        ("Geen zorg, geen schulden.", ["word:zorg", "word:schulden"]),
        ("Werken in de verzorging of de zorgvuldige controller.", []),
        ("Uw uitkering of trauma’s; korting, sanctie, maatregel, controle.",
         ["word:uitkering", "word:trauma’s", "word:korting", "word:sanctie", "word:maatregel",
          "word:controle"]),
        ("Mijn BSN is 111222333.", ["bsn:111222333"]),
        ("Nummer 1112.22.333 of 111 222 333.", ["bsn:1112.22.333", "bsn:111 222 333"]),
        ("Nummer ١١١٢٢٢٣٣٣.", ["bsn:111222333"]),
        ("Nummer 111222334 klopt niet.", []),
        ("Bel +31 111222333, 0111222333 of 0031 111222333.", []),
        ("Op 24-11-2026 5 mensen.", []),
        ("NL91 ABNA 0417 1643 00 graag.", ["iban:NL91 ABNA 0417 1643 00"]),
        ("nl91abna0417164300", ["iban:nl91abna0417164300"]),
        ("NL91 ABNA 0417 1643 01 klopt niet.", []),
        ("Zie https://gemeente.nl/taal.", []),
        ("Zie www.gemeente.nl, of gemeente.nl/taal!", []),
        ("Zie http://192.168.1.1/x.", ["bad_link:http://192.168.1.1/x"]),
        ("Zie http://localhost/x", ["bad_link:http://localhost/x"]),
        ("Zie ftp://gemeente.nl", ["bad_link:ftp://gemeente.nl"]),
        ("Zie https://jan:geheim@gemeente.nl", ["bad_link:https://jan:geheim@gemeente.nl"]),
        ("Zie tg://user?id=1", ["bad_link:tg://user?id=1"]),
        ("Mail jan.de.boer@gemeente.nl.", []),
        ("Nummer 11 12 22 333, graag.", ["bsn:11 12 22 333"]),
        ("Nummer 11.12.22.333 of 11-12-22-333.", ["bsn:11.12.22.333", "bsn:11-12-22-333"]),
        ("Nummer 11\xa012\u202f22\xa0333.", ["bsn:11 12 22 333"]),
        ("Nummer 11‑12‑22‑333.", ["bsn:11-12-22-333"]),
        ("BSN: 1112 22333", ["bsn:1112 22333"]),
        ("Mijn BSN is 1 1 1 2 2 2 3 3 3.", ["bsn:1 1 1 2 2 2 3 3 3"]),
        ("Nummer 11 12 22 334, BSN 1112 22334.", []),
        ("Bel 06 12 34 56 78 of 010 123 45 67.", []),
        ("Op 24-11-2026 12 mensen, 12-11-26 van 100 tot 200.", []),
        ("NL91\xa0ABNA\xa00417\u202f1643\xa000 graag.", ["iban:NL91 ABNA 0417 1643 00"]),
        ("NL91-ABNA-0417-1643-00 of NL91.ABNA.0417.1643.00.",
         ["iban:NL91-ABNA-0417-1643-00", "iban:NL91.ABNA.0417.1643.00"]),
        ("NL91‑ABNA‑0417‑1643‑00", ["iban:NL91-ABNA-0417-1643-00"]),
        ("NL91-ABNA-0417-1643-01 klopt niet.", []),
        ("Anders een boe\u00adte, een bo\u200bete of ｂｏｅｔｅ.", ["word:boete"]),
        ("Een zorg\u00advuldige af\u00adspraak.", []),
    ],
)  # fmt: skip
def test_a_text_is_refused_for_what_must_not_reach_anybody(text: str, found: list[str]) -> None:
    assert [str(fault) for fault in refusals(text)] == found


def test_long_texts_and_sentences_are_only_advised_against() -> None:
    twelve, thirteen = "een " * 11 + "twaalf.", "een " * 12 + "dertien."
    assert guard.long_sentences(f"{twelve} {thirteen}") == (thirteen,)
    assert [guard.is_long("x" * 350), guard.is_long("x" * 351)] == [False, True]
    assert refusals(thirteen * 20) == ()
