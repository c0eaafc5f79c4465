"""Each row of the table is in the pack or quarantined, once; each clip is stored or quarantined."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.audit.evidence import Extracted, Fault, Packed
from pipeline.audit.table import RawRows

QuarantineRow = Mapping[str, Any]


def check_quarantine(rows: RawRows, quarantine: Sequence[QuarantineRow]) -> Iterator[Fault]:
    """Every line has a reason, names a row of the table and appears once."""
    for line in quarantine:
        if not str(line["reason"]).strip():
            yield Fault(f"quarantine {line['clip_id']}", "no reason")
        if line["clip_id"] not in rows.places:
            yield Fault(f"quarantine {line['clip_id']}", "not a row of the table")
    counts = Counter((line["clip_id"], line["extractor"], line["reason"]) for line in quarantine)
    for (clip_id, _, _), times in counts.items():
        if times > 1:
            yield Fault(f"quarantine {clip_id}", f"the same line appears {times} times")


def check_extracted(rows: RawRows, stores: Extracted, quarantine: Sequence[QuarantineRow]) -> Iterator[Fault]:
    """Every clip is stored by the extractor, or quarantined by it, and not both."""
    yield from stores.faults
    by_table = _rejected(quarantine)
    failed = {line["clip_id"] for line in quarantine if line["extractor"] == stores.name}
    for clip_id in sorted(rows.places.keys() | stores.clips.keys() | failed):
        where = f"features/{stores.name} {clip_id}"
        is_expected = clip_id in rows.clips and clip_id not in by_table
        if clip_id in stores.clips and not is_expected:
            yield Fault(where, "stored, but no usable row of the table")
        elif clip_id in stores.clips and clip_id in failed:
            yield Fault(where, "both stored and quarantined")
        elif is_expected and clip_id not in stores.clips and clip_id not in failed:
            yield Fault(where, "neither stored nor quarantined")


def check_pack(rows: RawRows, pack: Packed, quarantine: Sequence[QuarantineRow]) -> Iterator[Fault]:
    """Every row is in the pack once, or left out with the reason that the quarantine gives."""
    packed = Counter(clip_id for split in pack.splits for clip_id in pack.ids(split))
    dropped = {row["clip_id"]: row["reason"] for row in pack.card["dropped"]}
    reasons = {(line["clip_id"], line["reason"]) for line in quarantine}
    for clip_id, times in sorted(packed.items()):
        if times > 1:
            yield Fault(f"{pack.name} {clip_id}", f"appears {times} times in the pack")
    for clip_id in sorted(packed.keys() | dropped.keys() | rows.places.keys()):
        where = f"{pack.name} {clip_id}"
        if clip_id not in rows.places:
            yield Fault(where, "in the pack or its card, but not a row of the table")
        elif clip_id in packed and clip_id in dropped:
            yield Fault(where, "in the pack, and left out by its card")
        elif clip_id not in packed and clip_id not in dropped:
            yield Fault(where, "neither in the pack nor left out by its card")
        elif clip_id in dropped and (clip_id, dropped[clip_id]) not in reasons:
            yield Fault(where, f"left out for a reason that the quarantine does not give: {dropped[clip_id]}")
    yield from _repeated_ids(rows, packed, quarantine, pack.name)
    yield from _needless(pack, dropped, quarantine)


def check_counts(pack: Packed) -> Iterator[Fault]:
    """All arrays of a split have as many rows as its card counts clips."""
    for split, arrays in pack.splits.items():
        counted = pack.card["num_clips"].get(split, 0)
        if counted != len(arrays["id"]):
            yield Fault(f"{pack.name} {split}", f"{len(arrays['id'])} clips, its card counts {counted}")
        if not pack.is_even(split):
            yield Fault(f"{pack.name} {split}", f"rows: { {key: len(array) for key, array in arrays.items()} }")


def _rejected(quarantine: Sequence[QuarantineRow]) -> set[str]:
    return {line["clip_id"] for line in quarantine if line["modality"] == "table"}


def _repeated_ids(
    rows: RawRows, packed: Mapping[str, int], quarantine: Sequence[QuarantineRow], pack: str
) -> Iterator[Fault]:
    """If several rows have one id and none is packed, each has its own line."""
    rejected = [(line["clip_id"], line["reason"]) for line in quarantine if line["modality"] == "table"]
    for clip_id, places in rows.places.items():
        if len(places) == 1 or clip_id in packed:
            continue
        for place in places:
            if not any(name == clip_id and reason.startswith(f"{place}: ") for name, reason in rejected):
                yield Fault(f"{pack} {clip_id}", f"{place}: this one of {len(places)} rows is in no list")


def _needless(pack: Packed, dropped: Mapping[str, str], quarantine: Sequence[QuarantineRow]) -> Iterator[Fault]:
    """A clip is left out exactly if it lacks something that the pack requires."""
    settings, extractors = pack.card["settings"], pack.card["extractors"]
    needed = {extractors[modality] for modality in settings["required"]}
    if settings["align"]:
        needed |= {settings["align"]["words"], extractors["text"]}
    lost = {line["clip_id"] for line in quarantine if line["modality"] == "table" or line["extractor"] in needed}
    for clip_id in sorted(lost - dropped.keys()):
        yield Fault(f"{pack.name} {clip_id}", "quarantined for what the pack requires, but not left out")
    for clip_id in sorted(dropped.keys() - lost):
        yield Fault(f"{pack.name} {clip_id}", "left out, but not quarantined for what the pack requires")
