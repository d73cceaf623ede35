"""What the tests share: peers, candles, and objects that look like freqtrade's."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgpack
import numpy as np
import pandas as pd
import zmq

from talebridge._generated import COLUMNS, ENGINE_VERSION, MEMORY_ROWS, Op

ROOT = Path(__file__).resolve().parents[2]
START = datetime(2025, 9, 1, tzinfo=UTC)
M = MEMORY_ROWS["standard"]
NAMES = [spec.name for spec in COLUMNS]
LONG_MS = 20_000
"""Deadline where none is meant to pass: a busy machine must not fail a test."""
FOREVER_S = 120.0
"""Deadline nobody may wait for: the fixture `no_hang` fails a test that does."""


# ------------------------------------------------------------------------------------------ peers


class Peer:
    """A ROUTER on both sockets that answers as a function says: a bridge gone wrong, mostly.

    The function gets (op, message, frames) and returns a payload for an ok reply, raw frames as
    `Raw`, several messages as a list of those, or None to stay silent.
    """

    def __init__(self, directory: Path, answer: Callable[..., Any] | None = None) -> None:
        self.asked: list[int] = []
        self._answer = answer or good
        self._context = zmq.Context()
        self._sockets = []
        for kind in ("gate", "batch"):
            sock = self._context.socket(zmq.ROUTER)
            sock.setsockopt(zmq.LINGER, 0)
            sock.bind(f"ipc://{directory}/{kind}.sock")
            self._sockets.append(sock)
        self._stop = self._context.socket(zmq.PAIR)
        self._stop.bind(f"inproc://stop-{id(self)}")
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        stop = self._context.socket(zmq.PAIR)
        stop.connect(f"inproc://stop-{id(self)}")
        poller = zmq.Poller()
        for sock in (*self._sockets, stop):
            poller.register(sock, zmq.POLLIN)
        while True:
            ready = dict(poller.poll())
            if stop in ready:
                break
            for sock in self._sockets:
                if sock in ready:
                    self._reply(sock)
        for sock in (*self._sockets, stop):
            sock.close(linger=0)

    def _reply(self, sock: zmq.Socket[bytes]) -> None:
        identity, *frames = sock.recv_multipart()
        message = msgpack.unpackb(frames[0], strict_map_key=False)
        _, op, request_id = message[:3]
        self.asked.append(op)
        for reply in replies(self._answer(Op(op), message, frames), request_id):
            sock.send_multipart([identity, *reply])

    def stop(self) -> None:
        """Ends the peer; its socket files stay, as after a crash."""
        if self._thread.is_alive():
            self._stop.send(b"")
            self._thread.join()
            self._stop.close(linger=0)
            self._context.term()


class Raw:
    """Frames to send as they are."""

    def __init__(self, *frames: bytes) -> None:
        self.frames = frames


class Refusal:
    """A reply with a status."""

    def __init__(self, status: int, text: str = "no", **detail: Any) -> None:
        self.status = int(status)
        self.text = text
        self.detail = detail


def replies(answer: Any, request_id: int) -> list[list[bytes]]:
    """The messages, each of its frames, that an answer of a peer's function stands for."""
    raws = answer if isinstance(answer, list) and answer else [None]
    if all(isinstance(one, Raw) for one in raws):
        return [list(one.frames) for one in raws]
    if isinstance(answer, Raw):
        return [list(answer.frames)]
    if isinstance(answer, Refusal):
        return [[msgpack.packb([1, request_id, answer.status, answer.text, answer.detail])]]
    if answer is None:
        return []
    payload, further = answer if isinstance(answer, tuple) else (answer, [])
    return [[msgpack.packb([1, request_id, 0, *payload]), *further]]


