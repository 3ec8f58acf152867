"""Profile: a camera measured by a picture of a colour chart."""
