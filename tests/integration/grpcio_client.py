"""Calls the test server through grpcio; any AssertionError fails the test."""
import os
import signal
import sys
import threading

import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

import echo_pb2
import echo_pb2_grpc
from until import until

Code = grpc.StatusCode


def status_of(call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except grpc.RpcError as e:
        return e.code(), e.details()
    return Code.OK, ""


def unary(stub, channel):
    assert stub.Say(echo_pb2.Text(text="hi")).text == "hi"
    assert stub.Say(echo_pb2.Text()).text == ""
    text = "x" * 3_000_000
    assert stub.Say(echo_pb2.Text(text=text)).text == text
    assert len(stub.Big(echo_pb2.Size(bytes=3_000_000)).text) == 3_000_000


def errors(stub, channel):
    for code in list(Code)[1:]:
        text = f"\t{code.name} 100%\r\n\u20ac \U0001F608"
        got = status_of(stub.Fail, echo_pb2.Failure(code=code.value[0], message=text))
        assert got == (code, text), got
    long = status_of(stub.Fail, echo_pb2.Failure(code=5, message="m" * 100_000))
    assert long[0] == Code.NOT_FOUND and 1000 < len(long[1]) <= 6144, len(long[1])
    missing = channel.unary_unary("/test.Echo/Missing")
    assert status_of(missing, b"") == (
        Code.UNIMPLEMENTED, "unknown method Missing for service test.Echo")
    missing = channel.unary_unary("/test.None/Missing")
    assert status_of(missing, b"") == (Code.UNIMPLEMENTED, "unknown service test.None")
    broken = channel.unary_unary("/test.Echo/Sleep")
    assert status_of(broken, b"\xff\xff")[0] == Code.INTERNAL


def too_large(stub, channel):
    code, text = status_of(stub.Say, echo_pb2.Text(text="x" * (5 << 20)))
    assert code == Code.RESOURCE_EXHAUSTED and "larger than max" in text, (code, text)
    assert stub.Say(echo_pb2.Text(text="after")).text == "after"


def metadata(stub, channel):
    got = stub.Say(echo_pb2.Text(text="m"),
                   metadata=(("x-a", "1"), ("x-a", "2"), ("x-b-bin", b"\x00\xff\xab")))
    assert got.text == "m"
    big = tuple((f"x-{i}", "v" * 1000) for i in range(30))  # more than one frame
    assert stub.Say(echo_pb2.Text(text="b"), metadata=big).text == "b"


def packed(stub, channel):
    text = "compressible " * 50_000
    got = stub.Say(echo_pb2.Text(text=text), compression=grpc.Compression.Gzip)
    assert got.text == text
    code, _ = status_of(stub.Say, echo_pb2.Text(text="x"),
                        compression=grpc.Compression.Deflate)
    assert code == Code.UNIMPLEMENTED, code


def deadlines(stub, channel):
    for timeout in (0.001, 0.05, 0.2):
        code, _ = status_of(stub.Sleep, echo_pb2.Nap(ms=600_000), timeout=timeout)
        assert code == Code.DEADLINE_EXCEEDED, code
    assert stub.Sleep(echo_pb2.Nap(ms=20), timeout=60).text == "awake"


def cancels(stub, channel):
    calls = [stub.Sleep.future(echo_pb2.Nap(ms=600_000)) for _ in range(300)]
    for i, call in enumerate(calls):
        if i == 150:
            stub.Say(echo_pb2.Text())  # by now the first half is running
        call.cancel()
    for call in calls:
        assert call.cancelled()
    stream = stub.Chat(iter([echo_pb2.Text(text="one")]))
    assert next(stream).text == "one"
    stream.cancel()
    assert stub.Say(echo_pb2.Text(text="after")).text == "after"


def many_at_once(stub, channel):
    naps = [stub.Sleep.future(echo_pb2.Nap(ms=300)) for _ in range(1000)]
    assert all(n.result(timeout=60).text == "awake" for n in naps)
    text = "z" * 271_828
    large = [stub.Say.future(echo_pb2.Text(text=text)) for _ in range(1000)]
    assert all(len(c.result(timeout=120).text) == len(text) for c in large)


def streams(stub, channel):
    texts = ["t" * n for n in (27182, 8, 1828, 45904)]
    got = [m.text for m in stub.Chat(echo_pb2.Text(text=t) for t in texts)]
    assert got == texts
    assert list(stub.Chat(iter(()))) == []
    # More than the server holds for one call, while it is not read at first.
    got = 0
    for i, m in enumerate(stub.Chat(echo_pb2.Text(text="s" * 10_000) for _ in range(3000))):
        for _ in range(100 if i == 0 else 0):
            stub.Say(echo_pb2.Text(text="meanwhile"))
        got += len(m.text)
    assert got == 30_000_000, got


def reflected(channel):
    """The server's messages, with no generated code at hand."""
    pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))

    def message(name):
        return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))

    return pool, message


