"""The viewfinder in a browser: the pictures as streams, the page, and who controls."""
