"""Data sets, one file each: each reads the real on-disk format and says in its docstring what becomes of its labels."""
