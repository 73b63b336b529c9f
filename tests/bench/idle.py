"""What each service holds and uses when nobody asks anything."""

import time

import machine
from stack import SERVICES


def measure(stack, seconds):
    pids = {name: stack.pid(name) for name in SERVICES}
    before = {name: machine.cpu_s(pid) for name, pid in pids.items()}
    time.sleep(seconds)
    services = {}
    for name, pid in pids.items():
        services[name] = {**machine.memory_mb(pid),
                          "cpu_percent": (machine.cpu_s(pid) - before[name]) / seconds * 100}
    services["decode worker"] = [machine.memory_mb(pid) for pid in stack.workers()]
    return {"seconds": seconds, "services": services}
