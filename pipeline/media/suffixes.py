"""Extensions of files that are taken for media."""

#: Containers that clips come in; the last line is sound alone.
MEDIA_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "ts", "mts", "flv", "wmv", "3gp", "ogv"),
        *("wav", "mp3", "m4a", "flac", "ogg"),
    )
)
