"""Where pictures come from: folders of images and video files, read one picture at a time."""

from keiryo.screening.sources.opening import open_source
from keiryo.screening.sources.source import Lost, Source, Unreadable

__all__ = ["Lost", "Source", "Unreadable", "open_source"]
