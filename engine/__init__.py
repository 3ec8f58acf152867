"""A live ground glass for any camera."""
