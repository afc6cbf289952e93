"""`make soak`: 1,000 streams at once for five minutes, then 100,000 calls in 64 threads, with 5 % faults."""

from __future__ import annotations

import argparse
import asyncio
import resource

from .soak import check, faulty_server, soak_calls, soak_streams


def main() -> None:
    parser = argparse.ArgumentParser(prog="soak")
    parser.add_argument("--streams", type=int, default=1_000, help="streams at once")
    parser.add_argument("--seconds", type=float, default=300.0, help="how long new streams begin")
    parser.add_argument("--threads", type=int, default=64, help="threads that call")
    parser.add_argument("--calls", type=int, default=100_000, help="calls of all threads together")
    given = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 16_384)), hard))
    with faulty_server() as url:
        streams = asyncio.run(soak_streams(url, given.streams, seconds=given.seconds, each=None))
        print(streams, flush=True)
        calls = soak_calls(url, given.threads, given.calls)
        print(calls, flush=True)
    check(streams, given.streams, growth=16)
    check(calls, given.threads, growth=16)
    print("memory, tasks, threads and descriptors are flat")


if __name__ == "__main__":
    main()
