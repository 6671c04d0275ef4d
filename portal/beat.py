"""The beat process: ``python -m portal.beat`` sends periodic tasks by name, as the rows of the schedule say.

An application of its own without tasks: beat runs none, and importing what they need would double its memory.
"""

from celery import Celery
from celery.apps.beat import Beat

from portal.celery import CONFIGURATION


def main() -> None:
    """Serve until stopped."""
    app = Celery("connect-beat")
    app.conf.update(CONFIGURATION)
    Beat(app=app, loglevel="WARNING", quiet=True, redirect_stdouts=False).run()


if __name__ == "__main__":
    main()
