"""SOAP on the wire: reads and validates a call, writes replies, DataSets and Faults.

Called by the simulator for each POST. Values are plain Python: str, bool, int, float, dict by column name,
list for arrays; date-times stay ISO text as SL's services print them.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from integrations.sandbox.core.messages import Request, Response
from integrations.sandbox.dynamics_sl.columns import NULL_DATE, XSD_TYPES, Column, find_type, item_of_array
from integrations.sandbox.dynamics_sl.operations import SERVICES, Operation, namespace_of
from integrations.sandbox.dynamics_sl.wsdl import validator_of

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
UNABLE = "System.Web.Services.Protocols.SoapException: Server was unable to process request. ---> "
"""How ASP.NET begins the text of a failed call [inferred]."""
_UNREADABLE = "System.Web.Services.Protocols.SoapException: Server was unable to read request. ---> "

_VALIDATING = threading.Lock()
_EXACT_TEXT = frozenset({"errorMessage", "errorString", "notes", "Notes", "key", "message", "name", "value"})
"""Members of ctAPI itself, not char columns of the database: never blank-padded."""


class SoapFault(Exception):
    """The call ends in a Fault with HTTP 500. ``code`` is Server or Client."""

    def __init__(self, text: str, *, code: str = "Server") -> None:
        super().__init__(text)
        self.text = text
        self.code = code


@dataclass(frozen=True, slots=True)
class Call:
    """One validated call: parameters by name, header fields by name."""

    service: str
    operation: Operation
    parameters: Mapping[str, Any]
    header: Mapping[str, str]
    envelope: str


@dataclass(frozen=True, slots=True)
class DataSet:
    """An untyped .NET DataSet of one table: rows by column name."""

    table: str
    columns: tuple[Column, ...]
    rows: Sequence[Mapping[str, Any]]


def envelope_of(request: Request) -> str:
    """Return the SOAP namespace a caller speaks, judged by its content type."""
    return SOAP_12 if "application/soap+xml" in request.headers.get("content-type", "") else SOAP_11


def action_of(request: Request) -> str:
    """Return the SOAP action: a header in 1.1, a parameter of the content type in 1.2."""
    if "soapaction" in request.headers:
        return request.headers["soapaction"].strip('"')
    for part in request.headers.get("content-type", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == "action":
            return value.strip('"')
    return ""


def read_call(service: str, request: Request) -> Call:
    """Return the call in a request. Raises SoapFault for a wrong action, namespace or element."""
    envelope = envelope_of(request)
    action = action_of(request)
    namespace = namespace_of(service)
    name = action.removeprefix(f"{namespace}/")
    # Reference: ASP.NET services compare the whole action, letter case included; SOAP 1.2 may leave it out.
    if (action or envelope == SOAP_11) and (action == name or name not in SERVICES[service]):
        text = f"Server did not recognize the value of HTTP Header SOAPAction: {action}."
        raise SoapFault(f"System.Web.Services.Protocols.SoapException: {text}", code="Client")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(request.body, parser)
    except etree.XMLSyntaxError as error:
        raise SoapFault(f"{_UNREADABLE}{error}", code="Client") from error
    body = root.find(f"{{{envelope}}}Body")
    if root.tag != f"{{{envelope}}}Envelope" or body is None or not len(body):
        raise SoapFault(f"{_UNREADABLE}Possible SOAP version mismatch.", code="VersionMismatch")
    wrapper = body[0]
    tag = etree.QName(wrapper)
    if (
        tag.namespace != namespace
        or tag.localname not in SERVICES[service]
        or (action and tag.localname != name)
    ):
        text = f"Server did not recognize the request element {wrapper.tag}."
        raise SoapFault(f"System.Web.Services.Protocols.SoapException: {text}", code="Client")
    operation = SERVICES[service][tag.localname]
    _validate(service, wrapper)
    header = root.find(f"{{{envelope}}}Header/{{{namespace}}}ctDynamicsSLHeader")
    return Call(
        service,
        operation,
        {column.name: value for column, value in _read_members(service, operation.parameters, wrapper)},
        {} if header is None else {etree.QName(child).localname: child.text or "" for child in header},
        envelope,
    )


def _validate(service: str, wrapper: etree._Element) -> None:
    with _VALIDATING:
        schema = validator_of(service)
        if schema.validate(wrapper):
            return
        problem = schema.error_log[0]
    raise SoapFault(
        f"{_UNREADABLE}System.InvalidOperationException: There is an error in XML document"
        f" ({problem.line}, {problem.column}). ---> {problem.message}",
        code="Client",
    )


def _read_members(
    service: str, columns: Sequence[Column], element: etree._Element
) -> Iterator[tuple[Column, Any]]:
    by_name = _by_name(tuple(columns))
    for child in element:
        column = by_name[child.tag.rpartition("}")[2]]
        if column.code != "DataSet":
            yield column, _read_value(service, column.code, child)


@cache
def _by_name(columns: tuple[Column, ...]) -> dict[str, Column]:
    return {column.name: column for column in columns}


def _read_value(service: str, code: str, element: etree._Element) -> Any:
    text = element.text or ""
    if code in ("s", "t"):
        return text
    if code == "d":
        return float(text)
    if code in ("h", "i", "u"):
        return int(text)
    if code == "b":
        return text.strip() in ("true", "1")
    if code.startswith("ArrayOf"):
        _, item_type = item_of_array(service, code)
        return [_read_value(service, item_type, child) for child in element]
    table = find_type(service, code)
    return {
        column.name: value
        for column, value in _read_members(service, table.columns if table else (), element)
    }


def write_reply(call: Call, value: Any, *, extra_members: str = "") -> Response:
    """Return the reply of an operation around its result.

    ``extra_members`` are appended to a result that is one object, as newer versions of the services do.
    """
    name = call.operation.name
    result = "".join(_write(call.service, Column(f"{name}Result", call.operation.result), value))
    if extra_members and isinstance(value, dict):
        result = result.removesuffix(f"</{name}Result>") + f"{extra_members}</{name}Result>"
    namespace = namespace_of(call.service)
    return _respond(call.envelope, 200, f'<{name}Response xmlns="{namespace}">{result}</{name}Response>')


def write_fault(envelope: str, fault: SoapFault) -> Response:
    """Return a Fault in the shape of the caller's SOAP version."""
    text = escape(fault.text)
    if envelope == SOAP_12:
        code = {"Server": "Receiver", "Client": "Sender"}.get(fault.code, fault.code)
        inner = (
            f"<soap:Code><soap:Value>soap:{code}</soap:Value></soap:Code>"
            f'<soap:Reason><soap:Text xml:lang="en">{text}</soap:Text></soap:Reason><soap:Detail/>'
        )
    else:
        inner = f"<faultcode>soap:{fault.code}</faultcode><faultstring>{text}</faultstring><detail/>"
    return _respond(envelope, 500, f"<soap:Fault>{inner}</soap:Fault>")


