"""Dialogue context: the turns before and after each clip of a conversation."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from pipeline.config.settings import DialogueContext
from pipeline.index.manifest import Clip


def contexts(clips: Sequence[Clip], settings: DialogueContext) -> dict[str, dict[str, list[str]]]:
    """Neighbouring turns by clip id, all speakers in the order of time.

    A conversation never reaches across splits, so that no test turn is seen in training. Clips outside of any
    conversation have no context.

    Args:
        clips: of one dataset.
        settings: how many turns, and whether they carry their speaker's name.
    """
    conversations: dict[tuple[str, str], list[Clip]] = defaultdict(list)
    for clip in clips:
        if clip.dialogue is not None and clip.turn is not None:
            conversations[clip.split, clip.dialogue].append(clip)
    neighbours: dict[str, dict[str, list[str]]] = {}
    for turns in conversations.values():
        turns.sort(key=lambda clip: (clip.turn, clip.clip_id))
        for place, clip in enumerate(turns):
            before = turns[max(0, place - settings.previous) : place]
            after = turns[place + 1 : place + 1 + settings.next]
            neighbours[clip.clip_id] = {
                "before": [_shown(turn, settings) for turn in before],
                "after": [_shown(turn, settings) for turn in after],
            }
    return neighbours


def _shown(turn: Clip, settings: DialogueContext) -> str:
    named = settings.speakers and turn.speaker
    return f"{turn.speaker}: {turn.text}" if named else turn.text


def context_row(neighbours: dict[str, dict[str, list[str]]], clip_id: str) -> dict[str, Any]:
    """The context field of a text manifest's row; empty for a clip without context."""
    context = neighbours.get(clip_id)
    return {"context": context} if context and (context["before"] or context["after"]) else {}
