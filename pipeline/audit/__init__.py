"""An independent check of what was made: it shares no reader or writer of stores and packs with the pipeline."""