def reflection(stub, channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    assert list(database.get_services()) == [
        "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection", "test.Echo"]
    pool, message = reflected(channel)
    service = pool.FindServiceByName("test.Echo")
    assert [m.name for m in service.methods] == ["Say", "Fail", "Sleep", "Big", "Chat"]
    text = message("test.Text")(text="by reflection")
    say = channel.unary_unary("/test.Echo/Say", request_serializer=lambda m: m.SerializeToString(),
                              response_deserializer=type(text).FromString)
    assert say(text).text == "by reflection"


def health(stub, channel):
    _, message = reflected(channel)
    request, response = (message("grpc.health.v1.HealthCheckRequest"),
                         message("grpc.health.v1.HealthCheckResponse"))

    def method(kind, name, reply=response):
        return getattr(channel, kind)(f"/grpc.health.v1.Health/{name}",
                                      request_serializer=lambda m: m.SerializeToString(),
                                      response_deserializer=reply.FromString)

    check, watch = method("unary_unary", "Check"), method("unary_stream", "Watch")
    assert check(request()).status == 1
    assert check(request(service="test.Echo")).status == 1
    assert status_of(check, request(service="none"))[0] == Code.NOT_FOUND
    everything = method("unary_unary", "List", message("grpc.health.v1.HealthListResponse"))
    got = everything(message("grpc.health.v1.HealthListRequest")())
    assert {k: v.status for k, v in got.statuses.items()} == {"": 1, "test.Echo": 1}
    unknown = watch(request(service="none"))
    assert next(unknown).status == 3
    unknown.cancel()
    known = watch(request(service="test.Echo"))
    assert next(known).status == 1
    known.cancel()


def shutdown(address, pid):
    """Who watches hears of the end before the connection goes."""
    with grpc.insecure_channel(address) as channel:
        _, message = reflected(channel)
        watch = channel.unary_stream(
            "/grpc.health.v1.Health/Watch", request_serializer=lambda m: m.SerializeToString(),
            response_deserializer=message("grpc.health.v1.HealthCheckResponse").FromString)
        states = watch(message("grpc.health.v1.HealthCheckRequest")(service="test.Echo"))
        assert next(states).status == 1
        nap = echo_pb2_grpc.EchoStub(channel).Sleep.future(echo_pb2.Nap(ms=300))
        until("the nap is under way", nap.running)
        echo_pb2_grpc.EchoStub(channel).Say(echo_pb2.Text())  # the nap has arrived before
        os.kill(pid, signal.SIGTERM)
        assert next(states).status == 2
        try:
            next(states)
            assert False, "the stream goes on"
        except grpc.RpcError as e:
            assert e.code() == Code.UNAVAILABLE, e
        assert nap.result(timeout=10).text == "awake"


def reconnects(address):
    for _ in range(200):
        with grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as c:
            assert echo_pb2_grpc.EchoStub(c).Say(echo_pb2.Text(text="k")).text == "k"


def in_threads(address):
    failures = []

    def work():
        try:
            with grpc.insecure_channel(
                    address, options=[("grpc.use_local_subchannel_pool", 1)]) as c:
                stub = echo_pb2_grpc.EchoStub(c)
                for i in range(200):
                    assert stub.Say(echo_pb2.Text(text=str(i))).text == str(i)
        except Exception as e:  # pylint: disable=broad-except
            failures.append(e)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures, failures


def main():
    cases = (unary, errors, too_large, metadata, packed, deadlines, cancels, many_at_once,
             streams, reflection, health)
    addresses, pid = sys.argv[1:-1], int(sys.argv[-1])
    for address in addresses:
        options = [("grpc.max_receive_message_length", 8 << 20),
                   ("grpc.max_metadata_size", 64 << 10),
                   ("grpc.absolute_max_metadata_size", 64 << 10)]
        with grpc.insecure_channel(address, options=options) as channel:
            stub = echo_pb2_grpc.EchoStub(channel)
            for case in cases:
                case(stub, channel)
                print(f"ok: {address} {case.__name__}", flush=True)
        reconnects(address)
        in_threads(address)
        print(f"ok: {address} connections", flush=True)
    shutdown(addresses[0], pid)
    print("ok: shutdown", flush=True)


main()
