"""File extensions of media."""

#: Containers; the last line is audio only.
MEDIA_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "ts", "mts", "flv", "wmv", "3gp", "ogv"),
        *("wav", "mp3", "m4a", "flac", "ogg"),
    )
)
