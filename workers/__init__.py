"""The served path: a Celery worker that drapes chunks of items, and a relay that feeds it.

    python -m workers          # the worker; Ctrl-C or SIGTERM ends it after the item in hand
    python -m workers.relay    # publishes what the database owes the queue

Only ids travel on the queue; what is to be done and what came of it is in the database.
"""
