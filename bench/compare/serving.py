#!/usr/bin/env python3
"""Conversations at once, through the servers' HTTP interface: our server's rate, and llama.cpp's beside it.

  bench/compare/serving.py -m MODEL [--beside FILE.gguf] [--clients 1,8] [--requests 3] [--tokens 64] [--rounds 2]
  bench/compare/serving.py -m MODEL --seconds 120 --clients 32

MODEL is what `llams serve` takes; FILE.gguf, the same model, is served by llama-server (on the PATH, or named by
LLAMA_SERVER) in turn with ours. Each client asks REQUESTS times for TOKENS greedy tokens, after as many that are not measured:
in one piece, for reading streams takes this program's time from the servers. With --seconds, it asks for this long instead,
every other time for a stream; then each answer is compared with the one to the same prompt alone. Printed are tokens/s of all
clients together, the time from a request to its answer's end (median, 99th of a hundred), and how many answers were lost or
different; exit code 1 if any were.

All of it stays on this machine. Without llama-server, ours alone is measured, which the output says.
"""
import argparse
import http.client
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from programs import LLAMS

PROMPTS = [f"Chapter {n}. The {thing} of the old town had not been seen for" for n, thing in enumerate(
    ["clock", "river", "baker", "garden", "bridge", "letter", "market", "school", "winter", "teacher", "lamp", "road"], 1)]
WAIT_SECONDS = 180


class Server:
    """A server's process, until the `with` ends."""

    def __init__(self, name, command):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.name = name
        self.process = subprocess.Popen([*map(str, command), "--port", str(self.port)], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

    def __enter__(self):
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if self.request("GET", "/health").status == 200:
                    return self
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.2)
        self.__exit__()
        sys.exit(f"{self.name}: no answer to /health within {WAIT_SECONDS} s")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_SECONDS)
        connection.request(method, path, body and json.dumps(body), {"Content-Type": "application/json"})
        return connection.getresponse()

    def continued(self, prompt, tokens, stream):
        """The text, and the number of its tokens."""
        body = {"model": self.model(), "prompt": prompt, "max_tokens": tokens, "temperature": 0, "stream": stream,
                **self.extra()}
        if stream:
            body["stream_options"] = {"include_usage": True}
        response = self.request("POST", "/v1/completions", body)
        if response.status != 200:
            raise OSError(f"{response.status}: {response.read()[:300]}")
        if not stream:
            answer = json.load(response)
            return answer["choices"][0]["text"], answer["usage"]["completion_tokens"]
        text, count, done = "", 0, False
        for line in response:
            if line.strip() == b"data: [DONE]":
                done = True
            elif line.startswith(b"data: "):
                event = json.loads(line[len(b"data: "):])
                text += "".join(choice.get("text") or "" for choice in event["choices"])
                count = (event.get("usage") or {}).get("completion_tokens", count)
        if not done:
            raise OSError("the stream was cut off")
        return text, count

    def model(self):
        if not hasattr(self, "name_of_model"):
            self.name_of_model = json.load(self.request("GET", "/v1/models"))["data"][0]["id"]
        return self.name_of_model

    def extra(self):
        return {"ignore_eos": True} if self.name != "llams" else {}


def load(server, clients, tokens, requests, seconds=0, expected=None):
    """All clients at once: tokens/s, the sorted times of requests, and what was lost or different."""
    times, problems, made, lock = [], [], [0], threading.Lock()
    end = time.monotonic() + seconds if seconds else None

    def client(number):
        turn = 0
        while turn < requests if end is None else time.monotonic() < end:
            prompt = PROMPTS[(number + 5 * turn) % len(PROMPTS)]
            begin = time.perf_counter()
            try:
                text, count = server.continued(prompt, tokens, end is not None and (number + turn) % 2 == 1)
                problem = f"another answer to {prompt!r}" if expected and text != expected[prompt] else None
            except (OSError, http.client.HTTPException, ValueError) as e:
                count, problem = 0, f"lost: {e}"
            with lock:
                times.append(time.perf_counter() - begin)
                made[0] += count
                if problem:
                    problems.append(problem)
            turn += 1

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return made[0] / (time.perf_counter() - begin), sorted(times), problems


def at(times, part):
    return times[min(len(times) - 1, int(part * len(times)))]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("-m", "--model", required=True)
    arguments.add_argument("--beside", help="the same model in GGUF, for llama-server")
    arguments.add_argument("--clients", default="1,8", help="numbers of clients, measured one after the other")
    arguments.add_argument("--requests", type=int, default=3, help="of each client")
    arguments.add_argument("--tokens", type=int, default=64)
    arguments.add_argument("--rounds", type=int, default=2)
    arguments.add_argument("--seconds", type=float, default=0)
    given = arguments.parse_args()
    threads = str(os.cpu_count())
    servers = [("llams", [LLAMS, "serve", "-m", given.model, "--context", "512"])]
    theirs = shlex.split(os.environ.get("LLAMA_SERVER", "llama-server"))
    if given.beside and shutil.which(theirs[0]):
        servers.append(("llama.cpp", [*theirs, "-m", given.beside, "-t", threads, "-np", "8", "-c", str(8 * 512),
                                      "--no-webui"]))
    elif given.beside:
        print("llama-server is not on the PATH: ours alone")
    failed = False
    for round_ in range(given.rounds):
        for name, command in servers:
            with Server(name, command) as server:
                for warm in (1, 8):
                    load(server, warm, given.tokens, given.requests)
                expected = {p: server.continued(p, given.tokens, False)[0] for p in PROMPTS} if given.seconds else None
                for clients in map(int, given.clients.split(",")):
                    rate, times, problems = load(server, clients, given.tokens, given.requests,
                                                  given.seconds, expected)
                    print(f"round {round_ + 1}  {name:9}  {clients:3} clients  {rate:7.1f} tokens/s  {len(times)} answers, "
                          f"p50 {at(times, .5):.2f} s, p99 {at(times, .99):.2f} s, lost or different: {len(problems)}",
                          flush=True)
                    for problem in problems[:3]:
                        print("   ", problem)
                    failed |= bool(problems)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
