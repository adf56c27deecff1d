"""Catalog owns services and what they are made of; says catalog.components; listens to nobody."""
