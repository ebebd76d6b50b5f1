#!/usr/bin/env python3
"""Drives ebs-csi-sim --disk-dir with plain HTTP. usage: sim_disks.py EBS-CSI-SIM"""
import os
import shutil
import sys
import tempfile

from sim_process import Sim
from until import until

SIM = os.path.abspath(sys.argv[1])
NODE, OTHER = "i-0123456789abcdef0", "i-0123456789abcdef1"


class DiskSim(Sim):
    def __init__(self, directory):
        super().__init__(
            SIM, "--latency=none", "--states=0.05", "--buckets=off", f"--disk-dir={directory}",
            f"--instances={NODE}:m5.large:us-east-1a,{OTHER}:m5.large:us-east-1a")

    def attach(self, v, node=NODE, device="/dev/xvdaa"):
        self.call("AttachVolume", VolumeId=v, InstanceId=node, Device=device)
        self.wait(v, "in-use", "attached")

    def detach(self, v):
        self.call("DetachVolume", VolumeId=v)


def loops(directory):
    """Loop device by backing file, of those in the directory."""
    found = {}
    for name in os.listdir("/sys/block"):
        try:
            with open(f"/sys/block/{name}/loop/backing_file", encoding="utf-8") as f:
                path = f.read().strip()
        except OSError:
            continue
        if path.startswith(directory + "/"):
            found[os.path.basename(path)] = "/dev/" + name
    return found


def lives_like_a_disk(directory):
    sim = DiskSim(directory)
    try:
        v, far = sim.create(1), sim.create(2)
        path = f"{directory}/{v}"
        assert os.stat(path).st_size == 1 << 30 and os.stat(path).st_blocks < 100, "sparse"
        sim.attach(far, OTHER)
        assert loops(directory) == {}, "another machine's volume appeared here"
        sim.attach(v)
        first = loops(directory)[v]
        with open(first, "r+b") as f:
            f.write(b"written by a test")
            os.fsync(f.fileno())
        held = os.open(first, os.O_RDWR | os.O_EXCL)     # as a mount holds it
        sim.detach(v)
        sim.wait(v, "in-use", "busy")
        other = sim.create(1)           # one that is not held comes and goes meanwhile
        sim.attach(other, device="/dev/xvdac")
        sim.detach(other)
        sim.wait(other, "available")
        assert sim.states(v) == ["in-use", "busy"] and loops(directory) == {v: first}
        os.close(held)
        sim.wait(v, "available")
        assert loops(directory) == {}
        sim.attach(v, device="/dev/xvdab")
        second = loops(directory)[v]
        assert second != first, "the name did not change"
        with open(second, "rb") as f:
            assert f.read(17) == b"written by a test"
        sim.detach(v)
        sim.wait(v, "available")
        sim.call("DeleteVolume", VolumeId=v)
        until("its file is gone", lambda: not os.path.exists(path))
        sim.attach(sim.create(1), device="/dev/xvdac")
        assert loops(directory)
    finally:
        sim.stop()
    assert loops(directory) == {} and os.listdir(directory) == []


def clears_what_a_killed_one_left(directory):
    sim = DiskSim(directory)
    v = sim.create(1)
    sim.attach(v)
    sim.kill()
    device = loops(directory)[v]
    held = os.open(device, os.O_RDWR | os.O_EXCL)
    try:
        DiskSim(directory)
        raise AssertionError("it started over a disk in use")
    except RuntimeError as e:
        assert device in str(e) and v in str(e), e
    os.close(held)
    DiskSim(directory).stop()
    assert loops(directory) == {} and os.listdir(directory) == []


def stays_responsive(directory):
    """Many attaches at once do not hold up other calls."""
    sim = DiskSim(directory)
    try:
        ids = [sim.create(1) for _ in range(8)]
        for i, v in enumerate(ids):
            sim.call("AttachVolume", VolumeId=v, InstanceId=NODE, Device=f"/dev/xvdb{'abcdefgh'[i]}")
        for v in ids:
            sim.wait(v, "in-use", "attached")
        assert len(set(loops(directory).values())) == 8
    finally:
        sim.stop()
    assert loops(directory) == {}


def main():
    for fn in (lives_like_a_disk, clears_what_a_killed_one_left, stays_responsive):
        directory = os.path.realpath(tempfile.mkdtemp(prefix="sim-disks."))
        try:
            fn(directory)
        finally:
            shutil.rmtree(directory, ignore_errors=True)
        print(f"ok - {fn.__name__}", flush=True)


main()
