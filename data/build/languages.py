"""Build ``data/languages/``: one row per language, and the codes that refer to it.

Usage: ``python data/build/languages.py REFERENCE [OUT]`` where REFERENCE holds ``typology/iso_map.csv`` and
``typology/metadata.csv``. Needs the packages ``lang2vec`` (read as data), ``langcodes`` and ``language_data``.

Facts come from, in order: the reference tables (codes that carry features, coordinates, families, with their own
sources), URIEL's family features (the root of each language's family path), and CLDR through ``langcodes`` (names,
likely scripts, codes of ISO 639-1, -2/B and deprecated ones).
"""

from __future__ import annotations

import csv
import lzma
import sys
from pathlib import Path

from uriel import Uriel, read_uriel

HERE = Path(__file__).resolve().parent
FIELDS = [
    "iso", "tag", "name", "features_code", "family_code", "glottocode", "script", "family", "genus", "macroarea",
    "latitude", "longitude", "coordinate_source", "joshi_class",
]  # fmt: skip

# The reference pins genetic distances of Persian computed from its macrolanguage code.
FAMILY_CODE_AS_PINNED = {"fas": "fas"}
# CLDR merges these; kept separate here because data sets separate them, or because CLDR's choice lacks features.
KEEP_APART = {"twi", "bxr", "pnb", "fat", "mup", "spy", "xsl", "umu", "hdn", "lbk", "nno"}
# Individual languages that data sets use for a macrolanguage outside the reference table.
REPRESENTATIVES = {"gug": "grn", "ayr": "aym", "pbu": "pus", "nob": "nor"}
# Codes that published tables print by mistake.
MISPRINTS = {"jp": ("jpn", "'jp' is Japan's country code; the language is 'ja'")}


