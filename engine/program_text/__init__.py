"""Program text: finds kernel and shader files and provides their text."""
