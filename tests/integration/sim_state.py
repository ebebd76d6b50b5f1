#!/usr/bin/env python3
"""The state file of ebs-csi-sim. usage: sim_state.py EBS-CSI-SIM"""
import json
import os
import re
import resource
import shutil
import signal
import sys
import tempfile

from sim_process import Refused, Sim
from until import until

SIM = os.path.abspath(sys.argv[1])
NODE = "i-0123456789abcdef0"
PROFILE = {"latency": {}, "states": {"creating": 10, "attaching": 2000, "detaching": 10,
                                     "deleting": 10}}


def start(directory, *options, **popen):
    with open(f"{directory}/profile", "w", encoding="utf-8") as f:
        json.dump(PROFILE, f)
    return Sim(SIM, "--latency=none", f"--profile={directory}/profile",
               f"--state={directory}/state", f"--instances={NODE}:m5.large:us-east-1a",
               *options, **popen)


def refuses_to_start(directory, *texts):
    try:
        start(directory).kill()
    except RuntimeError as e:
        for text in ("exit status 1: ", *texts):
            assert text in str(e), e
        return
    raise AssertionError("it started")


def read(path):
    with open(path, "rb") as f:
        return f.read()


def volume_of(sim, v):
    return next(x for x in sim.control("state")["volumes"] if x["id"] == v)


def goes_on_in_the_middle_of_an_attach(directory):
    sim = start(directory)
    v = sim.create(7, ClientToken="a token",
                   **{"TagSpecification.1.ResourceType": "volume",
                      "TagSpecification.1.Tag.1.Key": "k", "TagSpecification.1.Tag.1.Value": "ä"})
    sim.call("AttachVolume", VolumeId=v, InstanceId=NODE, Device="/dev/sdf")
    sim.control("faults", {"kind": "throttle", "action": "DeleteTags"})
    sim.control("save", {})
    lost = sim.create(1)
    sim.kill()                          # as by a crash: the last save counts
    sim = start(directory)
    attachment = volume_of(sim, v)["attachments"][0]
    assert attachment["status"] in ("attaching", "attached"), attachment
    sim.wait(v, "in-use", "attached")
    attachment = volume_of(sim, v)["attachments"][0]
    assert attachment["attached_ms"] - attachment["attaching_ms"] == 2000, attachment
    assert volume_of(sim, v)["tags"] == {"k": "ä"}
    again = sim.call("CreateVolume", AvailabilityZone="us-east-1a", Size=7, VolumeType="gp3",
                     ClientToken="a token",
                     **{"TagSpecification.1.ResourceType": "volume",
                        "TagSpecification.1.Tag.1.Key": "k",
                        "TagSpecification.1.Tag.1.Value": "ä"})
    assert re.search(r"<volumeId>(.*?)<", again).group(1) == v
    assert sim.control("calls")["actions"]["AttachVolume"]["calls"] == 1
    assert sim.control("faults")["faults"][0]["action"] == "DeleteTags"
    try:
        sim.states(lost)
        raise AssertionError("what was never saved is there")
    except Refused as e:
        assert "InvalidVolume.NotFound" in e.text, e
    sim.call("DetachVolume", VolumeId=v)
    sim.wait(v, "available")
    sim.stop()                          # saves
    sim = start(directory)
    sim.wait(v, "available")
    sim.call("DeleteVolume", VolumeId=v)
    until("deleted", lambda: volume_of(sim, v)["status"] == "deleted")
    sim.stop()
    assert sorted(os.listdir(directory)) == ["profile", "state"]


def leaves_alone_what_it_cannot_read(directory):
    path = f"{directory}/state"
    start(directory).stop()
    good = read(path)
    for text, said in ((good[:-20], "cut off or damaged"), (good[:200], "state of ebs-csi-sim"),
                       (good.replace(b"us-east-1b", b"us-east-1d"), "cut off or damaged"),
                       (b"root:x:0:0\n", "no state of ebs-csi-sim"), (b"", "no state"),
                       (good.replace(b'"version":1', b'"version":9'), "of version 9")):
        with open(path, "wb") as f:
            f.write(text)
        refuses_to_start(directory, path, said)
        assert read(path) == text
    with open(path, "wb") as f:
        f.write(good)
    try:
        start(directory, "--region=eu-west-1").kill()
        raise AssertionError("a state of another region was taken")
    except RuntimeError as e:
        assert "region us-east-1" in str(e), e
    os.unlink(path)
    os.mkdir(path)
    refuses_to_start(directory, path, "not a file")


def small_files():
    """Past so many bytes a write fails, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def keeps_the_old_one_when_the_disk_is_full(directory):
    path = f"{directory}/state"
    sim = start(directory, preexec_fn=small_files)
    good = read(path)
    for i in range(60):
        sim.call("CreateVolume", AvailabilityZone="us-east-1a", Size=1, VolumeType="gp3",
                 ClientToken=f"token {i}")
    try:
        sim.control("save", {})
        raise AssertionError("it was saved")
    except Refused as e:
        assert e.status == 500 and "File too large" in e.text and path in e.text, e
    assert read(path) == good
    said = sim.stop(status=1)
    assert "not saved" in said and path in said, said
    assert read(path) == good and sorted(os.listdir(directory)) == ["profile", "state"]
    start(directory).stop()


def says_at_the_start_that_it_cannot_save(directory):
    for options, said in ((("--state=/nonexistent/state",), "/nonexistent/state"),
                          ((f"--disk-dir={directory}/disks",), "do not go together")):
        try:
            start(directory, *options).kill()
            raise AssertionError(f"{options}: it started")
        except RuntimeError as e:
            assert said in str(e), e
    sim = Sim(SIM)
    try:
        sim.control("save", {})
        raise AssertionError("saved where?")
    except Refused as e:
        assert e.status == 400 and "--state" in e.text
    sim.stop()


def main():
    for fn in (goes_on_in_the_middle_of_an_attach, leaves_alone_what_it_cannot_read,
               keeps_the_old_one_when_the_disk_is_full, says_at_the_start_that_it_cannot_save):
        directory = os.path.realpath(tempfile.mkdtemp(prefix="sim-state."))
        try:
            fn(directory)
        finally:
            shutil.rmtree(directory, ignore_errors=True)
        print(f"ok - {fn.__name__}", flush=True)


main()
