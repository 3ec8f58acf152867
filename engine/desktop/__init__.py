"""The place of groundglass on a desktop: an entry in the menu, an icon, a man page."""
