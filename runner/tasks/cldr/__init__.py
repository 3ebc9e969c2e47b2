"""The suite ``cldr``: tasks made from the Unicode CLDR data inside the package ``babel``, without any download.

Terms of several types (territories, languages, currencies …) with their names in some two hundred languages; English
terms to train on, terms of other concepts to test on. ``data/mini/cldr.md`` is its datasheet.
"""
