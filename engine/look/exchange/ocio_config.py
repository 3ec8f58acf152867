"""An OpenColorIO 2 configuration whose view shows scenes in a look."""

from __future__ import annotations

import json

import numpy as np

from ...camera import REC709_TO_REC2020
from ...colour.white import XYZ_TO_REC2020

LINEAR = "Linear Rec.2020"  # the reference: EXR files of groundglass
_SRGB = "DISPLAY - CIE-XYZ-D65_to_sRGB"


_ROLES = f"""search_path: .
strictparsing: true
luma: [0.2627, 0.678, 0.0593]

roles:
  color_picking: sRGB texture
  color_timing: {LINEAR}
  compositing_log: {LINEAR}
  data: Raw
  default: {LINEAR}
  rendering: {LINEAR}
  scene_linear: {LINEAR}
  texture_paint: sRGB texture

file_rules:
  - !<Rule> {{name: Default, colorspace: default}}
"""


def _matrix(rows: np.ndarray) -> str:
    full = np.eye(4)
    full[:3, :3] = rows
    return "[" + ", ".join(f"{number:.10g}" for number in full.ravel()) + "]"


_SPACES = f"""display_colorspaces:
  - !<ColorSpace>
    name: sRGB
    family: Display
    encoding: sdr-video
    from_display_reference: !<BuiltinTransform> {{style: {_SRGB}}}

colorspaces:
  - !<ColorSpace>
    name: {LINEAR}
    family: Scene
    description: "Linear light, 18 % grey at 0.18: EXR files of groundglass"
    encoding: scene-linear

  - !<ColorSpace>
    name: Linear Rec.709
    family: Scene
    encoding: scene-linear
    to_scene_reference: !<MatrixTransform> {{matrix: {_matrix(REC709_TO_REC2020)}}}

  - !<ColorSpace>
    name: ACEScg
    family: Scene
    encoding: scene-linear
    to_scene_reference: !<GroupTransform>
      children:
        - !<BuiltinTransform> {{style: UTILITY - ACES-AP1_to_CIE-XYZ-D65_BFD}}
        - !<MatrixTransform> {{matrix: {_matrix(XYZ_TO_REC2020)}}}

  - !<ColorSpace>
    name: sRGB texture
    family: Texture
    encoding: sdr-video
    to_scene_reference: !<GroupTransform>
      children:
        - !<ExponentWithLinearTransform> {{gamma: [2.4, 2.4, 2.4, 1], offset: [0.055, 0.055, 0.055, 0]}}
        - !<MatrixTransform> {{matrix: {_matrix(REC709_TO_REC2020)}}}

  - !<ColorSpace>
    name: Raw
    family: Utility
    encoding: data
    isdata: true
"""


def ocio_config(look: str, intent: str, lut_file: str) -> str:
    """The configuration in YAML; `lut_file` is the look from Rec.2020 light to sRGB, next to the configuration.

    It needs nothing else: spaces, display and view are matrices and built-in transforms of OpenColorIO 2.0.
    """
    name, file = json.dumps(look), json.dumps(lut_file)  # a JSON text is a YAML text
    return f"""ocio_profile_version: 2

description: {json.dumps(f"The look {look} of groundglass: {intent}")}
{_ROLES}
displays:
  sRGB:
    - !<View> {{name: {name}, view_transform: {name}, display_colorspace: sRGB}}
    - !<View> {{name: Raw, colorspace: Raw}}

active_displays: [sRGB]
active_views: [{name}, Raw]

view_transforms:
  - !<ViewTransform>
    name: {name}
    from_scene_reference: !<GroupTransform>
      children:
        - !<FileTransform> {{src: {file}, interpolation: tetrahedral}}
        - !<BuiltinTransform> {{style: {_SRGB}, direction: inverse}}

{_SPACES}"""
