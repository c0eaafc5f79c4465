"""Show one clip and its features: pictures, sound, words, face, predictions.

example: python -m pipeline show 'video_0001$_$0004' --dataset demo --output clip.html
"""

import logging
from pathlib import Path

from pipeline.core.atomic_write import atomic_path
from pipeline.core.errors import ConfigError

_log = logging.getLogger(__name__)


def run(
    clip: str,
    *,
    dataset: str | None = None,
    output: Path | None = None,
    processed: Path = Path("processed"),
    raw: Path = Path("raw"),
) -> None:
    """Write the card of a clip.

    Args:
        clip: id of the clip, quoted for the shell: 'video$_$clip'.
        dataset: dataset of the clip; needed only if several contain this id.
        output: a page (.html) or a picture (.png) (default: CLIP.html).
        processed: folder of derived files.
        raw: folder of the raw datasets.

    Raises:
        ConfigError: an output that is neither.
        StoreError: no dataset has this clip, or several have.
    """
    from pipeline.report.clip_card import card_page, card_picture, find_card

    target = output or Path(f"{clip.replace('$_$', '_')}.html")
    if target.suffix not in (".html", ".png"):
        raise ConfigError(f"{target}: unknown format; expected a name that ends in .html or .png")
    card = find_card(clip, processed=processed, raw=raw, dataset=dataset)
    with atomic_path(target) as part:
        if target.suffix == ".png":
            part.write_bytes(card_picture(card))
        else:
            part.write_text(card_page(card), encoding="utf-8")
    _log.info("%s: %s, %s", target, card.dataset, card.clip_id)
