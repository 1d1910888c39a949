"""`modern.py LIBRARY FLAGS...`: clickhouse-local out of its library, with these flags. A program, not a module."""

import ctypes
import sys

library, *flags = sys.argv[1:]
words = [b"clickhouse-local", *(flag.encode() for flag in flags)]
run = ctypes.CDLL(library).chdb_query_cmdline
run.restype = ctypes.c_void_p
run(len(words), (ctypes.c_char_p * len(words))(*words))
sys.exit("clickhouse-local ended by itself")
