"""Typed records and the marshmallow schemas that follow from them; JSON is read at msgspec's speed."""
