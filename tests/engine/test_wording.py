"""Words in any form, phrases, and what a "not" takes back."""

from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends_engine.languages import SMALL_WORDS, STEMMERS, language_of
from amends_engine.wording import Phrases, read_words, says, speaks_of


def sought(*phrases: str, language: str = "en") -> Phrases:
    return Phrases(phrases, "feedback.comment", language)


FORMS = [
    ("en", "Refunds take forever", "refund", True),
    ("en", "I was REFUNDED", "refunds", True),
    ("en", "chocolate", "late", False),
    ("en", "They delayed my connecting flights", "connecting flight", True),
    ("en", "The flight was connecting.", "connecting flight", False),
    ("en", "connecting. Flight", "connecting flight", False),
    ("en", "the crew’s smile", "crew", True),
    ("de", "Die VERSPÄTUNGEN waren schlimm", "Verspätung", True),
    ("de", "Ich sende Ihnen meine Anwälte", "Anwalt", True),
    ("fr", "L’avion a eu des retards", "retard", True),
    ("es", "muchos retrasos", "retraso", True),
    ("nl", "vertragingen", "vertraging", True),
    ("ja", "遅延 です", "遅延", True),
    ("xx", "words", "word", False),
]


@pytest.mark.parametrize(("language", "text", "phrase", "answer"), FORMS)
def test_a_text_speaks_of_a_word_in_any_of_its_forms(language: str, text: str, phrase: str, answer: bool) -> None:
    assert speaks_of(text, sought(phrase, language=language), {}) is answer


CLAIMS = [
    ("en", "We were not late", "late", False),
    ("en", "It wasn’t really late", "late", False),
    ("en", "We were late, not early", "late", True),
    ("en", "No, we were late", "late", True),
    ("en", "not cheap but late", "late", True),
    ("en", "not only late", "late", True),
    ("en", "never in my whole long life this late", "late", True),
    ("en", "The first was not late. The second was late", "late", True),
    ("en", "no money back", "money back", False),
    ("en", "not good", "not good", True),
    ("de", "nicht verspätet", "verspätet", False),
    ("de", "Keine Erstattung erhalten", "Erstattung", False),
    ("de", "nicht billig, sondern verspätet", "verspätet", True),
    ("fr", "Le vol n'est pas en retard", "retard", False),
    ("fr", "sans remboursement", "remboursement", False),
    ("es", "no hubo retraso", "retraso", False),
    ("it", "senza ritardo", "ritardo", False),
    ("nl", "geen vertraging", "vertraging", False),
    ("pt", "sem atraso", "atraso", False),
    ("sv", "inte försenad", "försenad", False),
    ("da", "ikke forsinket", "forsinket", False),
    ("nb", "ikke forsinket", "forsinket", False),
]


@pytest.mark.parametrize(("language", "text", "phrase", "answer"), CLAIMS)
def test_what_is_denied_is_spoken_of_and_not_said(language: str, text: str, phrase: str, answer: bool) -> None:
    assert says(text, sought(phrase, language=language), {}) is answer
    assert speaks_of(text, sought(phrase, language=language), {})


def test_every_language_with_denials_is_tried_here() -> None:
    assert {row[0] for row in CLAIMS} == set(SMALL_WORDS) - {"nn", "no"}


def test_every_stemmer_that_is_named_exists() -> None:
    for language in STEMMERS:
        assert read_words("x", language).stems


@pytest.mark.parametrize(
    ("facts", "language"),
    [
        ({}, "en"),
        ({"customer.language": "de-AT"}, "de"),
        ({"customer.language": "de", "feedback.language": "pt_BR"}, "pt"),
        ({"customer.language": ""}, "en"),
    ],
)
def test_the_language_is_the_text_s_then_the_customer_s_then_the_company_s(
    facts: dict[str, str], language: str
) -> None:
    assert language_of("feedback.comment", facts, "en-GB") == language


languages = st.sampled_from([*STEMMERS, "ja"])
texts = st.text(max_size=60) | st.lists(st.sampled_from(["not", "late", "but", ".", "never", "only"])).map(" ".join)


@settings(deadline=None)
@given(texts, languages)
def test_no_text_says_what_it_does_not_speak_of(text: str, language: str) -> None:
    late = sought("late", "not late", language=language)
    assert speaks_of(text, late, {}) or not says(text, late, {})


@settings(deadline=None)
@given(texts, texts)
def test_more_text_after_a_full_stop_never_takes_a_word_away(text: str, more: str) -> None:
    late = sought("late")
    assert says(f"{text}. {more}", late, {}) >= says(text, late, {})
    assert speaks_of(f"{text}. {more}", late, {}) >= speaks_of(text, late, {})


def test_threads_do_not_mix_up_each_other_s_words() -> None:
    words = [f"refunded{number}s" for number in range(3_000)]
    found: list[tuple[str, ...]] = []
    threads = [Thread(target=lambda: found.append(read_words.__wrapped__(" ".join(words), "en").stems)) for _ in "1234"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
