"""Real GenApi node maps of cameras that do not exist: features without hardware."""

from __future__ import annotations

from genicam import genapi
from groundglass.capture.live.vision.features import Features, Spelling

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<RegisterDescription ModelName="Model" VendorName="Maker" StandardNameSpace="None" SchemaMajorVersion="1"
 SchemaMinorVersion="1" SchemaSubMinorVersion="0" MajorVersion="1" MinorVersion="0" SubMinorVersion="0" ToolTip=""
 ProductGuid="11111111-1111-1111-1111-111111111111" VersionGuid="11111111-1111-1111-1111-111111111112"
 xmlns="http://www.genicam.org/GenApi/Version_1_1"><Category Name="Root"/><Port Name="Device"/>"""


def number(kind: str, name: str, value: float, low: float, high: float, more: str = "") -> str:
    return f"<{kind} Name='{name}'><Value>{value}</Value><Min>{low}</Min><Max>{high}</Max>{more}</{kind}>"


def choice(name: str, value: int, *entries: str) -> str:
    listed = "".join(f"<EnumEntry Name='{entry}'><Value>{i}</Value></EnumEntry>" for i, entry in enumerate(entries))
    return f"<Enumeration Name='{name}'>{listed}<Value>{value}</Value></Enumeration>"


def switch(name: str) -> str:
    return f"<Boolean Name='{name}'><Value>0</Value><OnValue>1</OnValue><OffValue>0</OffValue></Boolean>"


def features_of(*nodes: str) -> Features:
    """The features of a camera with these nodes."""
    node_map = genapi.NodeMap()
    node_map.load_xml_from_string(HEAD + "".join(nodes) + "</RegisterDescription>")
    return Features(node_map.get_node, Spelling.GENAPI, genapi.GenericException)
