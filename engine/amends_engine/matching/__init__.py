"""Which rules concern an event, without asking every rule.

Every rule becomes a few *conjunctions*: lists of predicates that must all hold. Each conjunction has one bit. For each
field there is a column that knows, for every class of values that rules tell apart, which conjunctions that value
leaves standing: one Python integer. An event picks one integer from each column; the bits set in all of them are the
answer.

    rule                      conjunction                              bit
    unhappy-gold              tier is gold      nps at most 6           3
    any-detractor                               nps at most 6           2
    silver-or-vocal           tier is silver                            1
                              comment mentions refund                   0

    column tier       gold: 1101     silver: 0111     another: 0101     missing: 0101
    column nps        at most 6: 1111                 more: 0011        missing: 0011

    event tier=gold, nps=3    1101 & 1111 = 1101: unhappy-gold, any-detractor, and bit 0 once the comment was read

So the work for one event follows the number of fields, not the number of rules. A column that knows nothing of a
conjunction leaves its bit standing. Texts are read only if a conjunction still stands that needs them, each once. And
where just a few conjunctions still stand, what is slow to look up is asked of each by itself.

Three answers need no third kind of bit. Negation is pushed down to the predicates first, so a missing value satisfies
neither a predicate nor its negation, and what is left is *true*. Counting the missing value as satisfied instead gives
what is *not false*; the difference is *unknown*.

What bits cannot say is asked of conditions.evaluate(), the same function that `amends why` explains with: rules that
compare money with a value in another currency, rules whose normal form would grow too big once their bits say that
they may be true, and every rule if a value has a type that no column can read. It is also the oracle that the tests
compare this package with.

    predicates   one test of one field, and how two of them become one
    normal_form  conditions to conjunctions, within a bound
    bits         sets of small numbers as integers
    columns      per field: from a value to the conjunctions it leaves standing
    singles      per predicate: from a value to whether it holds
    grid         all columns of an event type
    currencies   the rules that cannot compare an amount
    table        all rules of one event type
    index        all event types, and the change of one rule
    unknown      the fields that an unknown rule misses
    census       how often each condition is the first to stop its rule
"""

from amends_engine.matching.census import Census, Stopped, stopped_by
from amends_engine.matching.index import Index, precedence
from amends_engine.matching.table import Answer
from amends_engine.matching.unknown import unknown_fields

__all__ = ["Answer", "Census", "Index", "Stopped", "precedence", "stopped_by", "unknown_fields"]
