"""SOAP for connectors: the tenant's own WSDL through zeep, calls over ``HttpTransport``, Faults in one place.

A connector makes one ``SoapTransport`` and calls operations by service and name; values are plain Python. The
endpoint is always below the connection's address: addresses inside a WSDL are often internal names, and are
not followed.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from lxml import etree
from zeep import Settings
from zeep.exceptions import Error as ZeepError
from zeep.transports import Transport
from zeep.wsdl import Document
from zeep.wsdl.bindings.soap import Soap11Binding

from integrations.connectors.errors import (
    AuthFailed,
    ConnectorError,
    FieldProblem,
    Misconfigured,
    OutcomeUnknown,
    Rejected,
    Transient,
)
from integrations.connectors.transports.http import HttpAnswer, HttpTransport
from integrations.connectors.transports.soap_shapes import (
    BadValue,
    Part,
    Shape,
    ShapeReader,
    UnknownElement,
    read_part,
    write_members,
)

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
WSDL_AGE_SECONDS = 3600.0
KEPT_CONTRACTS = 128


@dataclass(frozen=True, slots=True)
class Fault:
    """What a soap:Fault says. ``is_ours`` = the server blames the caller and did not process the call."""

    text: str
    is_ours: bool


@dataclass(frozen=True, slots=True)
class SoapOperation:
    """One operation, ready to be called. ``result`` is None where the response has no body."""

    name: str
    namespace: str
    action: str
    parameters: Shape
    result: Part | None
    header: Part | None


@dataclass(frozen=True, slots=True)
class SoapContract:
    """The operations of one service, from one WSDL. Immutable: shared by threads and connections."""

    digest: str
    operations: Mapping[str, SoapOperation]


FaultTranslator = Callable[[Fault, bool], ConnectorError | None]
"""A vendor's reading of a Fault; None = the general rule. The second argument is ``is_write``."""


class _Fetched(Transport):
    """zeep's transport over bytes we fetched ourselves; zeep can reach nothing else."""

    def __init__(self, address: str, wsdl: bytes) -> None:
        self._address = address
        self._wsdl = wsdl
        self.cache = None
        self._close_session = False

    def load(self, url: str) -> bytes:
        if url != self._address:
            raise ZeepError(f"the description refers to another document: {url[:200]}")
        return self._wsdl


def compile_contract(address: str, wsdl: bytes) -> SoapContract:
    """Return the operations of a WSDL. Raises Misconfigured when it cannot be read or is not safe to read."""
    settings = Settings(
        strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True, xml_huge_tree=False
    )
    reader = ShapeReader()
    operations: dict[str, SoapOperation] = {}
    try:
        document = Document(address, cast(Any, _Fetched(address, wsdl)), settings=settings)
        for binding in document.bindings.values():
            if isinstance(binding, Soap11Binding):
                for name, operation in binding._operations.items():
                    operations[name] = _compile_operation(reader, name, operation)
    except (ZeepError, etree.LxmlError, ValueError, KeyError, AttributeError, LookupError) as error:
        raise Misconfigured(
            "The service description (WSDL) cannot be read; check the address",
            missing="WSDL",
            detail=f"{type(error).__name__}: {error}"[:500],
        ) from error
    if not operations:
        raise Misconfigured("The address answers, but not with a service description (WSDL)", missing="WSDL")
    return SoapContract(hashlib.sha256(wsdl).hexdigest(), operations)


def _compile_operation(reader: ShapeReader, name: str, operation: Any) -> SoapOperation:
    body = operation.input.body
    namespace = body.qname.namespace
    header = None
    for _, element in operation.input.header.type.elements:
        header = reader.part_of(element, "")
    result = None
    if operation.output is not None and operation.output.body is not None:
        parts = reader.shape_of(operation.output.body.type, namespace).parts
        result = parts[0] if parts else None
    return SoapOperation(
        name, namespace, operation.soapaction, reader.shape_of(body.type, namespace), result, header
    )


