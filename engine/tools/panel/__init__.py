"""The panel: widgets of Dear ImGui for every control and every parameter of the look."""