def _respond(envelope: str, status: int, body: str) -> Response:
    kind = "application/soap+xml" if envelope == SOAP_12 else "text/xml"
    text = (
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{envelope}">'
        f"<soap:Body>{body}</soap:Body></soap:Envelope>"
    )
    return Response(status, {"Content-Type": f"{kind}; charset=utf-8"}, text.encode())


def _write(service: str, column: Column, value: Any) -> Iterator[str]:
    """Yield the fragments of one element; an absent optional value yields nothing."""
    name, code = column.name, column.code
    if code == "":
        return
    if isinstance(value, DataSet):
        yield _write_dataset(name, value)
    elif value is None and not column.is_value:
        return
    elif not column.is_complex:
        yield f"<{name}>{print_scalar(column, value)}</{name}>"
    elif code.startswith("ArrayOf"):
        item, item_type = item_of_array(service, code)
        yield f"<{name}>"
        for each in value:
            yield from _write(service, Column(item, item_type), each)
        yield f"</{name}>"
    else:
        yield f"<{name}>"
        table = find_type(service, code)
        for member in table.columns if table else ():
            yield from _write(service, member, value.get(member.name, _absent(member)))
        yield f"</{name}>"


def _absent(column: Column) -> Any:
    return "" if column.code == "s" else None


def print_scalar(column: Column, value: Any) -> str:
    """Return a value as .NET prints it: padded char, 1900-01-01 for no date, doubles with all digits."""
    code = column.code
    if code == "d":
        number = float(value or 0)
        return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)
    if code == "b":
        return "true" if value else "false"
    if code == "t":
        return value or NULL_DATE
    if code != "s":
        return str(int(value or 0))
    text = str(value)
    if column.name not in _EXACT_TEXT:
        text = text.ljust(column.length or 1)
    return escape(text)


def _write_dataset(name: str, dataset: DataSet) -> str:
    """Return schema + diffgram, the way ASP.NET serialises a DataSet."""
    elements = "".join(
        f'<xs:element name="{column.name}" type="xs:{XSD_TYPES[column.code]}" minOccurs="0"/>'
        for column in dataset.columns
    )
    schema = (
        '<xs:schema id="NewDataSet" xmlns="" xmlns:xs="http://www.w3.org/2001/XMLSchema">'
        f'<xs:element name="NewDataSet"><xs:complexType><xs:choice><xs:element name="{dataset.table}">'
        f"<xs:complexType><xs:sequence>{elements}</xs:sequence></xs:complexType>"
        "</xs:element></xs:choice></xs:complexType></xs:element></xs:schema>"
    )
    rows = "".join(
        f'<{dataset.table} diffgr:id="{dataset.table}{number}" msdata:rowOrder="{number - 1}">'
        + "".join(
            f"<{column.name}>{print_scalar(column, row.get(column.name, ''))}</{column.name}>"
            for column in dataset.columns
        )
        + f"</{dataset.table}>"
        for number, row in enumerate(dataset.rows, 1)
    )
    return (
        f"<{name}>{schema}"
        '<diffgr:diffgram xmlns:msdata="urn:schemas-microsoft-com:xml-msdata"'
        ' xmlns:diffgr="urn:schemas-microsoft-com:xml-diffgram-v1">'
        f'<NewDataSet xmlns="">{rows}</NewDataSet></diffgr:diffgram></{name}>'
    )
