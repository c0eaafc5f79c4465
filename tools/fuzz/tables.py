"""Label tables, with word timings in a column."""

from pipeline.core.errors import PipelineError
from pipeline.index.manifest import label_row, text_row, to_jsonl, words_row
from pipeline.readers._clips import faulty_rows
from pipeline.readers.table import Options, read
from tools.fuzz.files import file_of

_HEADER = b"video_id,clip_id,text,label,label_T,annotation,emotion,mode,start_s,end_s,words\n"
_ROW = b'v1,1,"so, good",1.5,-1,Positive,joy,train,0.5,2,"[{""word"": ""so"", ""start"": 0.1, ""end"": 0.4}]"\n'
SEEDS = [
    _HEADER + _ROW,
    b"\xef\xbb\xbf" + _HEADER + _ROW.replace(b"\n", b"\r\n") * 2,
    b"video_id,clip_id,text,mode,label\nv1,1,so,val,nan\nv1,1,,dev,-3e0\n..,/,\xc3\xa9,test,\n",
]


def check(data: bytes) -> None:
    """Read the table, judge its rows, write the usable ones."""
    path = file_of(data, "label.csv")
    try:
        table = read(path.parent, Options())
    except PipelineError:
        return
    faulty = {row.where for row in faulty_rows(table.clips, (-3.0, 3.0), shared_videos=False)}
    sound = [clip for clip in table.clips if clip.where not in faulty]
    to_jsonl(row for clip in sound for row in (label_row(clip), text_row(clip, "en"), words_row(clip)))
