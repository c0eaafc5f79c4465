"""Dialogue context: which turns surround a clip, and how they become tokens."""

import pytest

from pipeline.config.settings import DialogueContext
from pipeline.extractors._text.context import place
from pipeline.index.manifest import Clip
from pipeline.scanning.dialogue import context_row, contexts


def make_turn(turn, text, *, dialogue="d1", split="train", speaker="Ross"):
    where = f"table row {turn}"
    named = {"dialogue": dialogue, "turn": turn, "speaker": speaker}
    return Clip(f"{split}_{dialogue}", f"u{turn}", split, text, None, where, **named)


@pytest.fixture
def clips():
    talk = [make_turn(2, "no"), make_turn(0, "hi", speaker="Monica"), make_turn(10, "bye"), make_turn(1, "what")]
    return [*talk, make_turn(1, "other", dialogue="d2"), make_turn(0, "test", split="test")]


def test_turns_of_all_speakers_are_in_the_order_of_time(clips):
    context_of = contexts(clips, DialogueContext(previous=2, next=1))
    assert context_of["train_d1$_$u2"] == {"before": ["Monica: hi", "Ross: what"], "after": ["Ross: bye"]}
    assert context_of["train_d1$_$u0"] == {"before": [], "after": ["Ross: what"]}
    assert contexts(clips, DialogueContext(speakers=False))["train_d1$_$u1"]["before"] == ["hi"]


def test_no_turn_of_another_conversation_or_split_comes_in(clips):
    context_of = contexts(clips, DialogueContext(previous=9, next=9))
    for lonely in ("train_d2$_$u1", "test_d1$_$u0"):
        assert context_of[lonely] == {"before": [], "after": []}
        assert context_row(context_of, lonely) == {}


def make_placed(limit, before=("1 2", "3"), after=("4 5",)):
    return place(
        [7, 8], before, after, cut=lambda turn: [int(word) for word in turn.split()], ends=(0, 99), limit=limit
    )


def test_the_target_is_between_its_turns_and_marked():
    placed = make_placed(limit=50)
    assert placed.ids.tolist() == [0, 1, 2, 99, 3, 99, 7, 8, 99, 4, 5, 99]
    assert placed.types.tolist() == [0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0]
    assert placed.start == 6


def test_the_nearest_turns_come_first_and_whole():
    assert make_placed(limit=8).ids.tolist() == [0, 3, 99, 7, 8, 99]
    assert make_placed(limit=9).ids.tolist() == [0, 3, 99, 7, 8, 99, 4, 5, 99]
    assert make_placed(limit=3).ids.tolist() == [0, 7, 8, 99]
