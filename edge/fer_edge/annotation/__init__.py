"""Copies of clips and pictures with the faces drawn."""
