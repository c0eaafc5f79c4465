"""What each extractor should have read of each clip: from the raw table, texts and media as they are now."""

from functools import cache
from pathlib import Path

from pipeline.audit.evidence import content_hash
from pipeline.audit.table import RawRows
from pipeline.config.settings import DatasetConfig
from pipeline.core.extractor_facts import extractor_facts
from pipeline.extraction.tasks import Task, make_tasks
from pipeline.index.manifest import media_row, text_row, words_row
from pipeline.scanning.dialogue import context_row, contexts


class ExpectedTasks:
    """Extraction tasks with their keys, made from the raw folder without the index or its cache of file hashes."""

    def __init__(self, rows: RawRows, config: DatasetConfig, raw: Path) -> None:
        """Read nothing yet; media files are hashed once, when an extractor that reads media is asked for."""
        self._rows, self._config, self._raw = rows, config, raw
        self._hash = cache(content_hash)
        self._contexts = contexts(rows.usable, config.context) if config.context else {}

    def of(self, extractor: str, identity: str) -> dict[str, Task]:
        """Tasks of all clips by clip id.

        Args:
            extractor: its name.
            identity: fingerprint of its settings, weights and libraries.
        """
        facts, clips = extractor_facts(extractor), self._rows.clips.values()
        language = self._config.language
        tasks = make_tasks(
            media_rows=(media_row(clip, self._hash_of(clip.media)) for clip in clips if facts.reads_media),
            text_rows=(text_row(clip, language) | context_row(self._contexts, clip.clip_id) for clip in clips),
            words_rows=(words_row(clip) for clip in clips if clip.words is not None),
            reads=facts.reads,
            raw=self._raw,
            identity=identity,
        )
        return {task.clip_id: task for task in tasks}

    def _hash_of(self, media: str | None) -> str | None:
        return self._hash(self._raw / media) if media else None