class Connection:
    """A stream peer's end of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._came = b""

    def read(self, within_s: float | None = None) -> bytes | None:
        """The next message; None at the end, or when none has come within a time."""
        self.sock.settimeout(within_s)
        try:
            while len(self._came) < 4 or len(self._came) < 4 + self._length():
                piece = self.sock.recv(65_536)
                if not piece:
                    return None
                self._came += piece
        except TimeoutError:
            return None
        finally:
            self.sock.settimeout(None)
        message, self._came = self._came[4 : 4 + self._length()], self._came[4 + self._length() :]
        return message

    def _length(self) -> int:
        (length,) = struct.unpack_from("<I", self._came)
        return int(length)

    def send(self, *messages: bytes) -> None:
        """Sends messages in one piece."""
        self.sock.sendall(b"".join(framed(message) for message in messages))


def framed(message: bytes) -> bytes:
    """A message as it is on the stream."""
    return struct.pack("<I", len(message)) + message


class StreamPeer:
    """A private bridge gone wrong: listens on gate.stream and does with every connection, in a
    thread of its own, what a function says. The connection ends with the function.

    A bridge that has the stream has gate.sock as well: it listens there too, without a word, so
    that who looks whether anybody is there finds it.
    """

    def __init__(self, directory: Path, behave: Callable[[Connection], None]) -> None:
        self.connections: list[Connection] = []
        self._behave = behave
        self._listeners = [self._listen(directory / name) for name in ("gate.stream", "gate.sock")]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @staticmethod
    def _listen(path: Path) -> socket.socket:
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        listener.listen(64)
        return listener

    def _accept(self) -> None:
        # Ends by an error, when the listener is shut down.
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listeners[0].accept()
                connection = Connection(sock)
                self.connections.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: Connection) -> None:
        with connection.sock, contextlib.suppress(OSError):
            self._behave(connection)

    def stop(self) -> None:
        """Ends the peer; its socket files stay, as after a crash."""
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
        # No more connections from here on.
        self._threads[0].join()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()
        for listener in self._listeners:
            listener.close()


def answering(
    answer: Callable[..., Any] | None = None, asked: list[int] | None = None
) -> Callable[[Connection], None]:
    """Has a stream peer answer as `Peer` does; `asked` is told every op."""

    def behave(connection: Connection) -> None:
        while (frame := connection.read()) is not None:
            message = msgpack.unpackb(frame, strict_map_key=False)
            _, op, request_id = message[:3]
            if asked is not None:
                asked.append(op)
            answers = replies((answer or good)(Op(op), message, [frame]), request_id)
            connection.send(*(reply[0] for reply in answers))

    return behave


def hello_body(**changes: Any) -> dict[str, Any]:
    """A reply to hello as a fitting bridge gives it."""
    return {
        "server": "talebridge/0.1.0",
        "minor": 0,
        "boot": "b1",
        "engine_version": ENGINE_VERSION,
        "engine_fingerprint": "e1",
        "fingerprint": "f1",
        "memory_rows": M,
        "columns": NAMES,
        "handle": 5,
        "seq": 0,
        "samples_until_ms": 0,
        "limits": {},
        **changes,
    }


def good(op: Op, message: list[Any], frames: list[bytes]) -> Any:
    """Answers as a bridge that allows everything."""
    match op:
        case Op.HELLO:
            return [hello_body()]
        case Op.PORTFOLIO:
            return [message[4]]
        case Op.GATE:
            return [0, 0, message[12], float("nan"), float("nan"), 1, 0]
        case Op.ANNOTATE:
            rows = message[3]
            block = np.zeros((len(NAMES), rows))
            block[NAMES.index("risk_size")] = 1.0
            return [rows, len(NAMES), "e1"], [block.tobytes()]


def built_bridge() -> list[str] | None:
    """How to start the bridge of this checkout, None when it is not built."""
    main = ROOT / "bridge" / "dist" / "main.js"
    addon = ROOT / "bridge" / "native" / "engine.node"
    node = shutil.which("node")
    return [node, str(main)] if node and main.is_file() and addon.is_file() else None


def start_daemon(command: list[str], directory: Path, *more: str) -> subprocess.Popen[bytes]:
    """A daemon in a directory, ready to be asked. End it with `stop_daemon`. `more`: such as
    `--private`."""
    words = [*command, "serve", "--dir", str(directory), "--log-level", "error"]
    words += ["--journal-dir", str(directory / "journal"), *more]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    line = process.stdout.readline() if process.stdout else b""
    assert json.loads(line)["event"] == "ready"
    return process


def stop_daemon(process: subprocess.Popen[bytes]) -> None:
    """Ends a daemon, if it still runs, and waits for it."""
    process.terminate()
    process.communicate(timeout=LONG_MS / 1000)


def journal(directory: Path, kind: str = "gate") -> list[dict[str, Any]]:
    """Lines of one type of all journals in a directory, in order."""
    lines = []
    for file in sorted((directory / "journal").glob("*.jsonl")):
        for line in file.read_text().splitlines():
            entry = json.loads(line)
            if entry["type"] == kind:
                lines.append(entry)
    return lines


# ---------------------------------------------------------------------------------------- candles


def candles(rows: int, seed: int = 7, *, start: datetime = START, unit: str = "ns") -> pd.DataFrame:
    """Synthetic 5m candles with clustered volatility and fat tails."""
    rng = np.random.default_rng(seed)
    sigma = 0.002 * np.exp(np.convolve(rng.normal(0, 0.3, rows + 50), np.ones(50) / 7, "valid"))
    returns = sigma[:rows] * rng.standard_t(4, rows)
    close = 100 * np.exp(np.cumsum(returns))
    open_ = np.concatenate([[100.0], close[:-1]])
    wick = 1 + np.abs(rng.normal(0, 1, (2, rows))) * sigma[:rows]
    return pd.DataFrame(
        {
            "date": pd.date_range(start, periods=rows, freq="5min").as_unit(unit),
            "open": open_,
            "high": np.maximum(open_, close) * wick[0],
            "low": np.minimum(open_, close) / wick[1],
            "close": close,
            "volume": rng.lognormal(3, 1, rows),
        }
    )


# -------------------------------------------------------------------------------------- freqtrade


class Dp:
    """freqtrade's data provider: the analysed frame of each pair."""

    def __init__(self) -> None:
        self.frames: dict[str, pd.DataFrame] = {}
        self.candles: dict[tuple[str, str], pd.DataFrame] = {}

    def get_analyzed_dataframe(self, pair: str, timeframe: str) -> tuple[pd.DataFrame, datetime]:
        return self.frames.get(pair, pd.DataFrame()), START

    def get_pair_dataframe(
        self, pair: str, timeframe: str | None = None, candle_type: str = ""
    ) -> pd.DataFrame:
        return self.candles.get((pair, timeframe or ""), pd.DataFrame()).copy()


