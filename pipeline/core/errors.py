"""Errors a user can cause. The message is one line: what, where, what was expected, what to do."""

import difflib


class PipelineError(Exception):
    """Base of all errors that are reported as one line, without a traceback."""


class ConfigError(PipelineError):
    """A setting is unknown, of the wrong type, or contradicts another."""


class RawDataError(PipelineError):
    """The raw folder or its label table is not what the dataset's reader expects."""


class MissingDependencyError(PipelineError):
    """A library, a weight file or a system package is missing; the message gives the command that installs it."""


class StoreError(PipelineError):
    """A derived file (store, pack, run) is damaged or does not match what its reader expects."""


class ClipError(PipelineError):
    """One clip cannot be processed: it goes to the quarantine, the other clips go on."""


class MediaError(ClipError):
    """A clip's file cannot be opened or decoded, or lacks the stream asked for."""


class FeatureError(ClipError):
    """An extractor could not make valid features of a clip that was read without fault."""


def nearest(name: str, valid: list[str]) -> str:
    """A phrase with the closest valid name, or with all of them."""
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'?" if close else f"valid: {', '.join(sorted(valid)) or 'none'}"
