"""The Python library of the same name: aggregates saved by threads through an application, loaded from its repository.

benches/peers/README.md tells the protocol.
"""

import os
import sys
import time
from threading import Thread
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate

HISTORY = 20
LOG = 100_000
STREAMS = {10: 300, 1_000: 20}
PAGE = 1_000
SNAPSHOTS = 20
# events after a snapshot
TAIL = 10
SCHEMA = "bench_python"


class Account(Aggregate):
    def __init__(self) -> None:
        self.balance = 0
        self.events = 1

    class Deposited(Aggregate.Event):
        amount: int
        currency: str
        note: str

        def apply(self, aggregate: "Account") -> None:
            aggregate.balance += self.amount
            aggregate.events += 1

    def deposit(self) -> None:
        self.trigger_event(self.Deposited, amount=5, currency="EUR", note="order-000123")


def environment(database: str, folder: str) -> dict[str, str]:
    if database == "sqlite":
        file = os.path.join(folder, "python.db")
        for suffix in ("", "-wal", "-shm"):
            if os.path.exists(file + suffix):
                os.remove(file + suffix)
        return {
            "IS_SNAPSHOTTING_ENABLED": "y",
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": file,
            "SQLITE_LOCK_TIMEOUT": "60",
        }
    on_schema("DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0}")
    named = {name: value for name, value in os.environ.items() if name.startswith("POSTGRES_")}
    return {
        # the library insists on a password, which a server that trusts us does not look at
        "POSTGRES_PASSWORD": "none",
        **named,
        "IS_SNAPSHOTTING_ENABLED": "y",
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_SCHEMA": SCHEMA,
        "POSTGRES_POOL_SIZE": "10",
        "POSTGRES_MAX_OVERFLOW": "22",
        "POSTGRES_POOL_TIMEOUT": "60",
    }


def on_schema(statement: str) -> None:
    import psycopg

    connection = psycopg.connect(
        host=os.environ["POSTGRES_HOST"],
        port=os.environ.get("POSTGRES_PORT") or "5432",
        user=os.environ["POSTGRES_USER"],
        password=os.environ.get("POSTGRES_PASSWORD"),
        dbname=os.environ["POSTGRES_DBNAME"],
        autocommit=True,
    )
    with connection:
        for one in statement.format(SCHEMA).split(";"):
            connection.execute(one)


def save_until(app: Application, end: float, latencies: list[float], failures: list[Exception]) -> None:
    try:
        while time.perf_counter() < end:
            account = None
            for _ in range(HISTORY):
                start = time.perf_counter()
                if start >= end:
                    return
                if account is None:
                    account = Account()
                else:
                    account.deposit()
                app.save(account)
                latencies.append(time.perf_counter() - start)
    except Exception as failure:  # told to whoever asked
        failures.append(failure)


def save(app: Application, tasks: int, seconds: float) -> tuple[float, list[float]]:
    start = time.perf_counter()
    latencies: list[float] = []
    failures: list[Exception] = []
    threads = [Thread(target=save_until, args=(app, start + seconds, latencies, failures)) for _ in range(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return len(latencies) / (time.perf_counter() - start), latencies


def record(app: Application, events: int) -> UUID:
    account = Account()
    for _ in range(events - 1):
        account.deposit()
    app.save(account)
    return account.id


def fill(app: Application) -> dict[int, list[UUID]]:
    streams = {length: [record(app, length) for _ in range(count)] for length, count in STREAMS.items()}
    recorded = sum(length * count for length, count in STREAMS.items())
    while recorded < LOG:
        record(app, 1_000)
        recorded += 1_000
    return streams


def record_with_snapshot(app: Application, events: int) -> UUID:
    recorded = record(app, events)
    app.take_snapshot(recorded, version=events - TAIL)
    return recorded


def load(app: Application, ids: list[UUID], events: int, seconds: float) -> tuple[float, list[float]]:
    start = time.perf_counter()
    latencies: list[float] = []
    while time.perf_counter() < start + seconds:
        before = time.perf_counter()
        account = app.repository.get(ids[len(latencies) % len(ids)])
        latencies.append(time.perf_counter() - before)
        assert account.events == events
    return len(latencies) / (time.perf_counter() - start), latencies


def read_log(app: Application) -> tuple[float, list[float]]:
    """Reads no more than LOG events: a round is to be of seconds, not of minutes."""
    start = time.perf_counter()
    first, events = 1, 0
    while events < LOG:
        page = app.recorder.select_notifications(start=first, limit=PAGE)
        for notification in page:
            app.mapper.to_domain_event(notification)
        events += len(page)
        first = page[-1].id + 1
    return events / (time.perf_counter() - start), []


def at(latencies: list[float], share: float) -> str:
    if not latencies:
        return "-"
    return f"{sorted(latencies)[int((len(latencies) - 1) * share)] * 1e6:.1f}"


def main() -> None:
    database, _, folder = sys.argv[1:4]
    named = environment(database, folder)
    app = Application(named)
    # the same events: an application whose repository keeps aggregates, and looks for later events
    cached = Application({**named, "AGGREGATE_CACHE_MAXSIZE": "1000"})
    streams: dict[int, list[UUID]] = {}
    with_snapshots: list[UUID] = []
    print("ready", flush=True)
    for request in sys.stdin:
        measurement, number_text, milliseconds = request.rstrip("\n").split("\t")
        number, seconds = int(number_text), int(milliseconds) / 1_000
        try:
            if measurement != "save" and not streams:
                streams = fill(app)
            if measurement == "save":
                value, latencies = save(app, number, seconds)
            elif measurement == "load":
                value, latencies = load(app, streams[number], number, seconds)
            elif measurement == "snapshot":
                if not with_snapshots:
                    with_snapshots = [record_with_snapshot(app, number) for _ in range(SNAPSHOTS)]
                value, latencies = load(app, with_snapshots, number, seconds)
            elif measurement == "cached":
                value, latencies = load(cached, streams[number], number, seconds)
            else:
                value, latencies = read_log(app)
            figures = f"{value:.1f}\t{at(latencies, 0.5)}\t{at(latencies, 0.99)}"
        except Exception as failure:
            figures = f"-\t-\t-\t{type(failure).__name__}: {failure}".replace("\n", " ")
        print(f"{database}\t{measurement}\t{number}\t{figures}", flush=True)
    app.close()
    cached.close()
    if database == "postgres":
        on_schema("DROP SCHEMA {0} CASCADE")


main()