class Wallets:
    """freqtrade's wallet."""

    def __init__(self, free: float = 10_000.0, total: float = 10_000.0) -> None:
        self.free = free
        self.total = total
        self.coins: dict[str, float] = {}

    def get_free(self, currency: str) -> float:
        return self.free

    def get_total(self, currency: str) -> float:
        return self.total if currency == "USDT" else self.coins.get(currency, 0.0)


class Strategy:
    """The hooks of freqtrade's IStrategy that matter here, with freqtrade's defaults."""

    timeframe = "5m"
    startup_candle_count = 30
    stoploss = -0.2
    wallets: Wallets | None = None
    dp: Dp
    trades: list[Any]
    calls: list[str]

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.dp = Dp()
        self.wallets = Wallets()

    def populate_indicators(self, dataframe: pd.DataFrame, metadata: dict) -> pd.DataFrame:
        return dataframe

    def informative_pairs(self) -> list[tuple[str, str]]:
        return []

    def leverage(
        self, pair: str, current_time: datetime, current_rate: float, proposed_leverage: float,
        max_leverage: float, entry_tag: str | None, side: str, **kwargs: Any,
    ) -> Any:  # fmt: skip
        return 1.0

    def custom_stake_amount(
        self, pair: str, current_time: datetime, current_rate: float, proposed_stake: float,
        min_stake: float | None, max_stake: float, leverage: float, entry_tag: str | None,
        side: str, **kwargs: Any,
    ) -> Any:  # fmt: skip
        return proposed_stake

    def confirm_trade_entry(
        self, pair: str, order_type: str, amount: float, rate: float, time_in_force: str,
        current_time: datetime, entry_tag: str | None, side: str, **kwargs: Any,
    ) -> Any:  # fmt: skip
        return True

    def adjust_trade_position(
        self, trade: Any, current_time: datetime, current_rate: float, current_profit: float,
        min_stake: float | None, max_stake: float, current_entry_rate: float,
        current_exit_rate: float, current_entry_profit: float, current_exit_profit: float,
        **kwargs: Any,
    ) -> Any:  # fmt: skip
        return None

    def order_filled(
        self, pair: str, trade: Any, order: Any, current_time: datetime, **kwargs: Any
    ) -> None:
        return None

    def bot_loop_start(self, current_time: datetime, **kwargs: Any) -> None:
        return None


def fresh_strategy() -> type[Strategy]:
    """A class of its own, since gating wraps classes in place."""
    return type("Fresh", (Strategy,), {"trades": [], "calls": [], **_own_hooks()})