class _Contracts:
    """Contracts of this process, by content; addresses remember which content they served and when."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_digest: dict[str, SoapContract] = {}
        self._by_address: dict[str, tuple[str, float]] = {}

    def known(self, address: str, max_age: float) -> SoapContract | None:
        with self._lock:
            digest, fetched_at = self._by_address.get(address, ("", 0.0))
            if digest and time.monotonic() - fetched_at <= max_age:
                return self._by_digest.get(digest)
        return None

    def forget(self, address: str) -> None:
        with self._lock:
            self._by_address.pop(address, None)

    def keep(self, address: str, wsdl: bytes) -> SoapContract:
        digest = hashlib.sha256(wsdl).hexdigest()
        with self._lock:
            contract = self._by_digest.get(digest)
        if contract is None:
            contract = compile_contract(address, wsdl)
        with self._lock:
            if len(self._by_digest) >= KEPT_CONTRACTS:
                self._by_digest.clear()
                self._by_address.clear()
            self._by_digest[digest] = contract
            self._by_address[address] = (digest, time.monotonic())
        return contract


_CONTRACTS = _Contracts()


class SoapTransport:
    """Calls operations of several services below one address. Thread safe."""

    def __init__(
        self,
        http: HttpTransport,
        *,
        base_url: str,
        path_of: Callable[[str], str],
        header: Mapping[str, Any],
        translate_fault: FaultTranslator,
        wsdl_age_seconds: float = WSDL_AGE_SECONDS,
    ) -> None:
        """``path_of(service)`` is the endpoint's path, ``header`` the values of the services' SOAP header."""
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._path_of = path_of
        self._header = header
        self._translate_fault = translate_fault
        self._wsdl_age_seconds = wsdl_age_seconds

    def close(self) -> None:
        self._http.close()

    def contract(self, service: str) -> SoapContract:
        """Return the contract of a service, fetched at most once per age limit and process."""
        address = self._wsdl_address(service)
        known = _CONTRACTS.known(address, self._wsdl_age_seconds)
        if known is not None:
            return known
        answer = self._http.request("GET", f"{self._path_of(service)}?WSDL", is_write=False)
        self._refuse_status(answer, service)
        if answer.is_html:
            answer.refuse("a web page instead of its service description")
        return _CONTRACTS.keep(address, answer.body)

    def _wsdl_address(self, service: str) -> str:
        return f"{self._base_url}/{self._path_of(service)}?WSDL"

    def operation(self, service: str, name: str) -> SoapOperation:
        """Return an operation. Raises Misconfigured when this version of the service lacks it."""
        operation = self.contract(service).operations.get(name)
        if operation is None:
            raise Misconfigured(
                f"The service {service} has no operation {name}",
                missing=f"{service}.{name}",
                code="operation",
            )
        return operation

    def call(
        self,
        service: str,
        name: str,
        parameters: Mapping[str, Any],
        *,
        is_write: bool,
        only: frozenset[str] | None = None,
    ) -> Any:
        """Call an operation and return its result as plain Python, or an lxml element where it is untyped.

        ``only`` names the members, at any depth, that are read; the rest is left unread.
        Raises ConnectorError: Misconfigured for an element the WSDL lacks, Rejected for a value that cannot
        be written, and whatever the transport and the vendor's Faults translate to.
        """
        operation = self.operation(service, name)
        body = self._write(operation, parameters)
        answer = self._http.request(
            "POST",
            self._path_of(service),
            is_write=is_write,
            body=body,
            headers={"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{operation.action}"'},
        )
        self._refuse_status(answer, service)
        try:
            return self._read(operation, answer, only)
        except Misconfigured:
            # The service may have been updated since: the next call reads its description anew.
            _CONTRACTS.forget(self._wsdl_address(service))
            raise

    def _write(self, operation: SoapOperation, parameters: Mapping[str, Any]) -> bytes:
        header = ""
        try:
            if operation.header is not None and operation.header.shape is not None:
                shape = operation.header.shape
                given = {name: value for name, value in self._header.items() if name in shape.by_name}
                members = write_members(shape, given)
                header = (
                    f"<soap:Header>{operation.header.open}{members}{operation.header.close}</soap:Header>"
                )
            inner = write_members(operation.parameters, parameters)
        except UnknownElement as error:
            raise Misconfigured(
                f"This version of {operation.name} has no element {error.path}",
                missing=error.path,
                code="element",
            ) from error
        except BadValue as error:
            problem = FieldProblem(error.path, str(error.value)[:200], error.rule)
            raise Rejected(f"{error.path} cannot be sent: {error.rule}", problems=(problem,)) from error
        return (
            f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{ENVELOPE}">{header}<soap:Body>'
            f'<{operation.name} xmlns="{operation.namespace}">{inner}</{operation.name}>'
            "</soap:Body></soap:Envelope>"
        ).encode()

    def _read(self, operation: SoapOperation, answer: HttpAnswer, only: frozenset[str] | None) -> Any:
        body = _body_of(answer)
        fault = None if body is None else body.find(f"{{{ENVELOPE}}}Fault")
        if answer.status >= 500:
            raise self._error_of(fault, answer)
        if body is None or fault is not None:
            answer.refuse("an answer that is not what this call returns")
        response = body.find(f"{{{operation.namespace}}}{operation.name}Response")
        if response is None:
            answer.refuse("an answer to another call")
        if operation.result is None:
            return None
        element = response.find(operation.result.tag)
        if element is None:
            return None
        try:
            return read_part(operation.result, element, only)
        except ValueError:
            answer.refuse("an answer with values that cannot be read")

    def _error_of(self, element: etree._Element | None, answer: HttpAnswer) -> ConnectorError:
        """Return the class that fits an error answer: a Fault by its meaning, any other page by its kind."""
        if element is None:
            text = f"HTTP {answer.status} without a Fault"
            fault = Fault("", is_ours=False)
        else:
            code = (element.findtext("faultcode") or "").rpartition(":")[2]
            text = (element.findtext("faultstring") or "").strip()[:1000]
            fault = Fault(text, is_ours=code in ("Client", "VersionMismatch", "MustUnderstand"))
            translated = self._translate_fault(fault, answer.is_write)
            if translated is not None:
                return translated
        if fault.is_ours:
            return Misconfigured("The service does not understand our call", detail=text, code="fault")
        if answer.is_write:
            return OutcomeUnknown(
                "The system failed while it worked on the record; whether it stored it is unknown",
                detail=text,
            )
        return Transient("The system failed while it worked on the call", detail=text)

    def _refuse_status(self, answer: HttpAnswer, service: str) -> None:
        status = answer.status
        if status in (401, 403):
            raise AuthFailed("The web server refused us", field="base_url", detail=f"HTTP {status}")
        if status == 404:
            raise Misconfigured(
                f"There is no service {service} at this address", missing=self._path_of(service), code="404"
            )
        if 400 <= status < 500:
            raise Misconfigured(f"The web server refuses the call (error {status})", detail=f"HTTP {status}")


def _body_of(answer: HttpAnswer) -> etree._Element | None:
    """Return the soap:Body, or None where the bytes are no SOAP message or carry a DTD."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(answer.body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root.getroottree().docinfo.doctype:
        return None
    return root.find(f"{{{ENVELOPE}}}Body")
