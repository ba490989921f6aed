"""What refuses a translation, what does not; the right answers were written by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.embedded.language import LinguaDetector
from pipeline.story.translation_checks import check, failed, flaws, slips

SOURCE = (
    "Tomas had a red kite with a long tail.",
    "One windy day, the string broke.",
    "Tomas ran after it, past the river.",
    '"I am too little," he said.',
    "A squirrel helped Tomas, and they shared 4 hazelnuts.",
)
TRANSLATIONS = {
    "fr": (
        "Tomas avait un cerf-volant rouge avec une longue queue.",
        "Un jour de grand vent, la ficelle se cassa.",
        "Tomas courut après lui, au-delà de la rivière.",
        "« Je suis trop petit », dit-il.",
        "Un écureuil aida Tomas, et ils partagèrent quatre noisettes.",
    ),
    "es": (
        "Tomás tenía una cometa roja con una cola larga.",
        "Un día de viento, la cuerda se rompió.",
        "Tomás corrió tras ella, más allá del río.",
        "«Soy demasiado pequeño», dijo.",
        "Una ardilla ayudó a Tomás, y compartieron 4 avellanas.",
    ),
    "it": (
        "Tomas aveva un aquilone rosso con una lunga coda.",
        "Un giorno di vento il filo si ruppe.",
        "Tomas lo rincorse, oltre il fiume.",
        "«Sono troppo piccolo», disse.",
        "Uno scoiattolo aiutò Tomas, e divisero 4 nocciole.",
    ),
    "de": (
        "Tomas hatte einen roten Drachen mit einem langen Schwanz.",
        "An einem windigen Tag riss die Schnur.",
        "Tomas rannte ihm nach, am Fluss vorbei.",
        "„Ich bin zu klein“, sagte er.",
        "Ein Eichhörnchen half Tomas, und sie teilten 4 Haselnüsse.",
    ),
    "nl": (
        "Tomas had een rode vlieger met een lange staart.",
        "Op een winderige dag brak het touw.",
        "Tomas rende erachteraan, voorbij de rivier.",
        '"Ik ben te klein," zei hij.',
        "Een eekhoorn hielp Tomas, en ze deelden 4 hazelnoten.",
    ),
    "pt": (
        "Tomas tinha uma pipa vermelha com uma cauda longa.",
        "Num dia de vento, a corda arrebentou.",
        "Tomas correu atrás dela, além do rio.",
        '"Sou pequeno demais", disse ele.',
        "Um esquilo ajudou Tomas, e eles dividiram 4 avelãs.",
    ),
    "ar": (
        "كان لدى توماس طائرة ورقية حمراء بذيل طويل.",
        "في يوم عاصف انقطع الخيط.",
        "ركض توماس خلفها بعد النهر.",
        "قال: «أنا صغير جدًا.»",
        "ساعد سنجاب توماس، وتقاسما ٤ حبات بندق.",
    ),
}


@pytest.fixture(scope="module")
def detector() -> LinguaDetector:
    return LinguaDetector()


FRENCH = TRANSLATIONS["fr"]


def _failed_checks(
    target: tuple[str, ...], locale: str, detector: LinguaDetector, source: tuple[str, ...] = SOURCE
) -> set[str]:
    return {result.name for result in check(source, target, locale, detector) if not result.passed}


@pytest.mark.parametrize("locale", TRANSLATIONS)
def test_a_right_translation_passes_every_check(detector: LinguaDetector, locale: str) -> None:
    assert _failed_checks(TRANSLATIONS[locale], locale, detector) == set()
    assert not [pair for pair in zip(SOURCE, TRANSLATIONS[locale], strict=True) if slips(*pair, locale)]


def test_region_is_checked_as_its_language(detector: LinguaDetector) -> None:
    assert check(SOURCE, FRENCH, "fr-CA", detector) == check(SOURCE, FRENCH, "fr", detector)


def test_checks_carry_what_was_measured(detector: LinguaDetector) -> None:
    figures = {result.name: result.figure for result in check(SOURCE, FRENCH, "fr", detector)}
    assert figures["count"] == 5
    assert figures["the hero's name"] == 3
    assert figures["in the language"] > 0.99


def test_a_lost_sentence_fails_the_count(detector: LinguaDetector) -> None:
    assert "count" in _failed_checks(FRENCH[:-1], "fr", detector)


def test_a_text_in_another_language_fails(detector: LinguaDetector) -> None:
    assert _failed_checks(TRANSLATIONS["es"], "it", detector) >= {"in the language"}
    assert _failed_checks(SOURCE, "fr", detector) >= {"in the language", "each sentence"}


def test_one_english_sentence_is_found_and_numbered(detector: LinguaDetector) -> None:
    target = (*FRENCH[:2], SOURCE[2], *FRENCH[3:])
    assert failed(SOURCE, target, "fr", detector) == {2: ("not translated",)}
    figures = {result.name: result.figure for result in check(SOURCE, target, "fr", detector)}
    assert figures["each sentence"] == "3: not translated"


def test_a_sentence_said_twice_fails(detector: LinguaDetector) -> None:
    assert "no loops" in _failed_checks((FRENCH[1], *FRENCH[1:]), "fr", detector)
    refrain, translated = ((texts[0], texts[0], *texts[2:]) for texts in (SOURCE, FRENCH))
    assert "no loops" not in _failed_checks(translated, "fr", detector, refrain)


def test_a_hero_of_another_name_fails(detector: LinguaDetector) -> None:
    target = tuple(text.replace("Tomas", "Jules") for text in FRENCH)
    assert "the hero's name" in _failed_checks(target, "fr", detector)


@pytest.mark.parametrize(
    ("source", "target", "flaw"),
    [
        ("The bear slept.", "", "nothing to read"),
        ("The bear slept.", "… !", "nothing to read"),
        ("The bear slept.", "L'ours dormit.\nBonne nuit.", "several lines"),
        ("The bear slept in the cave.", "The bear slept in the cave all night.", "not translated"),
        ("The bear ran.", "L'ours courut courut courut courut.", "goes round in circles"),
        (
            "The bear ran home.",
            "il courut et il courut et il courut et il courut et",
            "goes round in circles",
        ),
        ("The bear slept.", "Sure! Here is the translation: L'ours dormit.", "talk around the translation"),
        ("The bear slept.", "Traduction : L'ours dormit.", "talk around the translation"),
        ("The bear slept.", "Sentence: L'ours dormit.", "talk around the translation"),
        ("The bear slept.", "**L'ours** dormit.", "markup"),
        ("The bear slept.", "L'ours dormit. <|im_end|>", "markup"),
        ("The very old brown bear slept in his warm, dark cave all winter.", "L'ours.", "far too short"),
        (
            "The bear slept.",
            "L'ours dormit longtemps, puis mangea du miel et raconta une belle histoire.",
            "far too long",
        ),
        ("She had 12 balloons.", "Elle avait 13 ballons.", "another number"),
        ("She had 250 balloons.", "Elle avait des ballons.", "another number"),
        ("She had balloons.", "Elle avait 7 ballons.", "another number"),
    ],
)
def test_a_flaw_is_named(detector: LinguaDetector, source: str, target: str, flaw: str) -> None:
    assert flaw in flaws(source, target, "fr", detector)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Ouch!", "Aïe !"),
        ("Pip! Pip! Pip!", "Pip ! Pip ! Pip !"),
        ("Splash, splash, splash, he went home.", "Plouf, plouf, plouf, il rentra à la maison."),
        ("Mia, Tom and Zoe.", "Mia, Tom et Zoe."),
        ("A robot pirate!", "Un pirate robot !"),
        ("She had 3 balloons.", "Elle avait trois ballons."),
        ("Here is the plan: run!", "Voici le plan : courez !"),
        ("He drew {a} * and a #.", "Il dessina {a} * et un #."),
        ("Good night 🌙", "Bonne nuit 🌙"),
    ],
)
def test_correct_sentence_has_no_flaw(detector: LinguaDetector, source: str, target: str) -> None:
    assert flaws(source, target, "fr", detector) == ()


def test_arabic_figures_are_numbers(detector: LinguaDetector) -> None:
    assert flaws("She had 250 stars.", "كان لديها ٢٥٠ نجمة.", "ar", detector) == ()
    assert flaws("She had 250 stars.", "كان لديها ٢٤٠ نجمة.", "ar", detector) == ("another number",)


def test_an_idea_into_english_may_not_stay_as_it_was(detector: LinguaDetector) -> None:
    idea = "een beer die niet kan slapen"
    assert flaws(idea, "a bear who cannot sleep", "en", detector, "nl") == ()
    assert flaws(idea, idea, "en", detector, "nl") == ("not translated",)


@pytest.mark.parametrize(
    ("target", "locale", "kept"),
    [
        ("Alors let's faire un gâteau.", "fr", ("let's",)),
        ("Los pescadores and cantaron.", "es", ("and",)),
        ("Will dormit with Grace.", "fr", ("with",)),
        ("Ze was over de brug.", "nl", ()),
        ("Die Maus hat einen Hut.", "de", ()),
    ],
)
def test_untranslated_english_words_are_slips(target: str, locale: str, kept: tuple[str, ...]) -> None:
    assert slips("Then Will and Grace, with the fishermen.", target, locale) == kept


@given(st.lists(st.text(max_size=60), max_size=6), st.lists(st.text(max_size=60), max_size=6))
def test_any_text_is_checked_without_an_exception(source: list[str], target: list[str]) -> None:
    checks = check(source, target, "fr", _Sure())
    assert checks[0].name == "count"
    assert checks[0].passed == (len(source) == len(target))


class _Sure:
    def confidence(self, text: str, language: str) -> float:
        return float(language == "fr")
