"""A small server that speaks TDS 7.4 (SQL Server's wire protocol) over SQLite; independent of any vendor.

It satisfies independent TDS clients on a declared T-SQL subset; it is not SQL Server. A simulator declares tables
in ``CREATE TABLE`` text and procedures in Python, and hands both to ``server.TdsServer``.
"""
