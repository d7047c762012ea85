"""Surveillance: cameras and what they see, images as evidence, reviews and their conclusions."""
