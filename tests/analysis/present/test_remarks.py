"""Notes and warnings as they are printed."""

from __future__ import annotations

from analysis.present.remarks import first_sentence, merged


def zero(group: str, term: str = "Intercept") -> str:
    return (
        f"singular fit: the variance of '{term}' by '{group}' is estimated as zero. The rows show no difference "
        "between the 3 levels beyond the other terms; dropping the term gives the same estimates."
    )


def test_variances_that_are_zero_are_one_warning() -> None:
    lines = merged(["before", zero("language"), zero("model"), "after", zero("target_task", "typology")])
    assert [line.split(". ")[0] for line in lines] == [
        "before",
        "singular fit: 3 variances are estimated as zero (language, model and typology by target_task)",
        "after",
    ]
    assert merged([zero("language")]) == [zero("language")]


def test_factors_with_too_few_levels_are_one_note() -> None:
    one = "'study' has 2 levels, too few for a variance: it is a fixed effect."
    two = "'model' has 1 level, too few for a variance: it is a fixed effect."
    other = "'target_task' has 2 levels, too few for a variance: it is left out of the model."
    assert merged([one]) == [one]
    assert merged([one, two]) == [
        "'study' (2 levels) and 'model' (1 level) have too few levels for a variance: they are fixed effects."
    ]
    assert merged([one, other]) == [one, other]


def test_what_was_understood_of_a_file_is_one_note() -> None:
    lines = merged(["a.csv: columns by their headings: task → target_task.", "b.csv: one", "a.csv: sizes by name"])
    assert lines == [
        "a.csv: columns by their headings: task → target_task; sizes by name.",
        "b.csv: one.",
    ]


def test_the_first_sentence_of_a_remark() -> None:
    assert first_sentence("p = 0.05 of 12.5 rows. --where keeps them.") == "p = 0.05 of 12.5 rows."
    assert first_sentence("wide.csv has 3 columns") == "wide.csv has 3 columns"
