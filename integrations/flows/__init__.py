"""The delivery engine over ports: how one record is served, with no database and no Celery in sight.

``runner.run_record`` walks a flow's steps against two connectors; ``decision`` turns an error into what
happens next. Both are pure towards our own data: everything comes in through ``ports``.
"""
