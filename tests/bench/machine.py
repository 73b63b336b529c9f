"""What processes cost, read from /proc: CPU seconds, and memory in MB."""

import os
import subprocess
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")
SAMPLE_EVERY_S = 0.1


def read(path):
    """Its text; empty when the process has ended meanwhile."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def tree(pid):
    """The process and all it started."""
    pids = [pid]
    for parent in pids:
        for task in os.listdir(f"/proc/{parent}/task") if os.path.exists(f"/proc/{parent}") else []:
            pids += map(int, read(f"/proc/{parent}/task/{task}/children").split())
    return pids


def cpu_s(pid):
    """Of the process and all it started, ended ones too where their parent waited for them."""
    total = 0
    for each in tree(pid):
        fields = read(f"/proc/{each}/stat").rpartition(")")[2].split()
        total += sum(map(int, fields[11:15]))
    return total / TICKS


def busy_s():
    """Of all processors, whoever used them."""
    user, nice, system, _, _, irq, softirq, *_ = map(int, read("/proc/stat").split("\n")[0].split()[1:])
    return (user + nice + system + irq + softirq) / TICKS


def memory_mb(pid):
    """Rss: with all of what it shares with others; Pss: with its share of that; Private: without."""
    kb = {"Rss": 0, "Pss": 0, "Private_Clean": 0, "Private_Dirty": 0}
    for line in read(f"/proc/{pid}/smaps_rollup").splitlines():
        name, _, value = line.partition(":")
        if name in kb:
            kb[name] += int(value.split()[0])
    return {"Rss": kb["Rss"] / 1024, "Pss": kb["Pss"] / 1024,
            "Private": (kb["Private_Clean"] + kb["Private_Dirty"]) / 1024}


class PeakMemory:
    """The most that a process and all it started held at one time, as their Pss together.

        with PeakMemory(pid) as peak: ...
        peak.mb"""

    def __init__(self, pid):
        self.pid, self.mb = pid, 0
        self.ended = threading.Event()
        self.sampler = threading.Thread(target=self.sample, daemon=True)

    def sample(self):
        while not self.ended.wait(SAMPLE_EVERY_S):
            self.mb = max(self.mb, sum(memory_mb(pid)["Pss"] for pid in tree(self.pid)))

    def __enter__(self):
        self.sampler.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.sampler.join()


def run_program(command, environ=None):
    """Runs it to its end: {wall_s, cpu_s, peak_mb}."""
    began = time.monotonic()
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    with PeakMemory(process.pid) as peak:
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with status {process.returncode}")
    return {"wall_s": wall_s, "cpu_s": usage.ru_utime + usage.ru_stime, "peak_mb": peak.mb}
