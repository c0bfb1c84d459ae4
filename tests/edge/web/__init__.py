"""Tests of the web server and of its pages; a package, so that its shared fixtures end with its last test."""
