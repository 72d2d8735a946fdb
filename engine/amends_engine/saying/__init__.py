"""Rules in plain sentences: a Rule and its Lexicon in, sentences out."""

from amends_engine.saying.glossary import say_words
from amends_engine.saying.lexicon import Lexicon, Meaning, meanings_of
from amends_engine.saying.rules import rule_page, say, say_rule, workspace_page
from amends_engine.saying.sentences import Part, Sentence, as_text

__all__ = [
    "Lexicon",
    "Meaning",
    "Part",
    "Sentence",
    "as_text",
    "meanings_of",
    "rule_page",
    "say",
    "say_rule",
    "say_words",
    "workspace_page",
]
