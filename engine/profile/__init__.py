"""Profile: measures a camera from a picture of a colour chart."""
