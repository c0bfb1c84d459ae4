"""Copies of clips and pictures with their faces drawn."""
