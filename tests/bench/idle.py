"""What each service holds and uses when nobody asks anything, some time after 64 connections asked all they could."""

import time

import machine
from gateway import wrk
from stack import SERVICES

RUSH_S = 5
REST_S = 25  # services give memory back every 15 s or so, and connections to Postgres and each other go


def measure(stack, seconds):
    wrk(f"{stack.gateway_url}/api/media?limit=20", f"Authorization: Bearer {stack.token}", RUSH_S)
    time.sleep(REST_S)
    pids = {name: stack.pid(name) for name in SERVICES}
    before = {name: machine.cpu_s(pid) for name, pid in pids.items()}
    time.sleep(seconds)
    services = {}
    for name, pid in pids.items():
        services[name] = {**machine.memory_mb(pid),
                          "cpu_percent": (machine.cpu_s(pid) - before[name]) / seconds * 100}
    services["decode worker"] = [machine.memory_mb(pid) for pid in stack.workers()]
    return {"seconds": seconds, "services": services}
