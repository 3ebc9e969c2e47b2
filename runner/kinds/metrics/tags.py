"""Spans of tagged words: of tags with prefixes such as ``B-LOC`` as CoNLL has them, and of plain tags such as ``NOUN``.

The rules are those of seqeval 0.0.12, with which XTREME scores both. The first letter of a tag says how it continues (B
and S begin a span, E and S end it, O is outside), and its type is what follows the hyphen; of a tag without hyphen the
whole tag. So neighbours with the same part of speech are one span, but for those that begin with S (SCONJ, SYM), each
of which is a span of its own. Later releases of seqeval cut the first letter off a plain tag too, which makes SCONJ and
CCONJ one type: they must not score such tags.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .sets import overlap

#: First letters of tags that are no part of a span.
OUTSIDE = "O."


def span_scores(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> dict[str, float]:
    """``precision``, ``recall`` and ``f1`` of spans over all sentences, 0 to 1."""
    true, found = (
        {(number, *span) for number, sentence in enumerate(side) for span in spans(sentence)}
        for side in (gold, predicted)
    )
    return overlap(true, found)


def spans(tags: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Type, first word and last word of each span of a sentence."""
    before, kind, first = "O", "", 0
    for i, tag in enumerate([*tags, "O"]):
        letter, own = tag[0], tag.rpartition("-")[2]
        other = kind != own
        if before in "ES" or (before in "BI" and letter in "BSO") or (before not in OUTSIDE and other):
            yield kind, first, i - 1
        if letter in "BS" or (before in "ESO" and letter in "EI") or (letter not in OUTSIDE and other):
            first = i
        before, kind = letter, own
