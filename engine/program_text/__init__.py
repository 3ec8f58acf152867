"""Program text: where kernel and shader files are found, and how their text is assembled."""
