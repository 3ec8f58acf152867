"""A rack focus as a video: the focus moves from one distance to another and back, with ease in and out.

pip install groundglass[video]
python demos/rack_focus.py -o rack.mp4
python demos/rack_focus.py photo.heic --from 0.6 --to 4 --seconds 2 -o rack.mp4
"""

from __future__ import annotations

import argparse
import sys

import av
import groundglass as gg

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("source", nargs="?", default="scene:?size=960x540&noise=0")
parser.add_argument("--from", type=float, default=0.9, dest="from_m", help="metres")
parser.add_argument("--to", type=float, default=2.5, dest="to_m", help="metres")
parser.add_argument("--seconds", type=float, default=2.0, help="of each direction")
parser.add_argument("--fps", type=int, default=24)
parser.add_argument("-o", "--output", default="rack.mp4")
wanted = parser.parse_args()

forth = gg.Rack(wanted.from_m, wanted.to_m, wanted.seconds)
back = gg.Rack(wanted.to_m, wanted.from_m, wanted.seconds)
settings = gg.Settings(look="classic", lens="noct-50", quality="best", development=gg.Development(metering="auto"))
try:
    with gg.open(wanted.source) as source, gg.Engine() as engine, av.open(wanted.output, "w") as video:
        frame = next(iter(source))
        width, height = (side // 2 * 2 for side in frame.upright().size)  # H.264 has colour for pairs of pixels
        stream = video.add_stream("h264", rate=wanted.fps, width=width, height=height, pix_fmt="yuv420p")
        for number in range(round(2 * wanted.seconds * wanted.fps)):
            time_s = number / wanted.fps
            focus_m = forth.focus_m(time_s) if time_s < wanted.seconds else back.focus_m(time_s - wanted.seconds)
            picture = engine.render(frame, settings.with_(focus_m=focus_m))[:height, :width]
            video.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        video.mux(stream.encode())
except gg.GroundglassError as error:
    sys.exit(str(error))
print(f"wrote {wanted.output}")