def _own_hooks() -> dict[str, Any]:
    names = (
        "populate_indicators",
        "informative_pairs",
        "leverage",
        "custom_stake_amount",
        "confirm_trade_entry",
    )
    names += ("adjust_trade_position", "order_filled", "bot_loop_start")
    return {name: Strategy.__dict__[name] for name in names}


def config(directory: Path, runmode: str = "backtest", **bridge: Any) -> dict[str, Any]:
    """A configuration as freqtrade hands it to a strategy."""
    block = {"dir": str(directory), "autostart": "off", "timeout_ms": 10_000, **bridge}
    return {
        "runmode": runmode,
        "timeframe": "5m",
        "stake_currency": "USDT",
        "trading_mode": "spot",
        "exchange": {"name": "binance"},
        "risk_bridge": {"hello_timeout_ms": LONG_MS, **block},
        "original_config": {"stake_currency": "USDT"},
    }


def analysed(
    strategy: Any, pair: str = "BTC/USDT", rows: int = M + 60, seed: int = 7, **columns: float
) -> pd.DataFrame:
    """Runs populate_indicators and keeps the frame as freqtrade's backtests do; `columns` overrule
    values of its last row."""
    frame = strategy.populate_indicators(candles(rows, seed), {"pair": pair})
    for name, value in columns.items():
        frame.loc[frame.index[-1], name] = value
    strategy.dp.frames[pair] = frame
    return frame


def entry_time(frame: pd.DataFrame) -> datetime:
    """The open of the candle after the signal candle: when a backtest enters."""
    return (frame["date"].iloc[-1] + timedelta(minutes=5)).to_pydatetime()


def ask_stake(strategy: Any, frame: pd.DataFrame, proposed: Any = 100.0, **changes: Any) -> Any:
    """Calls custom_stake_amount as freqtrade does."""
    return strategy.custom_stake_amount(
        **{
            "pair": "BTC/USDT",
            "current_time": entry_time(frame),
            "current_rate": 100.0,
            "proposed_stake": proposed,
            "min_stake": 10.0,
            "max_stake": 10_000.0,
            "leverage": 1.0,
            "entry_tag": None,
            "side": "long",
            **changes,
        }
    )


def ask_confirm(strategy: Any, frame: pd.DataFrame, stake: float = 100.0, **changes: Any) -> Any:
    """Calls confirm_trade_entry as freqtrade does."""
    return strategy.confirm_trade_entry(
        **{
            "pair": "BTC/USDT",
            "order_type": "limit",
            "amount": stake / 100.0,
            "rate": 100.0,
            "time_in_force": "GTC",
            "current_time": entry_time(frame),
            "entry_tag": None,
            "side": "long",
            **changes,
        }
    )


def ask_adjust(strategy: Any, frame: pd.DataFrame, trade: Any, **changes: Any) -> Any:
    """Calls adjust_trade_position as freqtrade does."""
    return strategy.adjust_trade_position(
        **{
            "trade": trade,
            "current_time": entry_time(frame),
            "current_rate": 100.0,
            "current_profit": -0.02,
            "min_stake": 10.0,
            "max_stake": 10_000.0,
            "current_entry_rate": 100.0,
            "current_exit_rate": 100.0,
            "current_entry_profit": -0.02,
            "current_exit_profit": -0.02,
            **changes,
        }
    )


def open_trade(pair: str = "ETH/USDT", stake: float = 500.0, **changes: Any) -> SimpleNamespace:
    """An open trade of freqtrade's."""
    values = {
        "pair": pair,
        "is_short": False,
        "leverage": 1.0,
        "amount": stake / 100.0,
        "stake_amount": stake,
        "open_rate": 100.0,
        "open_trade_value": stake,
        "open_orders": [],
        "entry_side": "buy",
        "safe_base_currency": pair.split("/")[0],
        "fee_close": 0.0,
        "nr_of_successful_entries": 1,
        **changes,
    }
    trade = SimpleNamespace(**values)
    trade.calc_profit = lambda rate: (rate - trade.open_rate) * trade.amount
    return trade


def pending_order(stake: float, side: str = "buy", filled: float = 0.0) -> SimpleNamespace:
    """An open order of freqtrade's; `filled` in coins."""
    return SimpleNamespace(ft_order_side=side, stake_amount=stake, safe_filled=filled)
