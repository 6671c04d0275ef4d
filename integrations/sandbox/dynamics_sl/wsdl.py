"""Writes the WSDL of a service, and the schema its requests are validated with, from the column table.

The messages follow the outline of the vendor's published WSDLs; the text is ours. Called by the simulator
for ``GET <service>.asmx?WSDL`` and once per service for the validator.
"""

from collections.abc import Iterator
from functools import cache
from xml.sax.saxutils import quoteattr

from lxml import etree

from integrations.sandbox.dynamics_sl.columns import XSD_TYPES, Column, find_type, item_of_array
from integrations.sandbox.dynamics_sl.operations import SERVICES, Operation, namespace_of

_XSD = "http://www.w3.org/2001/XMLSchema"
_DATASET = '<s:complexType><s:sequence><s:element ref="s:schema"/><s:any/></s:sequence></s:complexType>'
_ANYTHING = (
    '<s:complexType><s:sequence><s:any minOccurs="0" maxOccurs="unbounded" processContents="skip"/>'
    "</s:sequence></s:complexType>"
)


def _element(column: Column, dataset: str) -> str:
    occurs = f'minOccurs="{int(column.is_value)}" maxOccurs="1"'
    if column.code == "DataSet":
        return f'<s:element {occurs} name="{column.name}">{dataset}</s:element>'
    kind = f"tns:{column.code}" if column.is_complex else f"s:{XSD_TYPES[column.code]}"
    return f'<s:element {occurs} name="{column.name}" type="{kind}"/>'


def _wrapper(name: str, columns: tuple[Column, ...], dataset: str) -> str:
    if not columns:
        return f'<s:element name="{name}"><s:complexType/></s:element>'
    members = "".join(_element(column, dataset) for column in columns)
    inner = f"<s:complexType><s:sequence>{members}</s:sequence></s:complexType>"
    return f'<s:element name="{name}">{inner}</s:element>'


def _complex_types(service: str, names: set[str], dataset: str) -> Iterator[str]:
    """Yield the definitions of the named types and of everything they use."""
    waiting, written = sorted(names), set()
    while waiting:
        name = waiting.pop(0)
        if name in written:
            continue
        written.add(name)
        if name.startswith("ArrayOf"):
            item, item_type = item_of_array(service, name)
            waiting.append(item_type)
            yield (
                f'<s:complexType name="{name}"><s:sequence><s:element minOccurs="0" maxOccurs="unbounded"'
                f' name="{item}" nillable="true" type="tns:{item_type}"/></s:sequence></s:complexType>'
            )
            continue
        table = find_type(service, name)
        # Types nobody published (customer EDI, shipper tax lines ...) are empty here: we invent no elements.
        columns = table.columns if table else ()
        waiting += [column.code for column in columns if column.is_complex]
        attributes = "<s:anyAttribute/>" if name == "ctDynamicsSLHeader" else ""
        members = "".join(_element(column, dataset) for column in columns)
        yield f'<s:complexType name="{name}"><s:sequence>{members}</s:sequence>{attributes}</s:complexType>'


def _result(operation: Operation) -> tuple[Column, ...]:
    return (Column(f"{operation.name}Result", operation.result),) if operation.result else ()


def _schema(service: str, *, is_validator: bool) -> str:
    dataset = _ANYTHING if is_validator else _DATASET
    wrappers: list[str] = []
    names = {"ctDynamicsSLHeader"}
    for operation in SERVICES[service].values():
        wrappers.append(_wrapper(operation.name, operation.parameters, dataset))
        used = operation.parameters
        if not is_validator:
            wrappers.append(_wrapper(f"{operation.name}Response", _result(operation), dataset))
            used += _result(operation)
        names |= {column.code for column in used if column.is_complex}
    imports = "" if is_validator else f'<s:import namespace="{_XSD}"/>'
    return (
        f'<s:schema xmlns:s="{_XSD}" xmlns:tns="{namespace_of(service)}" elementFormDefault="qualified"'
        f' targetNamespace="{namespace_of(service)}">{imports}{"".join(wrappers)}'
        f"{''.join(_complex_types(service, names, dataset))}"
        '<s:element name="ctDynamicsSLHeader" type="tns:ctDynamicsSLHeader"/></s:schema>'
    )


@cache
def validator_of(service: str) -> etree.XMLSchema:
    """Return the compiled schema of a service's requests; not thread safe, callers hold a lock."""
    return etree.XMLSchema(etree.fromstring(_schema(service, is_validator=True).encode()))


def _messages(operation: Operation) -> str:
    def message(suffix: str, part: str, element: str) -> str:
        return (
            f'<wsdl:message name="{operation.name}{suffix}">'
            f'<wsdl:part name="{part}" element="tns:{element}"/></wsdl:message>'
        )

    written = message("SoapIn", "parameters", operation.name)
    written += message("SoapOut", "parameters", f"{operation.name}Response")
    if operation.has_header:
        written += message("ctDynamicsSLHeader", "ctDynamicsSLHeader", "ctDynamicsSLHeader")
    return written


def _bound(service: str, operation: Operation, soap: str) -> str:
    header = (
        f'<{soap}:header message="tns:{operation.name}ctDynamicsSLHeader"'
        ' part="ctDynamicsSLHeader" use="literal"/>'
        if operation.has_header
        else ""
    )
    return (
        f'<wsdl:operation name="{operation.name}"><{soap}:operation'
        f' soapAction="{namespace_of(service)}/{operation.name}" style="document"/>'
        f'<wsdl:input><{soap}:body use="literal"/>{header}</wsdl:input>'
        f'<wsdl:output><{soap}:body use="literal"/></wsdl:output></wsdl:operation>'
    )


def _binding(service: str, soap: str, suffix: str) -> str:
    operations = "".join(_bound(service, operation, soap) for operation in SERVICES[service].values())
    return (
        f'<wsdl:binding name="{service}{suffix}" type="tns:{service}Soap">'
        f'<{soap}:binding transport="http://schemas.xmlsoap.org/soap/http"/>{operations}</wsdl:binding>'
    )


def write_wsdl(service: str, address: str) -> bytes:
    """Return the WSDL of a service whose endpoint is ``address``, with SOAP 1.1 and 1.2 ports."""
    operations = SERVICES[service].values()
    port_type = "".join(
        f'<wsdl:operation name="{operation.name}"><wsdl:input message="tns:{operation.name}SoapIn"/>'
        f'<wsdl:output message="tns:{operation.name}SoapOut"/></wsdl:operation>'
        for operation in operations
    )
    ports = "".join(
        f'<wsdl:port name="{service}{suffix}" binding="tns:{service}{suffix}">'
        f"<{soap}:address location={quoteattr(address)}/></wsdl:port>"
        for soap, suffix in (("soap", "Soap"), ("soap12", "Soap12"))
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<wsdl:definitions xmlns:s="{_XSD}" xmlns:tns="{namespace_of(service)}"'
        ' xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"'
        f' xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" targetNamespace="{namespace_of(service)}">'
        f"<wsdl:types>{_schema(service, is_validator=False)}</wsdl:types>"
        f"{''.join(_messages(operation) for operation in operations)}"
        f'<wsdl:portType name="{service}Soap">{port_type}</wsdl:portType>'
        f"{_binding(service, 'soap', 'Soap')}{_binding(service, 'soap12', 'Soap12')}"
        f'<wsdl:service name="{service}">{ports}</wsdl:service></wsdl:definitions>'
    ).encode()
