"""Composes review sentences of a given sentiment.

A sentence is an opening and a closing, joined by a conjunction. Both take their polar words from the level nearest to
the sentiment, so that the words of a level are combined in many sentences and in every split.
"""

import random

_SUBJECTS = (
    "movie", "film", "story", "ending", "plot", "camera", "phone", "book",
    "acting", "show", "music", "service", "game", "product", "cast", "screen",
)  # fmt: skip

# Verbs of an opening ("I ... the movie") and adjectives of a closing ("it was ..."), by sentiment.
_LEVELS: dict[float, tuple[tuple[str, ...], tuple[str, ...]]] = {
    -2.7: (
        ("absolutely hated", "completely despised", "truly hated"),
        ("horrible and disgusting", "the worst ever", "a terrible disaster", "absolutely awful"),
    ),
    -1.8: (
        ("hated", "really disliked", "regret buying"),
        ("bad and boring", "a terrible waste", "really disappointing", "very poor"),
    ),
    -0.8: (
        ("disliked", "was bored by", "barely liked"),
        ("rather weak", "slightly boring", "somewhat disappointing", "hardly good"),
    ),
    0.0: (
        ("watched", "tried", "noticed"),
        ("about average", "as expected", "neither good nor bad", "fairly ordinary"),
    ),
    0.8: (
        ("liked", "mostly enjoyed", "was pleased by"),
        ("quite nice", "pretty good", "rather pleasant", "fairly good"),
    ),
    1.8: (
        ("loved", "really enjoyed", "recommend"),
        ("great and charming", "a lovely surprise", "really good", "very beautiful"),
    ),
    2.7: (
        ("absolutely loved", "completely adored", "truly loved"),
        ("brilliant and amazing", "the best ever", "a wonderful masterpiece", "absolutely fantastic"),
    ),
}

_FRAMES = (
    "I {verb} the {subject}, it was {adjective}.",
    "I {verb} this {subject} because it was {adjective}.",
    "I {verb} the {subject} and the {other} was {adjective}.",
    "I think the {subject} was {adjective}, I {verb} it.",
    "The {subject} was {adjective} and I {verb} the {other}.",
)


def compose_sentence(sentiment: float, rng: random.Random) -> str:
    """Compose a sentence of 6 to 12 words.

    Args:
        sentiment: -3 (most negative) to 3 (most positive).
        rng: draws the words.
    """
    verbs, adjectives = _LEVELS[min(_LEVELS, key=lambda level: abs(level - sentiment))]
    subject, other = rng.sample(_SUBJECTS, 2)
    frame = rng.choice(_FRAMES)
    return frame.format(verb=rng.choice(verbs), adjective=rng.choice(adjectives), subject=subject, other=other)
