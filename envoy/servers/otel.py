"""An OpenTelemetry receiver: appends each log record and each span that Envoy exports to a file, as one JSON object a line.

Prints `listening on PORT`. Needs `grpc` and `opentelemetry.proto` on PYTHONPATH (harness/telemetry.py).
"""

from __future__ import annotations

import argparse
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2_grpc as logs_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as traces_grpc

written = threading.Lock()


def attributes(pairs: Any) -> dict[str, str]:
    return {pair.key: pair.value.string_value for pair in pairs}


class Logs(logs_grpc.LogsServiceServicer):
    def __init__(self, path: Path) -> None:
        self.path = path

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802, the service's own name
        found = [
            {"body": record.body.string_value, "attributes": attributes(record.attributes), "trace": record.trace_id.hex()}
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]
        append(self.path, found)
        return logs.ExportLogsServiceResponse()


class Traces(traces_grpc.TraceServiceServicer):
    def __init__(self, path: Path) -> None:
        self.path = path

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802, the service's own name
        found = [
            {"name": span.name, "attributes": attributes(span.attributes), "trace": span.trace_id.hex()}
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        append(self.path, found)
        return traces.ExportTraceServiceResponse()


def append(path: Path, found: list[dict[str, Any]]) -> None:
    with written, path.open("a") as file:
        file.writelines(json.dumps(entry) + "\n" for entry in found)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--logs", type=Path, required=True)
    options.add_argument("--traces", type=Path, required=True)
    given = options.parse_args()
    server = grpc.server(ThreadPoolExecutor(4))
    logs_grpc.add_LogsServiceServicer_to_server(Logs(given.logs), server)
    traces_grpc.add_TraceServiceServicer_to_server(Traces(given.traces), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"listening on {port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