def main(reference: Path, out: Path) -> None:
    uriel = read_uriel()
    curated = curated_rows(reference, uriel)
    rows = {row["iso"]: row for row in curated}
    aliases = dict(alias_rows(reference))
    for code in uriel.codes_with_features():
        if code not in rows and code not in aliases:
            rows[code] = uriel_row(code, uriel)
    for code in extra_codes(reference):
        if code not in rows and code not in aliases:
            rows[code] = uriel_row(code, uriel)
    # Filipino is standardised Tagalog: it has Tagalog's features and is a language of its own in data sets.
    rows["fil"] = {**uriel_row("fil", uriel), **dict.fromkeys(("features_code", "family_code"), "tgl"),
                   "script": rows["tgl"]["script"], "family": rows["tgl"]["family"]}  # fmt: skip
    add_joshi(rows, reference)
    out.mkdir(parents=True, exist_ok=True)
    with (out / "languages.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[iso] for iso in sorted(rows))
    with (out / "aliases.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["alias", "iso", "kind", "note"])
        for alias in sorted(aliases):
            iso, kind, note = aliases[alias]
            if iso in rows:
                writer.writerow([alias, iso, kind, note])


def curated_rows(reference: Path, uriel: Uriel) -> list[dict[str, str]]:
    codes = {row["code"]: row for row in read(reference / "typology/iso_map.csv")}
    meta = {row["code"]: row for row in read(reference / "typology/metadata.csv")}
    rows = []
    for tag, code in codes.items():
        facts = meta[tag]
        iso = code["lang2vec_code"]
        rows.append(
            {
                "iso": iso,
                "tag": tag,
                "name": code["name"],
                "features_code": code["features_code"],
                "family_code": FAMILY_CODE_AS_PINNED.get(iso, code["genetic_code"]),
                "glottocode": facts["glottocode"],
                "script": facts["script_likely"],
                "family": facts["family_glottolog"] or facts["family_wals"] or uriel.family(code["genetic_code"]),
                "genus": facts["genus_wals"],
                "macroarea": facts["macroarea_glottolog"],
                "latitude": facts["lat"],
                "longitude": facts["lon"],
                "coordinate_source": facts["coord_source"],
                "joshi_class": "",
            }
        )
    return rows


def uriel_row(code: str, uriel: Uriel) -> dict[str, str]:
    """A language outside the reference table: CLDR's name and script, URIEL's family, no coordinates."""
    import langcodes

    language = langcodes.Language.make(language=langcodes.standardize_tag(code))
    name = language.display_name()
    short = language.to_tag() if len(language.to_tag()) == 2 else ""
    known = code in uriel.index
    return {
        "iso": code,
        "tag": short,
        "name": "" if name.startswith("Unknown language") else name,
        "features_code": code if known else "",
        "family_code": code if known else "",
        "glottocode": "",
        "script": (language.maximize().script or "") if short or known_to_cldr(code) else "",
        "family": uriel.family(code) if known else "",
        "genus": "",
        "macroarea": "",
        "latitude": "",
        "longitude": "",
        "coordinate_source": "",
        "joshi_class": "",
    }


def known_to_cldr(code: str) -> bool:
    """True if CLDR states a likely script, rather than falling back on Latin."""
    from langcodes.data_dicts import LIKELY_SUBTAGS

    return code in LIKELY_SUBTAGS


def alias_rows(reference: Path) -> list[tuple[str, tuple[str, str, str]]]:
    from langcodes.data_dicts import (
        LANGUAGE_ALPHA3,
        LANGUAGE_ALPHA3_BIBLIOGRAPHIC,
        LANGUAGE_REPLACEMENTS,
        NORMALIZED_MACROLANGUAGES,
    )

    found: dict[str, tuple[str, str, str]] = {}
    three = {row["code"]: row["lang2vec_code"] for row in read(reference / "typology/iso_map.csv")}
    for two, iso in LANGUAGE_ALPHA3.items():
        found[two] = (three.get(two, iso), "ISO 639-1", "")
    found["no"] = ("nor", "ISO 639-1", "")
    for two, iso in LANGUAGE_ALPHA3_BIBLIOGRAPHIC.items():
        if iso != LANGUAGE_ALPHA3.get(two):
            found[iso] = (found[two][0], "ISO 639-2/B", "")
    for old, new in LANGUAGE_REPLACEMENTS.items():
        if len(old) in (2, 3) and new in found and old not in found and old not in KEEP_APART:
            found[old] = (found[new][0], "deprecated", f"replaced by '{new}'")
    for individual, macro in NORMALIZED_MACROLANGUAGES.items():
        target = found.get(macro, (macro, "", ""))[0]
        if individual not in KEEP_APART and target in three.values() and len(individual) == 3:
            found[individual] = (target, "individual language", f"stands for the macrolanguage '{target}'")
    for row in read(reference / "typology/iso_map.csv"):
        alt, iso = row["alt_code"], row["lang2vec_code"]
        if alt and alt != "hbs":
            found[alt] = (iso, "individual language", f"stands for the macrolanguage '{iso}'")
    for individual, macro in REPRESENTATIVES.items():
        found[individual] = (macro, "individual language", f"stands for the macrolanguage '{macro}'")
    found["nb"] = ("nor", "ISO 639-1", "Bokmål, the form of Norwegian that benchmarks use")
    del found["fil"]  # a row of its own
    for wrong, (iso, note) in MISPRINTS.items():
        found[wrong] = (iso, "misprint", note)
    return [(alias, row) for alias, row in found.items() if alias != row[0]]


def extra_codes(reference: Path) -> list[str]:
    """Languages of bundled and supported data sets for which URIEL may lack syntactic features."""
    codes = {"aka", "nno", "hbs"}
    codes |= {row["language"] for row in read(reference.parent / "published/masakhaner2_direct_finetuning_seeds.csv")}
    for name in ("sib200", "tatoeba_v1"):
        with lzma.open(reference.parent / f"mini/{name}.tsv.xz", "rt", encoding="utf-8", newline="") as file:
            codes |= {row["lang"].split("_")[0] for row in csv.DictReader(file, dialect="excel-tab")}
    return sorted(codes)


def add_joshi(rows: dict[str, dict[str, str]], reference: Path) -> None:
    """Resource classes of Joshi et al. 2020, where the covariates table states them."""
    by_tag = {row["tag"]: row for row in rows.values() if row["tag"]}
    for row in read(reference.parent / "published/covariates_language.csv"):
        if row["joshi_class"] and row["lang"] in by_tag:
            by_tag[row["lang"]]["joshi_class"] = row["joshi_class"]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else HERE.parent / "languages")
