"""The panel: every control and the look's parameters as widgets, through Dear ImGui."""
